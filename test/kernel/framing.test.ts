/** Where messages end: RFC 9112 sections 6 and 7. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Case, describeKernel, testCases } from "./cases.js";
import { type Conversation, conversation } from "./conversation.js";
import { lines } from "./counts.js";
import { answer, chunked, head } from "./messages.js";

const OK = answer(200);
/** Body bytes that would be counted if they were looked at. */
const BAIT = "GET /x HTTP/1.1\r\n\r\nHTTP/1.1 500 x\r\n\r\n";

/** That framing held is seen by the exchange that follows. */
const next = (c: Conversation): Conversation =>
	c.request(head("DELETE /next HTTP/1.1")).response(head("HTTP/1.1 204 x"));
const NEXT = "DELETE /next 204";

/** A response after which the next exchange has to be found. */
function responds(name: string, response: string, row: string, request = head("GET /a HTTP/1.1")): Case {
	return { name, play: (c) => next(c.request(request).response(response)), rows: [row, NEXT] };
}

/** A request with a body, after which the next exchange has to be found. */
function requests(name: string, request: string): Case {
	return { name, play: (c) => next(c.request(request).response(OK)), rows: ["POST /a 200", NEXT] };
}

/** A request whose end cannot be known: it is counted, what follows is not guessed at. */
function brokenRequest(name: string, fields: readonly string[], body = "hello"): Case {
	return {
		name,
		play: (c) =>
			c
				.request(head("POST /a HTTP/1.1", ...fields))
				.request(body)
				.response(OK),
		rows: ["POST /a 200"],
		counters: { request_framing: 1 },
		ended: { request: "lost" },
	};
}

function brokenResponse(name: string, fields: readonly string[], body = "hello"): Case {
	return {
		name,
		play: (c) =>
			c
				.request(head("GET /a HTTP/1.1"))
				.response(head("HTTP/1.1 200 OK", ...fields))
				.response(body),
		rows: ["GET /a 200"],
		counters: { response_framing: 1 },
		ended: { response: "lost" },
	};
}

/** Numbers of one to seven digits, and all digits among them. */
const LENGTHS = [1, 9, 10, 98, 102, 987, 1_020, 9_876, 10_203, 65_535, 98_765, 102_030, 999_999, 1_234_567];

/** A response with a body of `size` bytes, of which the last one stands for all. */
function bodyOf(written: string, size: number): Case {
	const start = head("HTTP/1.1 200 OK", `Content-Length: ${written}`);
	const request = head("GET /a HTTP/1.1");
	return {
		name: `of ${written} bytes`,
		play: (c) =>
			next(
				c
					.request(request)
					.response(start)
					.response("x", { at: start.length + size - 1 }),
			),
		rows: ["GET /a 200", NEXT],
	};
}

/** The characters before 0 and behind 9, at each place that is read at once. */
const BESIDE_DIGITS = ["/", ":", "1/", "1:", "12/", "12:", "123/", "123:", "1234/", "1234:", "12345/", "12345:"];

describeKernel("framing", (harness) => {
	describe("Content-Length", () => {
		const withLength = (line: string): string => `HTTP/1.1 200 OK\r\n${line}\r\n\r\n${BAIT}`;
		const length = BAIT.length;
		testCases(harness, [
			...[
				`Content-Length: ${length}`,
				`content-length:${length}`,
				`CONTENT-LENGTH: \t ${length} \t`,
				`CoNtEnT-lEnGtH:   000${length}`,
				`Server: x\r\nContent-Length: ${length}\r\nDate: now`,
				`Content-Length: ${length}\r\nContent-Length: ${length}`,
			].map((line) => responds(JSON.stringify(line), withLength(line), "GET /a 200")),
			responds(
				"names that only look like it",
				head("HTTP/1.1 200 OK", "X-Content-Length: 9", "Content-Lengths: 9", "Content_Length: 9", "Content-Length: 0"),
				"GET /a 200",
			),
			requests("of a request", `${head("POST /a HTTP/1.1", "Host: a", `Content-Length: ${length}`)}${BAIT}`),
			requests("of a request, none", head("POST /a HTTP/1.1", "Host: a")),
			requests(
				"of a request, folded lines around it",
				`${head("POST /a HTTP/1.1", "X-A: b", " Content-Length: 7", "\tc", "Content-Length: 2")}hi`,
			),
			brokenRequest("two that differ", ["Content-Length: 5", "Content-Length: 6"]),
			brokenResponse("two that differ, of a response", ["Content-Length: 6", "Content-Length: 5"]),
			...["", "+5", "-5", "0x5", "5 5", "5, 5", "5;", "five", "9999999999999999999", "\r\n 5", ...BESIDE_DIGITS].map(
				(value) => brokenRequest(`no number: ${JSON.stringify(value)}`, [`Content-Length: ${value}`]),
			),
			...LENGTHS.flatMap((size) => ["", "0", "00"].map((zeros) => bodyOf(`${zeros}${size}`, size))),
		]);
	});

	describe("chunked", () => {
		const response = (body: string, coding = "Transfer-Encoding: chunked"): string =>
			`${head("HTTP/1.1 200 OK", coding)}${body}`;
		testCases(harness, [
			responds("one chunk", response(chunked(BAIT)), "GET /a 200"),
			responds("several chunks", response(chunked("a", BAIT, "b".repeat(40), BAIT)), "GET /a 200"),
			responds("no chunk", response("0\r\n\r\n"), "GET /a 200"),
			responds("upper-case sizes, leading and many zeros", response("00A\r\n0123456789\r\n000\r\n\r\n"), "GET /a 200"),
			responds("extensions", response('5;a=b;c="d e"\r\nhello\r\n3 ; x\r\nabc\r\n0;z\r\n\r\n'), "GET /a 200"),
			responds("a long extension", response(`5;${"e".repeat(60)}\r\nhello\r\n0\r\n\r\n`), "GET /a 200"),
			responds("trailers", response("5\r\nhello\r\n0\r\nContent-Length: 99\r\nX-Sum: 1\r\n\r\n"), "GET /a 200"),
			responds("bare LF", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\nhello\n0\n\n", "GET /a 200"),
			responds("any case, white space", response(chunked("x"), "transfer-ENCODING: \tChunked  "), "GET /a 200"),
			responds("the last of several codings", response(chunked("x"), "Transfer-Encoding: gzip, chunked"), "GET /a 200"),
			responds(
				"on a line of its own",
				response(chunked("x"), "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked"),
				"GET /a 200",
			),
			responds(
				"beside a length, which it overrides",
				response(chunked("hello"), "Transfer-Encoding: chunked\r\nContent-Length: 3"),
				"GET /a 200",
			),
			requests("of a request", `${head("POST /a HTTP/1.1", "Transfer-Encoding: chunked")}${chunked("x", BAIT)}`),
			requests(
				"of a request, with trailers",
				`${head("POST /a HTTP/1.1", "Transfer-Encoding: chunked")}5\r\nhello\r\n0\r\nA: b\r\n\r\n`,
			),
			...["zz", ";", "-5", "1234567890abcdef", "0x5"].map((size) =>
				brokenResponse(
					`no chunk size: ${JSON.stringify(size)}`,
					["Transfer-Encoding: chunked"],
					`${size}\r\nhello\r\n`,
				),
			),
			brokenRequest("beside a length in a request, which smuggles", [
				"Content-Length: 3",
				"Transfer-Encoding: chunked",
			]),
			brokenRequest("beside a length in a request, first", ["Transfer-Encoding: chunked", "Content-Length: 3"]),
			brokenRequest("not the last coding of a request", ["Transfer-Encoding: chunked, gzip"]),
			brokenRequest("twice", ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"]),
		]);

		test("cut at every byte", () => {
			const whole = `${response(chunked("abc", BAIT)).slice(0, -4)};x\r\nA: b\r\n\r\n`;
			for (let offset = 1; offset < whole.length; offset++) {
				const played = harness().play(
					next(
						conversation()
							.request(head("GET /a HTTP/1.1"))
							.response(whole, { split: [offset] }),
					),
				);
				assert.deepEqual(lines(played.exchanges), [NEXT, "GET /a 200"], `cut at ${offset}`);
				assert.deepEqual(played.counters, {}, `cut at ${offset}`);
			}
		});
	});

	describe("responses without a body", () => {
		const fields = ["Content-Length: 1000", "Content-Type: text/plain"];
		testCases(harness, [
			responds("to HEAD", head("HTTP/1.1 200 OK", ...fields), "HEAD /a 200", head("HEAD /a HTTP/1.1")),
			responds(
				"to HEAD, chunked",
				head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked"),
				"HEAD /a 200",
				head("HEAD /a HTTP/1.1"),
			),
			responds("to HEAD, without a length", head("HTTP/1.1 200 OK"), "HEAD /a 200", head("HEAD /a HTTP/1.1")),
			responds("204", head("HTTP/1.1 204 No Content", ...fields), "GET /a 204"),
			responds("304", head("HTTP/1.1 304 Not Modified", ...fields), "GET /a 304"),
			{
				name: "1xx before the final one",
				play: (c) =>
					next(
						c
							.request(head("GET /a HTTP/1.1"))
							.response(head("HTTP/1.1 103 Early Hints", "Link: </a>") + head("HTTP/1.1 102 x") + OK),
					),
				rows: ["GET /a 200", NEXT],
				counters: { informational: 2 },
			},
			{
				name: "101 leaves HTTP",
				play: (c) =>
					c
						.request(head("GET /ws HTTP/1.1", "Upgrade: websocket"))
						.response(head("HTTP/1.1 101 Switching Protocols"))
						.request(BAIT)
						.response(BAIT),
				rows: ["GET /ws 101"],
				counters: { opaque: 1 },
				ended: { mode: "opaque", response: "headers" },
			},
			{
				name: "a CONNECT that is granted leaves HTTP",
				play: (c) => c.request(head("CONNECT a:443 HTTP/1.1")).response(head("HTTP/1.1 204 x")).request(BAIT),
				rows: ["CONNECT :authority 204"],
				counters: { opaque: 1 },
				ended: { mode: "opaque", response: "headers" },
			},
			responds(
				"a CONNECT that is refused has a body",
				`${head("HTTP/1.1 407 x", `Content-Length: ${BAIT.length}`)}${BAIT}`,
				"CONNECT :authority 407",
				head("CONNECT a:443 HTTP/1.1"),
			),
		]);
	});

	describe("until the connection closes", () => {
		const closing = (name: string, response: string): Case => ({
			name,
			play: (c) => c.request(head("GET /a HTTP/1.1")).response(response).response(BAIT, { repeat: 3 }),
			rows: ["GET /a 200"],
			ended: { response: "until close" },
		});
		testCases(harness, [
			closing("no length", head("HTTP/1.1 200 OK", "Connection: close")),
			closing("no length, HTTP/1.0", head("HTTP/1.0 200 OK")),
			closing("a coding other than chunked", head("HTTP/1.1 200 OK", "Transfer-Encoding: gzip")),
			closing("a coding that only ends like chunked", head("HTTP/1.1 200 OK", "Transfer-Encoding: unchunked")),
			closing("chunked, but not last", head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked, gzip")),
			closing(
				"a coding other than chunked overrides a length",
				head("HTTP/1.1 200 OK", "Content-Length: 3", "Transfer-Encoding: gzip"),
			),
		]);
	});

	describe("bodies are not looked at", () => {
		const post = head("POST /a HTTP/1.1", `Content-Length: ${BAIT.length * 3}`);
		testCases(harness, [
			{
				name: "HTTP text at the start of segments",
				play: (c) =>
					next(
						c
							.request(post)
							.request(BAIT, { repeat: 3 })
							.response(head("HTTP/1.1 200 OK", `Content-Length: ${BAIT.length * 2}`))
							.response(BAIT, { repeat: 2 }),
					),
				rows: ["POST /a 200", NEXT],
				isCutAsWritten: true,
			},
			{
				name: "a body, and the next request in its last segment",
				play: (c) =>
					c
						.request(post + BAIT)
						.request(BAIT + BAIT + head("GET /b HTTP/1.1"))
						.response(OK + OK),
				rows: ["POST /a 200", "GET /b 200"],
			},
			{
				name: "a final response while the body is still being sent",
				play: (c) =>
					next(
						c
							.request(post + BAIT)
							.response(head("HTTP/1.1 413 x", "Content-Length: 0"))
							.request(BAIT, { repeat: 2 }),
					),
				rows: ["POST /a 413", NEXT],
			},
		]);
	});
});
