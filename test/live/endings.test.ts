/** How exchanges end without an answer: who ended them, as seen from both ends. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CaptureSession } from "../../src/capture/session.js";
import { formatLines } from "../../src/sinks/lines.js";
import { connectionLines, endpointLines, lossesOf, rowsOf, settled, skipReason, watch } from "../support/capture.js";
import { Conversation, client, Peer, type Step, server } from "../support/conversation.js";
import { makeLiveCgroup } from "../support/live-cgroup.js";
import { until } from "../support/until.js";

interface Case {
	readonly name: string;
	readonly steps: readonly Step[];
	/** Rows of exchanges and of failed connections, of both ends. */
	readonly rows: readonly string[];
}

const GET = client("GET /slow HTTP/1.1\r\n\r\n");
const OK = server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
const LONG = server("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nonly the beginning");

const CASES: readonly Case[] = [
	{
		name: "the client goes away without an answer",
		steps: [GET, { from: "client", does: "close" }, { from: "server", does: "close" }],
		rows: ["client GET /slow 0 client_closed 1", "server GET /slow 0 client_closed 1"],
	},
	{
		name: "the client resets",
		steps: [GET, { from: "client", does: "reset" }],
		rows: [
			"client - reset 1",
			"client GET /slow 0 client_closed 1",
			"server - reset 1",
			"server GET /slow 0 client_closed 1",
		],
	},
	{
		name: "the client is killed",
		steps: [GET, { from: "client", does: "isKilled" }, { from: "server", does: "close" }],
		rows: ["client GET /slow 0 client_closed 1", "server GET /slow 0 client_closed 1"],
	},
	{
		name: "the server closes without an answer",
		steps: [GET, { from: "server", does: "close" }, { from: "client", does: "close" }],
		rows: ["client GET /slow 0 server_closed 1", "server GET /slow 0 server_closed 1"],
	},
	{
		name: "the server shuts down its direction without an answer",
		steps: [GET, { from: "server", does: "halfClose" }, { from: "client", does: "halfClose" }],
		rows: ["client GET /slow 0 server_closed 1", "server GET /slow 0 server_closed 1"],
	},
	{
		name: "the server resets",
		steps: [GET, { from: "server", does: "reset" }],
		rows: [
			"client - reset 1",
			"client GET /slow 0 server_closed 1",
			"server - reset 1",
			"server GET /slow 0 server_closed 1",
		],
	},
	{
		name: "the server is killed before it answers",
		steps: [GET, { from: "server", does: "isKilled" }, { from: "client", does: "close" }],
		rows: ["client GET /slow 0 server_closed 1", "server GET /slow 0 server_closed 1"],
	},
	{
		name: "the server is killed in the middle of an answer: it counts as answered",
		steps: [GET, LONG, { from: "server", does: "isKilled" }, { from: "client", does: "close" }],
		rows: ["client GET /slow 200 response 1", "server GET /slow 200 response 1"],
	},
	{
		name: "the client resets in the middle of an answer",
		steps: [GET, LONG, { from: "client", does: "reset" }],
		rows: [
			"client - reset 1",
			"client GET /slow 200 response 1",
			"server - reset 1",
			"server GET /slow 200 response 1",
		],
	},
	{
		name: "of three requests in a row one is answered",
		steps: [
			client("GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\nGET /c HTTP/1.1\r\n\r\n"),
			OK,
			{ from: "server", does: "close" },
			{ from: "client", does: "close" },
		],
		rows: ["client", "server"].flatMap((role) => [
			`${role} GET /a 200 response 1`,
			`${role} GET /b 0 server_closed 1`,
			`${role} GET /c 0 server_closed 1`,
		]),
	},
	{
		name: "half of a request is none",
		steps: [client("GET /half HTT"), { from: "client", does: "close" }, { from: "server", does: "close" }],
		rows: [],
	},
	{
		name: "after a half-close the whole answer, then the end in order",
		steps: [
			GET,
			{ from: "client", does: "halfClose" },
			LONG,
			server(Buffer.alloc(1_000_000 - 18)),
			{ from: "server", does: "close" },
		],
		rows: ["client GET /slow 200 response 1", "server GET /slow 200 response 1"],
	},
	{
		name: "after a half-close no answer: to the server it looks like a client that went away",
		steps: [GET, { from: "client", does: "halfClose" }, { from: "server", does: "close" }],
		rows: ["client GET /slow 0 server_closed 1", "server GET /slow 0 client_closed 1"],
	},
	{
		name: "an idle connection that is closed in order by the server leaves no row",
		steps: [GET, OK, { from: "server", does: "close" }, { from: "client", does: "close" }],
		rows: ["client GET /slow 200 response 1", "server GET /slow 200 response 1"],
	},
	{
		name: "an idle connection that is closed in order by the client leaves no row",
		steps: [GET, OK, { from: "client", does: "close" }, { from: "server", does: "close" }],
		rows: ["client GET /slow 200 response 1", "server GET /slow 200 response 1"],
	},
	{ name: "a connection without a word leaves no row", steps: [{ from: "client", does: "close" }], rows: [] },
];

/** Everything that is new since the row counts of before. */
function newConnections(before: readonly string[], session: CaptureSession): string[] {
	const count = (line: string): [string, number] => {
		const [role = "", , outcome = "", number = ""] = line.split(" ");
		return [`${role} - ${outcome}`, Number(number)];
	};
	const totals = new Map<string, number>();
	for (const [key, number] of connectionLines(session.read().connections).map(count)) {
		totals.set(key, (totals.get(key) ?? 0) + number);
	}
	for (const [key, number] of before.map(count)) totals.set(key, (totals.get(key) ?? 0) - number);
	return [...totals].filter(([, number]) => number !== 0).map(([key, number]) => `${key} ${number}`);
}

test("endings of exchanges", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const session = await watch(context, { cgroups: [cgroup] });
	for (const { name, steps, rows } of CASES) {
		await context.test(name, async () => {
			const before = connectionLines(session.read().connections);
			const [clientPeer, serverPeer] = [await Peer.start(cgroup), await Peer.start(cgroup)];
			try {
				const talk = await Conversation.open(clientPeer, serverPeer);
				await talk.play(steps);
				const seen = () =>
					[...endpointLines(rowsOf(session.read(), { port: talk.port })), ...newConnections(before, session)].sort();
				await until(() => seen().join() === [...rows].sort().join(), "the rows are there").catch(() => undefined);
				assert.deepEqual(seen(), [...rows].sort());
			} finally {
				await Promise.all([clientPeer.program.kill(), serverPeer.program.kill()]);
			}
			assert.deepEqual(lossesOf(session.read()), {});
		});
	}
	const last = await settled(session);
	assert.match(formatLines(last), /^Endpoint: \/slow, Status Code: 0, Count: 8$/m);
});
