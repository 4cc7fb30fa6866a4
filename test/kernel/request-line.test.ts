/** Which bytes begin a request, and what its line says: RFC 9112 section 3. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Case, describeKernel, testCases } from "./cases.js";
import { conversation } from "./conversation.js";
import { lines } from "./counts.js";
import { answer } from "./messages.js";

const OK = answer(200);

/** A request of that line, answered. */
function answered(line: string, rows: readonly string[], name = JSON.stringify(line)): Case {
	return { name, play: (c) => c.request(`${line}\r\nHost: a\r\n\r\n`).response(OK), rows };
}

/** Bytes that a client begins a connection with, and that are not HTTP/1.x. */
function foreign(name: string, bytes: string, counter: "not_http" | "unsupported" = "not_http"): Case {
	return {
		name,
		play: (c) => c.request(bytes).response("anything\r\n").request(bytes).request("GET / HTTP/1.1\r\n\r\n"),
		counters: { [counter]: 1 },
		ended: { mode: "opaque" },
	};
}

/** Bytes that a server speaks first. */
function greeting(name: string, bytes: string): Case {
	return {
		name,
		play: (c) => c.response(bytes).request("EHLO localhost\r\n").response(bytes),
		counters: { not_http: 1 },
		ended: { mode: "opaque" },
	};
}

describeKernel("request line", (harness) => {
	describe("methods", () => {
		const known = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"];
		testCases(
			harness,
			known.map((method) => answered(`${method} /a HTTP/1.1`, [`${method} /a 200`])),
		);
		const others = [
			"PROPFIND",
			"M-SEARCH",
			"get",
			"Get",
			"GETX",
			"GE",
			"X",
			"GET!",
			"PUTS",
			"HEADER",
			"PROPPATCHPROPPATCH",
		];
		testCases(
			harness,
			others.map((method) => answered(`${method} /a HTTP/1.1`, ["_OTHER /a 200"])),
		);
	});

	describe("targets", () => {
		testCases(harness, [
			answered("GET / HTTP/1.1", ["GET / 200"]),
			answered("GET //a///b HTTP/1.1", ["GET //a///b 200"]),
			answered("GET /a?b=/c/1#d HTTP/1.1", ["GET /a 200"]),
			answered("GET http://host.example:8080/a/b?c HTTP/1.1", ["GET /a/b 200"]),
			answered("GET HTTPS://[::1]/a HTTP/1.1", ["GET /a 200"]),
			answered("GET http://host HTTP/1.1", ["GET / 200"]),
			answered("GET http://host?a=/b HTTP/1.1", ["GET / 200"]),
			answered("OPTIONS * HTTP/1.1", ["OPTIONS * 200"]),
			answered("GET * HTTP/1.1", ["GET * 200"]),
			answered("GET /a  HTTP/1.1", ["GET /a 200"], "two spaces before the version"),
			answered("GET /a b HTTP/1.1", ["GET /a 200"], "a space inside the target, as sloppy clients send it"),
		]);
		testCases(
			harness,
			["host.example:443", "[2001:db8::1]:443", "10.0.0.1:22"].map((target) => ({
				name: `CONNECT ${target}`,
				play: (c) =>
					c.request(`CONNECT ${target} HTTP/1.1\r\n\r\n`).response("HTTP/1.1 200 OK\r\n\r\n").request("\x16\x03"),
				rows: ["CONNECT :authority 200"],
				counters: { opaque: 1 },
				ended: { mode: "opaque", response: "headers" },
			})),
		);
	});

	describe("versions", () => {
		testCases(harness, [
			answered("GET /a HTTP/1.0", ["GET /a 200 http/1.0"]),
			answered("GET /a HTTP/1.2", ["GET /a 200"], "1.2 is to be read as 1.1: RFC 9110 section 6.2"),
			foreign("HTTP/0.9", "GET /a\r\n", "unsupported"),
			foreign("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "unsupported"),
			foreign("HTTP/2 by name", "GET / HTTP/2.0\r\n\r\n", "unsupported"),
			foreign("HTTP/3 by name", "GET / HTTP/3\r\n\r\n", "unsupported"),
			foreign("lower-case version", "GET / http/1.1\r\n\r\n"),
			foreign("a version that is no number", "GET / HTTP/1.x\r\n\r\n"),
		]);
	});

	describe("line ends", () => {
		const rows = ["GET /a 200"];
		testCases(harness, [
			{ name: "bare LF", play: (c) => c.request("GET /a HTTP/1.1\nHost: a\n\n").response(OK), rows },
			{
				name: "bare LF answered with bare LF",
				play: (c) => c.request("GET /a HTTP/1.1\n\n").response("HTTP/1.1 200\n\n"),
				rows,
				ended: { response: "until close" },
			},
			{ name: "empty lines before", play: (c) => c.request("\r\n\r\n\nGET /a HTTP/1.1\r\n\r\n").response(OK), rows },
			{
				name: "empty lines between requests",
				play: (c) =>
					c.request("GET /a HTTP/1.1\r\n\r\n").response(OK).request("\r\nGET /b HTTP/1.1\r\n\r\n").response(OK),
				rows: ["GET /a 200", "GET /b 200"],
			},
			{ name: "no header at all", play: (c) => c.request("GET /a HTTP/1.1\r\n\r\n").response(OK), rows },
		]);
	});

	describe("other protocols are recognised once", () => {
		testCases(harness, [
			foreign("TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
			foreign("Redis", "*1\r\n$4\r\nPING\r\n"),
			foreign("memcached", "get foo\r\n"),
			foreign("memcached, storing", "set foo 0 0 3\r\nbar\r\n"),
			foreign("RTSP", "OPTIONS rtsp://host/a RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
			foreign("SIP", "INVITE sip:bob@example.org SIP/2.0\r\n\r\n"),
			foreign("SSH client", "SSH-2.0-OpenSSH_9.6\r\n"),
			foreign("PostgreSQL", "\x00\x00\x00\x08\x04\xd2\x16\x2f"),
			foreign("PROXY protocol", "PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\nGET / HTTP/1.1\r\n\r\n"),
			foreign("zeros", "\0".repeat(40)),
			foreign("a token without end", "A".repeat(100)),
			foreign("a space first", " GET / HTTP/1.1\r\n\r\n"),
			greeting("SMTP", "220 mail.example.org ESMTP\r\n"),
			greeting("SSH server", "SSH-2.0-OpenSSH_9.6\r\n"),
			greeting("FTP", "220-Welcome\r\n"),
			{
				name: "ICY answers a request that is one",
				play: (c) => c.request("GET /radio HTTP/1.0\r\n\r\n").response("ICY 200 OK\r\nicy-name: a\r\n\r\n\x01\x02\x03"),
				counters: { response_unparsed: 1 },
				ended: { response: "lost", pending: 1 },
			},
		]);
	});

	describe("length of the target", () => {
		for (const length of [100, 127, 128, 129, 500, 1009, 1010, 1019, 1020, 1024, 2048, 8192]) {
			test(`${length} bytes`, () => {
				const path = `/${"x".repeat(length - 1)}`;
				const expected = length > 128 ? `GET ${path.slice(0, 128)}… 200` : `GET ${path} 200`;
				for (const split of [333, 1000, 1023, 1024, 1025, 1100]) {
					const played = harness().play(
						conversation({ split })
							.request(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
							.response(OK)
							.request("HEAD /next HTTP/1.1\r\n\r\n")
							.response(OK),
					);
					assert.deepEqual(lines(played.exchanges), [expected, "HEAD /next 200"], `cut by ${split}`);
					assert.deepEqual(played.counters, {});
				}
			});
		}
	});

	test("every byte value in a path, but for those that end it", () => {
		const ends = new Set([..." ?#\r\n\t"].map((c) => c.charCodeAt(0)));
		for (let value = 0; value < 256; value++) {
			if (ends.has(value)) continue;
			const byte = String.fromCharCode(value);
			const played = harness().play(conversation().request(`GET /a${byte}b HTTP/1.1\r\n\r\n`).response(OK));
			assert.equal(played.exchanges.length, 1, `byte ${value}`);
			assert.deepEqual(played.counters, {}, `byte ${value}`);
		}
	});
});
