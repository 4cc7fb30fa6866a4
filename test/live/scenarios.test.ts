/** Conversations that take their time or go wrong half-way; segments that TCP refuses; two httpeeks at once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import {
	connectionLines,
	countOf,
	endpointLines,
	inFlightOf,
	lossesOf,
	rowsOf,
	settled,
	skipReason,
	watch,
} from "../support/capture.js";
import { Conversation, client, Peer, type Step, server } from "../support/conversation.js";
import { makeLiveCgroup } from "../support/live-cgroup.js";
import { startNginx } from "../support/nginx.js";
import { run, start } from "../support/programs.js";
import { PAIRS } from "../support/python.js";
import { until } from "../support/until.js";

interface Case {
	readonly name: string;
	readonly steps: readonly Step[];
	/** Of both ends. */
	readonly rows: readonly string[];
	/** Connections that failed, by role and outcome. */
	readonly connections?: readonly string[];
	/** Of both ends together. */
	readonly losses?: Readonly<Record<string, number>>;
}

const get = (path: string): Step => client(`GET ${path} HTTP/1.1\r\n\r\n`);
const OK = server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
/** A gzip member in which nothing is compressed, so that the text in it stands there as it is. */
const GZIP = Buffer.concat([
	Buffer.from("1f8b0800000000000003011b00e4ff", "hex"),
	Buffer.from("POST /not HTTP/1.1\r\nHost: a"),
	Buffer.alloc(8),
]);

const CASES: readonly Case[] = [
	{
		name: "the status line in three pieces",
		steps: [
			get("/a"),
			server("HT"),
			server("TP/1.1 2"),
			server("00 OK\r\nContent-Length: 0\r\n\r\n"),
			get("/next"),
			OK,
		],
		rows: ["GET /a 200 response 1", "GET /next 200 response 1"],
	},
	{
		name: "a gzip body that holds a request",
		steps: [
			client(`POST /a HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: ${GZIP.length}\r\n\r\n`),
			client(GZIP.subarray(0, 15)),
			client(GZIP.subarray(15)),
			OK,
			get("/next"),
			OK,
		],
		rows: ["GET /next 200 response 1", "POST /a 200 response 1"],
	},
	{
		name: "h2c is granted: 101, and what follows is not read",
		steps: [
			client("GET /a HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\n\r\n"),
			server("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"),
			client("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
			server("HTTP/1.1 500 Not an answer\r\n\r\n"),
		],
		rows: ["GET /a 101 response 1"],
	},
	{
		name: "the server resets after a complete answer",
		steps: [get("/a"), OK, { from: "server", does: "reset" }],
		rows: ["GET /a 200 response 1"],
		connections: ["client reset", "server reset"],
	},
	{
		name: "the client closes in the middle of the answer: the status counts",
		steps: [
			get("/a"),
			server("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nok"),
			{ from: "client", does: "close" },
			{ from: "server", does: "close" },
		],
		rows: ["GET /a 200 response 1"],
	},
	{
		name: "an answer that is none: told, and no status is made up",
		steps: [get("/a"), server("hello?\r\n\r\n"), { from: "server", does: "close" }, { from: "client", does: "close" }],
		rows: ["GET /a 0 server_closed 1"],
		losses: { response_unparsed: 2 },
	},
	{
		name: "an answer nobody asked for on an idle connection: told, no exchange",
		steps: [
			get("/a"),
			OK,
			server("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
			{ from: "server", does: "close" },
			{ from: "client", does: "close" },
		],
		rows: ["GET /a 200 response 1"],
		losses: { response_unpaired: 2 },
	},
];

test("conversations that go wrong half-way", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const [clientPeer, serverPeer] = [await Peer.start(cgroup), await Peer.start(cgroup)];
	for (const { name, steps, rows, connections = [], losses = {} } of CASES) {
		await context.test(name, async (inner) => {
			const session = await watch(inner, { cgroups: [cgroup] });
			const talk = await Conversation.open(clientPeer, serverPeer);
			await talk.play(steps);
			const seen = () => ({
				rows: endpointLines(session.read().endpoints),
				connections: connectionLines(session.read().connections).map((line) => line.replace(/ .* (\w+) 1$/, " $1")),
				losses: lossesOf(session.read()),
			});
			const expected = {
				rows: ["client", "server"].flatMap((role) => rows.map((row) => `${role} ${row}`)),
				connections: [...connections],
				losses,
			};
			const isAsExpected = () => JSON.stringify(seen()) === JSON.stringify(expected);
			await until(isAsExpected, "it is as expected").catch(() => undefined);
			assert.deepEqual(seen(), expected);
			session.close();
		});
	}
});

test("an event stream is counted when its head comes; a long poll is in flight until then", {
	skip: skipReason,
}, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const [clientPeer, serverPeer] = [await Peer.start(cgroup), await Peer.start(cgroup)];
	const session = await watch(context, { cgroups: [cgroup] });
	const events = await Conversation.open(clientPeer, serverPeer);
	const poll = await Conversation.open(clientPeer, serverPeer);
	await events.play([get("/events"), server("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")]);
	const polledMs = performance.now();
	await poll.play([get("/poll")]);
	for (let i = 0; i < 5; i++) {
		await events.play([server("data: HTTP/1.1 500 no\r\n\r\nHTTP/1.1 500 no\r\n\r\n")]);
		await delay(200);
		assert.deepEqual(endpointLines(session.read().endpoints), [
			"client GET /events 200 response 1",
			"client GET /poll 0 in_flight 0 +1",
			"server GET /events 200 response 1",
			"server GET /poll 0 in_flight 0 +1",
		]);
	}
	await poll.play([OK]);
	const snapshot = await settled(session);
	const waitedSeconds = (performance.now() - polledMs) / 1000;
	for (const { latency, count } of rowsOf(snapshot, { route: "/poll" })) {
		assert.equal(count, 1);
		assert.ok(latency.sum > 1 && latency.sum <= waitedSeconds, `${latency.sum} s, ${waitedSeconds} s waited`);
	}
	assert.deepEqual(lossesOf(snapshot), {});
});

const NEVER_ANSWERED = `
listener = listen()
silent, good = [pair(listener) for _ in range(100)], pair(listener)
for client, server in silent: client.sendall(get(b"/silent")); server.recv(1000); exchange(*good, b"/good")
print("asked", flush=True); sys.stdin.readline()
for client, server in silent[:40]: client.close(); server.close()
for client, server in silent[40:]: server.close(); client.close()
`;

test("100 requests that are never answered beside 100 that are", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const session = await watch(context, { cgroups: [cgroup] });
	const program = start(cgroup, "python3", ["-c", PAIRS + NEVER_ANSWERED], { stdio: ["pipe", "pipe", "pipe"] });
	await program.wrote(/asked/);
	assert.equal(inFlightOf(session.read()), 200);
	assert.equal(countOf(session.read(), { route: "/good", status: 200 }), 200);
	program.child.stdin?.end("\n");
	await program.succeeded();
	assert.deepEqual(
		endpointLines((await settled(session)).endpoints),
		["client", "server"].flatMap((role) => [
			`${role} GET /good 200 response 100`,
			`${role} GET /silent 0 client_closed 40`,
			`${role} GET /silent 0 server_closed 60`,
		]),
	);
});

test("nginx reads a request of 5 KB in parts: one exchange", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const nginx = await startNginx(context, cgroup);
	const session = await watch(context, { cgroups: [cgroup] });
	const url = `http://127.0.0.1:${nginx.port}/ok`;
	await run(cgroup, "curl", ["-s", "-H", `X-Long: ${"a".repeat(5000)}`, url, url]);
	const snapshot = await settled(session);
	assert.deepEqual(endpointLines(snapshot.endpoints), [
		"client GET /ok 200 response 2",
		"server GET /ok 200 response 2",
	]);
	assert.deepEqual(lossesOf(snapshot), {});
	await nginx.stop();
});

test("two httpeeks at once give the same numbers, also when one comes later and goes earlier", {
	skip: skipReason,
}, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const [clientPeer, serverPeer] = [await Peer.start(cgroup), await Peer.start(cgroup)];
	const first = await watch(context, { cgroups: [cgroup] });
	const talk = await Conversation.open(clientPeer, serverPeer);
	await talk.play([get("/a"), OK]);
	const second = await watch(context, { cgroups: [cgroup] });
	await talk.play([get("/b"), OK, get("/b"), OK]);
	const b = ["client GET /b 200 response 2", "server GET /b 200 response 2"];
	assert.deepEqual(endpointLines((await settled(second)).endpoints), b);
	second.close();
	await talk.play([get("/c"), { from: "server", does: "close" }, { from: "client", does: "close" }]);
	await until(() => rowsOf(first.read(), { outcome: "server_closed" }).length === 2, "the end is seen");
	assert.deepEqual(
		endpointLines(first.read().endpoints),
		["client", "server"].flatMap((role) => [
			`${role} GET /a 200 response 1`,
			`${role} GET /b 200 response 2`,
			`${role} GET /c 0 server_closed 1`,
		]),
	);
	assert.deepEqual(lossesOf(first.read()), {});
});

/** Sends segments with HTTP in them that TCP refuses into a connection: far ahead, far behind, and beyond the window. */
const INJECTION = `
client, server = pair()
exchange(client, server, b"/a")
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
def inject(source, target, seq):
    payload = b"GET /injected HTTP/1.1\\r\\n\\r\\n"
    tcp = struct.pack("!HHIIBBHHH", source[1], target[1], seq & 0xffffffff, 1, 0x50, 0x18, 1000, 0, 0)
    ends = socket.inet_aton(source[0]) + socket.inet_aton(target[0])
    summed = ends + struct.pack("!BBH", 0, 6, len(tcp) + len(payload)) + tcp + payload
    total = sum(struct.unpack("!%dH" % (len(summed) // 2), summed[:len(summed) // 2 * 2])) + (summed[-1] << 8 if len(summed) % 2 else 0)
    while total >> 16: total = (total & 0xffff) + (total >> 16)
    tcp = tcp[:16] + struct.pack("!H", ~total & 0xffff) + tcp[18:]
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp) + len(payload), 0, 0, 64, 6, 0) + ends
    raw.sendto(head + tcp + payload, (target[0], 0))
for step in range(0, 1 << 32, 1 << 29):
    inject(client.getsockname(), server.getsockname(), step + 12345)
for _ in range(20): exchange(client, server, b"/a")
`;

test("segments that TCP refuses make no exchange, and what they hide is told", {
	skip: skipReason,
}, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const session = await watch(context, { cgroups: [cgroup] });
	await run(cgroup, "python3", ["-c", PAIRS + INJECTION]);
	const snapshot = await settled(session);
	context.diagnostic(endpointLines(snapshot.endpoints).join("; "));
	context.diagnostic(JSON.stringify(lossesOf(snapshot)));
	assert.deepEqual(endpointLines(rowsOf(snapshot, { route: "/injected" })), []);
	assert.equal(countOf(snapshot, { role: "client", status: 200 }), 21);
	const counted = countOf(snapshot, { role: "server", status: 200 });
	assert.ok(counted === 21 || snapshot.losses.requests + snapshot.losses.responses > 0, `${counted} counted`);
});
