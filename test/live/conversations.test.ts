/** HTTP/1.x byte by byte over real sockets: what is said, and beside it the rows and losses that must come of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
	connectionLines,
	countOf,
	endpointLines,
	inFlightOf,
	lossesOf,
	rowsOf,
	skipReason,
	watch,
} from "../support/capture.js";
import { Conversation, client, Peer, type Step, server } from "../support/conversation.js";
import { makeLiveCgroup } from "../support/live-cgroup.js";
import { until } from "../support/until.js";

interface Case {
	readonly name: string;
	readonly steps: readonly Step[];
	/** Of the server's end; the client's end must have the same with its role. */
	readonly rows: readonly string[];
	readonly facts?: Readonly<Record<string, number>>;
}

const OK = server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
const BIG = Buffer.alloc(300_000, "GET /in-a-body HTTP/1.1\r\n\r\n");

const CASES: readonly Case[] = [
	{
		name: "byte by byte, both heads and the body",
		steps: [
			client("GET /users/42?x=1 HTTP/1.1\r\nHost: a\r\n\r\n", 1),
			server("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone", 1),
			client("GET /b HTTP/1.1\r\n\r\n"),
			OK,
		],
		rows: ["GET /users/:id 404 response 1", "GET /b 200 response 1"],
	},
	{
		name: "chunked both ways, with extensions, trailers and HTTP text inside",
		steps: [
			client("POST /up HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"),
			client("1a;name=value\r\nGET /not HTTP/1.1\r\nX: 12\r\n\r\n0\r\nTrailer: x\r\n\r\n", 7),
			server("HTTP/1.1 201 Created\r\ntransfer-encoding: Chunked\r\n\r\n5\r\nHTTP/\r\n0\r\n\r\n", 3),
			client("GET /after HTTP/1.1\r\n\r\n"),
			OK,
		],
		rows: ["POST /up 201 response 1", "GET /after 200 response 1"],
	},
	{
		name: "Expect: 100-continue, the 100 is no response",
		steps: [
			client("PUT /file HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 300000\r\n\r\n"),
			server("HTTP/1.1 100 Continue\r\n\r\n"),
			client(BIG),
			server("HTTP/1.1 204 No Content\r\n\r\n"),
			client("GET /after HTTP/1.1\r\n\r\n"),
			OK,
		],
		rows: ["PUT /file 204 response 1", "GET /after 200 response 1"],
		facts: { informational: 2 },
	},
	{
		name: "103 Early Hints before the response",
		steps: [
			client("GET /page HTTP/1.1\r\n\r\n"),
			server("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"),
			server("HTTP/1.1 103 Early Hints\r\nLink: </b.css>\r\n\r\n"),
			OK,
		],
		rows: ["GET /page 200 response 1"],
		facts: { informational: 4 },
	},
	{
		name: "101 Switching Protocols is a response, and what follows is no HTTP",
		steps: [
			client("GET /chat HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
			server("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"),
			client("GET /not HTTP/1.1\r\n\r\n"),
			server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
		],
		rows: ["GET /chat 101 response 1"],
		facts: { opaque: 2 },
	},
	{
		name: "CONNECT: refused it is HTTP, granted it is a tunnel",
		steps: [
			client("CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n"),
			server("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"),
			client("CONNECT example.org:443 HTTP/1.1\r\nProxy-Authorization: Basic eDp5\r\n\r\n"),
			server("HTTP/1.1 200 Connection established\r\n\r\n"),
			client("GET /not HTTP/1.1\r\n\r\n"),
		],
		rows: ["CONNECT :authority 407 response 1", "CONNECT :authority 200 response 1"],
		facts: { opaque: 2 },
	},
	{
		name: "HEAD, 204 and 304 have no body, whatever their length says",
		steps: [
			client("HEAD /a HTTP/1.1\r\n\r\n"),
			server("HTTP/1.1 200 OK\r\nContent-Length: 123456\r\n\r\n"),
			client("GET /b HTTP/1.1\r\nIf-None-Match: x\r\n\r\n"),
			server("HTTP/1.1 304 Not Modified\r\nContent-Length: 123456\r\n\r\n"),
			client("DELETE /c HTTP/1.1\r\n\r\n"),
			server("HTTP/1.1 204 No Content\r\n\r\n"),
			client("GET /d HTTP/1.1\r\n\r\n"),
			OK,
		],
		rows: ["HEAD /a 200 response 1", "GET /b 304 response 1", "DELETE /c 204 response 1", "GET /d 200 response 1"],
	},
	{
		name: "pipelined by hand, HEAD among them, a request cut in two",
		steps: [
			client(
				"GET /a HTTP/1.1\r\n\r\nHEAD /b HTTP/1.1\r\n\r\nPOST /c HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /d HT",
			),
			client("TP/1.1\r\n\r\n"),
			server("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 5"),
			server("00 Oops\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
		],
		rows: ["GET /a 200 response 1", "HEAD /b 200 response 1", "POST /c 500 response 1", "GET /d 200 response 1"],
	},
	{
		name: "leading empty line, bare LF, absolute form, *, unknown method",
		steps: [
			client("\r\nGET /a HTTP/1.1\n\n"),
			server("HTTP/1.1 200 OK\nContent-Length: 2\n\nok"),
			client("GET http://example.org/b?c HTTP/1.1\r\n\r\n"),
			OK,
			client("OPTIONS * HTTP/1.1\r\n\r\n"),
			OK,
			client("PURGE /d HTTP/1.1\r\n\r\n"),
			OK,
		],
		rows: ["GET /a 200 response 1", "GET /b 200 response 1", "OPTIONS * 200 response 1", "_OTHER /d 200 response 1"],
	},
	{
		name: "HTTP/1.0 without a length: the end of the connection is the end of the body",
		steps: [
			client("GET /old HTTP/1.0\r\n\r\n"),
			server("HTTP/1.0 200 OK\r\n\r\nHTTP/1.1 500 inside\r\n\r\n"),
			{ from: "server", does: "close" },
		],
		rows: ["GET /old 200 response 1"],
	},
	{
		name: "half-close after the request, the full answer comes after it",
		steps: [
			client("POST /job HTTP/1.1\r\nContent-Length: 4\r\n\r\nwork"),
			{ from: "client", does: "halfClose" },
			server("HTTP/1.1 202 Accepted\r\nContent-Length: 300000\r\n\r\n"),
			server(BIG),
		],
		rows: ["POST /job 202 response 1"],
	},
	{
		name: "the response comes before the request is complete",
		steps: [
			client("POST /upload HTTP/1.1\r\nContent-Length: 300000\r\n\r\n"),
			server("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n"),
			client(BIG),
			client("GET /after HTTP/1.1\r\n\r\n"),
			OK,
		],
		rows: ["POST /upload 413 response 1", "GET /after 200 response 1"],
	},
	{
		name: "other protocols are recognised and left alone",
		steps: [
			server("SSH-2.0-OpenSSH_9.2\r\n"),
			client("SSH-2.0-OpenSSH_9.2\r\n"),
			client("GET /not HTTP/1.1\r\n\r\n"),
			server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
		],
		rows: [],
		facts: { not_http: 2 },
	},
];

const FACTS = ["not_http", "opaque", "informational"];

test("conversations", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const [clientPeer, serverPeer] = [await Peer.start(cgroup), await Peer.start(cgroup)];
	const session = await watch(context, { cgroups: [cgroup] });
	for (const address of ["127.0.0.1", "::1", "::ffff:127.0.0.1"]) {
		for (const { name, steps, rows, facts = {} } of CASES) {
			await context.test(`${address}: ${name}`, async () => {
				const before = session.read().facts;
				const talk = await Conversation.open(clientPeer, serverPeer, address);
				await talk.play(steps);
				const expected = [...rows.map((row) => `client ${row}`), ...rows.map((row) => `server ${row}`)].sort();
				const ofThis = () => rowsOf(session.read(), { port: talk.port });
				await until(() => ofThis().length >= expected.length, "all rows are there").catch(() => undefined);
				assert.deepEqual(endpointLines(ofThis()), expected);
				for (const { role, peer, protocol, tls, latency, count } of ofThis()) {
					const host = address === "::1" ? "[::1]" : "127.0.0.1";
					assert.equal(peer, role === "client" ? `${host}:${talk.port}` : null);
					assert.equal(protocol, name.startsWith("HTTP/1.0") ? "http/1.0" : "http/1.1");
					assert.equal(tls, false);
					assert.equal(latency.count, count);
				}
				const after = session.read();
				const changed = FACTS.map((fact) => [fact, (after.facts[fact] ?? 0) - (before[fact] ?? 0)]);
				assert.deepEqual(Object.fromEntries(changed.filter(([, change]) => change !== 0)), facts);
				assert.deepEqual(lossesOf(after), {});
			});
		}
	}
	const last = session.read();
	assert.equal(countOf(last, { role: "client" }), countOf(last, { role: "server" }));
	assert.equal(inFlightOf(last), 0);
	assert.deepEqual(connectionLines(last.connections), []);
});
