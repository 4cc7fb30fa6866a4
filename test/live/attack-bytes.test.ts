/** Bytes that are not HTTP, not quite HTTP, or HTTP that contradicts itself: no exchange is made up. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { endpointLines, lossesOf, rowsOf, settled, skipReason, watch } from "../support/capture.js";
import { Conversation, client, Peer, type Step, server } from "../support/conversation.js";
import { makeLiveCgroup } from "../support/live-cgroup.js";
import { run } from "../support/programs.js";
import { until } from "../support/until.js";

const OK = server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
const PHANTOM = "GET /phantom HTTP/1.1\r\n\r\n";
const ANSWERED_PHANTOM = "HTTP/1.1 500 Phantom\r\nContent-Length: 0\r\n\r\n";

interface Foreign {
	readonly name: string;
	readonly steps: readonly Step[];
	/** What both ends count it as; default not_http. */
	readonly unsupported?: boolean;
}

const FOREIGN: readonly Foreign[] = [
	{
		name: "RTSP",
		steps: [client("OPTIONS rtsp://cam/1 RTSP/1.0\r\nCSeq: 1\r\n\r\n"), server("RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n")],
	},
	{
		name: "SIP",
		steps: [
			client("OPTIONS sip:bob@example.org SIP/2.0\r\nContent-Length: 0\r\n\r\n"),
			server("SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"),
		],
	},
	{
		name: "memcached, with a value that is HTTP",
		steps: [
			client("get page\r\n"),
			server(`VALUE page 0 ${ANSWERED_PHANTOM.length}\r\n${ANSWERED_PHANTOM}\r\nEND\r\n`),
		],
	},
	{
		name: "Redis, with a value that is HTTP",
		steps: [client("*2\r\n$3\r\nGET\r\n$1\r\na\r\n"), server(`$${PHANTOM.length}\r\n${PHANTOM}\r\n`)],
	},
	{
		name: "TLS",
		steps: [client(Buffer.from("16030102000100", "hex")), server(Buffer.from("160303007a020000760303", "hex"))],
	},
	{ name: "SSH", steps: [server("SSH-2.0-OpenSSH_9.2\r\n"), client("SSH-2.0-OpenSSH_9.2\r\n")] },
	{
		name: "SMTP",
		steps: [server("220 mail.example.org ESMTP\r\n"), client("EHLO a\r\n"), server("250 mail.example.org\r\n")],
	},
	{
		name: "HTTP/2 with prior knowledge",
		steps: [client("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), server(Buffer.from("000000040000000000", "hex"))],
		unsupported: true,
	},
	{ name: "HTTP/0.9", steps: [client("GET /old\r\n"), server("<html>")], unsupported: true },
];

test("what is not HTTP/1.x is told once, and never becomes a row", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const [clientPeer, serverPeer] = [await Peer.start(cgroup), await Peer.start(cgroup)];
	const session = await watch(context, { cgroups: [cgroup] });
	for (const { name, steps, unsupported = false } of FOREIGN) {
		await context.test(name, async () => {
			const told = (): [number, number] => {
				const { facts, losses } = session.read();
				return [facts.not_http ?? 0, losses.detail.unsupported ?? 0];
			};
			const [notHttp, notSupported] = told();
			const talk = await Conversation.open(clientPeer, serverPeer);
			await talk.play([...steps, client(PHANTOM), server(ANSWERED_PHANTOM)]);
			assert.deepEqual(told(), unsupported ? [notHttp, notSupported + 2] : [notHttp + 2, notSupported]);
			assert.deepEqual(endpointLines(session.read().endpoints), []);
		});
	}
});

/** Connects to itself so many times and sends random bytes both ways, never a request line. */
const GARBAGE = `
import os, random, socket, sys
listener = socket.create_server(("127.0.0.1", 0), backlog=64)
chance = random.Random(11)
for i in range(int(sys.argv[1])):
    client = socket.create_connection(listener.getsockname())
    server = listener.accept()[0]
    for sender, receiver in [(client, server), (server, client)]:
        noise = bytes([chance.randrange(256)]) + os.urandom(chance.randrange(1, 4000))
        sender.sendall(noise)
        left = len(noise)
        while left: left -= len(receiver.recv(left))
    client.close(), server.close()
`;

test("2,000 connections of random bytes", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const session = await watch(context, { cgroups: [cgroup] });
	await run(cgroup, "python3", ["-c", GARBAGE, "2000"]);
	const { endpoints, facts, losses } = await settled(session);
	assert.deepEqual(endpointLines(endpoints), []);
	// bytes that happen to be letters are waited on for the rest of a method; such a connection is told when more comes
	const told = (facts.not_http ?? 0) + losses.requests + losses.responses;
	assert.ok(told > 3900 && told <= 4000, `${told} connections were told`);
});

interface Contradiction {
	readonly name: string;
	readonly steps: readonly Step[];
	readonly rows: readonly string[];
	/** Of both ends together. */
	readonly losses: Readonly<Record<string, number>>;
}

const post = (fields: string, body: string): Step => client(`POST /a HTTP/1.1\r\n${fields}\r\n\r\n${body}`);
const bothEnds = (...rows: string[]): string[] =>
	["client", "server"].flatMap((role) => rows.map((row) => `${role} ${row}`));

const CONTRADICTIONS: readonly Contradiction[] = [
	...[
		["two different lengths", "Content-Length: 5\r\nContent-Length: 6", `hello${PHANTOM}`],
		["a length, and chunked", "Content-Length: 4\r\nTransfer-Encoding: chunked", `0\r\n\r\n${PHANTOM}`],
		["chunked, and a length", "Transfer-Encoding: chunked\r\nContent-Length: 4", `0\r\n\r\n${PHANTOM}`],
		["a negative length", "Content-Length: -1", PHANTOM],
		["a length beyond 64 bits", "Content-Length: 99999999999999999999", PHANTOM],
		["a coding that nobody knows", "Transfer-Encoding: xchunked", PHANTOM],
		["a chunk size that is none", "Transfer-Encoding: chunked", `xyz\r\nabc\r\n${PHANTOM}`],
		["a negative chunk size", "Transfer-Encoding: chunked", `-5\r\nhello\r\n${PHANTOM}`],
		["a chunk size beyond 63 bits", "Transfer-Encoding: chunked", `FFFFFFFFFFFFFFFFF\r\n${PHANTOM}`],
	].map(([name = "", fields = "", body = ""]) => ({
		name: `request: ${name}`,
		steps: [post(fields, body), OK],
		rows: bothEnds("POST /a 200 response 1"),
		losses: { request_framing: 2 },
	})),
	...[
		["two different lengths", "Content-Length: 5\r\nContent-Length: 6", `hello${ANSWERED_PHANTOM}`],
		["a chunk size that is none", "Transfer-Encoding: chunked", `xyz\r\n${ANSWERED_PHANTOM}`],
	].map(([name = "", fields = "", body = ""]) => ({
		name: `response: ${name}`,
		steps: [client("GET /a HTTP/1.1\r\n\r\n"), server(`HTTP/1.1 200 OK\r\n${fields}\r\n\r\n${body}`)],
		rows: bothEnds("GET /a 200 response 1"),
		losses: { response_framing: 2 },
	})),
	{
		name: "response: a length, and chunked, which wins (RFC 9112 section 6.3); what follows its end answers nothing",
		steps: [
			client("GET /a HTTP/1.1\r\n\r\n"),
			server("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"),
			server(`0\r\n\r\n${ANSWERED_PHANTOM}`),
		],
		rows: bothEnds("GET /a 200 response 1"),
		losses: { response_unpaired: 2 },
	},
];

test("contradictory framing makes no phantom exchange", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const [clientPeer, serverPeer] = [await Peer.start(cgroup), await Peer.start(cgroup)];
	const session = await watch(context, { cgroups: [cgroup] });
	for (const { name, steps, rows, losses } of CONTRADICTIONS) {
		await context.test(name, async () => {
			const before = session.read().losses.detail;
			const talk = await Conversation.open(clientPeer, serverPeer);
			await talk.play([...steps, { from: "client", does: "close" }, { from: "server", does: "close" }]);
			await until(() => rowsOf(session.read(), { port: talk.port }).length >= rows.length, "the rows are there");
			const snapshot = await settled(session);
			assert.deepEqual(endpointLines(rowsOf(snapshot, { port: talk.port })), rows);
			const more = Object.entries(lossesOf(snapshot)).map(([name, count]) => [name, count - (before[name] ?? 0)]);
			assert.deepEqual(Object.fromEntries(more.filter(([, count]) => count !== 0)), losses);
		});
	}
});

const FILLER = "x".repeat(65_536);
const LARGE_HEADS: readonly { name: string; request: string; route?: string }[] = [
	{ name: "one field of 64 KB", request: `GET /a HTTP/1.1\r\nX: ${FILLER}\r\nHost: a\r\n\r\n` },
	{
		name: "1,000 fields",
		request: `GET /a HTTP/1.1\r\n${"X-Some-Field: with a value of forty letters\r\n".repeat(1000)}\r\n`,
	},
	{
		name: "a length behind 64 KB of fields",
		request: `POST /a HTTP/1.1\r\nX: ${FILLER}\r\nContent-Length: ${PHANTOM.length}\r\n\r\n${PHANTOM}`,
	},
	{ name: "a query of 64 KB", request: `GET /a?${FILLER} HTTP/1.1\r\n\r\n` },
	{ name: "a path of 64 KB", request: `GET /${FILLER} HTTP/1.1\r\n\r\n`, route: `/${"x".repeat(127)}…` },
];

test("heads of 64 KB: counted, and the next exchange too", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const [clientPeer, serverPeer] = [await Peer.start(cgroup), await Peer.start(cgroup)];
	const session = await watch(context, { cgroups: [cgroup] });
	const answer = server(`HTTP/1.1 200 OK\r\nX: ${FILLER}\r\nContent-Length: 2\r\n\r\nok`);
	for (const { name, request, route = "/a" } of LARGE_HEADS) {
		for (const pieceBytes of [1400, Number.POSITIVE_INFINITY]) {
			await context.test(`${name}, in pieces of ${pieceBytes}`, async () => {
				const talk = await Conversation.open(clientPeer, serverPeer);
				await talk.play([client(request, pieceBytes), answer, client("GET /next HTTP/1.1\r\n\r\n"), OK]);
				const method = request.slice(0, request.indexOf(" "));
				const rows = bothEnds(`${method} ${route} 200 response 1`, "GET /next 200 response 1").sort();
				const seen = () => endpointLines(rowsOf(session.read(), { port: talk.port }));
				await until(() => seen().length >= rows.length, "all rows are there");
				assert.deepEqual(seen(), rows);
				assert.deepEqual(lossesOf(session.read()), {});
			});
		}
	}
});
