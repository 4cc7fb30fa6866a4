/** Which response answers which request: RFC 9112 section 9.3. */
import { describe } from "node:test";
import { type Case, describeKernel, testCases } from "./cases.js";
import type { Conversation } from "./conversation.js";
import { answer } from "./messages.js";

const get = (path: string): string => `GET ${path} HTTP/1.1\r\n\r\n`;
const HEAD = "HEAD /h HTTP/1.1\r\n\r\n";
/** An answer to HEAD: the body that it announces does not come. */
const HEAD_ANSWER = "HTTP/1.1 200 x\r\nContent-Length: 50\r\n\r\n";

/** So many requests at once, then as many answers, then one exchange more. */
function pipeline(name: string, depth: number, expected: Omit<Case, "name" | "play">): Case {
	return {
		name,
		play: (c) =>
			c
				.request(get("/a"), { repeat: depth, split: [] })
				.response(answer(200, "ok"), { repeat: depth, split: [] })
				.request(get("/b"))
				.response(answer(201)),
		isCutAsWritten: true,
		...expected,
	};
}

/** `depth` requests at once of which those in `heads` are HEAD, answered in order. */
function headsInside(c: Conversation, depth: number, heads: readonly number[]): Conversation {
	const numbers = Array.from({ length: depth }, (_, index) => index);
	for (const index of numbers) c.request(heads.includes(index) ? HEAD : get("/a"));
	for (const index of numbers) c.response(heads.includes(index) ? HEAD_ANSWER : answer(200, "0123456789"));
	return c.request(get("/b")).response(answer(201));
}

/**
 * So many requests are sent, then so many answered, and so on. Each has a path and a status of its own, so that any two that
 * are taken for one another show.
 */
function rallies(c: Conversation, counts: readonly (readonly [requests: number, answers: number])[]): Conversation {
	let [asked, answered] = [0, 0];
	for (const [requests, answers] of counts) {
		// letters: a number would be an id
		for (let i = 0; i < requests; i++) c.request(get(`/r${String.fromCharCode(97 + asked++)}`));
		for (let i = 0; i < answers; i++) c.response(answer(200 + answered++));
	}
	return c;
}

/** The rows of the first so many requests of rallies(). */
function rallied(count: number): string[] {
	return Array.from({ length: count }, (_, n) => `GET /r${String.fromCharCode(97 + n)} ${200 + n}`);
}

describeKernel("pairing", (harness) => {
	describe("one after the other", () => {
		testCases(harness, [
			{
				name: "keep-alive",
				play: (c) =>
					c
						.request(get("/a"))
						.response(answer(200, "x"))
						.request(get("/b"))
						.response(answer(404, "yy"))
						.request(get("/a"))
						.response(answer(200)),
				rows: ["GET /a 200 x2", "GET /b 404"],
			},
			{ name: "a request without a response is pending", play: (c) => c.request(get("/a")), ended: { pending: 1 } },
			{
				name: "a request whose head is not complete is not begun",
				play: (c) => c.request("GET /a HTTP/1.1\r\nHost: a\r\n"),
				ended: { request: "headers", pending: 0 },
			},
			{
				name: "an exchange is counted with the end of the response's head",
				play: (c) => c.request(get("/a")).response("HTTP/1.1 200 OK\r\nServer: x\r\n"),
				ended: { response: "headers", pending: 1 },
			},
			{
				name: "100 Continue is no answer",
				play: (c) =>
					c
						.request("PUT /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
						.response("HTTP/1.1 100 Continue\r\n\r\n")
						.request("abc")
						.response(answer(201)),
				rows: ["PUT /a 201"],
				counters: { informational: 1 },
			},
			{
				name: "statuses of every hundred",
				play: (c) =>
					[200, 299, 302, 404, 499, 500, 599].reduce((so, status) => so.request(get("/a")).response(answer(status)), c),
				rows: [200, 299, 302, 404, 499, 500, 599].map((status) => `GET /a ${status}`),
				isCutAsWritten: true,
			},
			...["099", "20", "2000x", "abc", "2x0"].map(
				(status): Case => ({
					name: `no status: ${status}`,
					play: (c) => c.request(get("/a")).response(`HTTP/1.1 ${status === "2000x" ? "" : status} x\r\n\r\n`),
					counters: { response_unparsed: 1 },
					ended: { response: "lost", pending: 1 },
				}),
			),
		]);
	});

	describe("pipelines", () => {
		testCases(harness, [
			pipeline("of 2", 2, { rows: ["GET /a 200 x2", "GET /b 201"] }),
			pipeline("of 16, as many as are kept", 16, { rows: ["GET /a 200 x16", "GET /b 201"] }),
			pipeline("of 17: one more is framed, and counted as lost", 17, {
				rows: ["GET /a 200 x16", "GET /b 201"],
				counters: { request_overflow: 1 },
			}),
			pipeline("of 80", 80, { rows: ["GET /a 200 x16", "GET /b 201"], counters: { request_overflow: 64 } }),
			pipeline("of 100: lengths frame it, however deep", 100, {
				rows: ["GET /a 200 x16", "GET /b 201"],
				counters: { request_overflow: 84 },
			}),
			{
				name: "several requests and answers in one segment",
				play: (c) =>
					c.request(get("/a") + get("/b") + get("/c")).response(answer(200, "a") + answer(404, "b") + answer(500)),
				rows: ["GET /a 200", "GET /b 404", "GET /c 500"],
			},
			{
				name: "answers while requests still come",
				play: (c) =>
					c
						.request(get("/a") + get("/b"))
						.response(answer(200))
						.request(get("/c"))
						.response(answer(201) + answer(202)),
				rows: ["GET /a 200", "GET /b 201", "GET /c 202"],
			},
			{
				name: "filled and drained again and again, past what the connection itself has room for",
				play: (c) =>
					rallies(c, [
						[1, 1],
						[2, 2],
						[5, 5],
						[1, 1],
						[4, 4],
						[8, 8],
					]),
				rows: rallied(21),
				isCutAsWritten: true,
			},
			{
				name: "never empty: what comes while older ones wait in the pipeline waits behind them",
				play: (c) =>
					rallies(c, [
						[6, 4],
						[2, 1],
						[1, 3],
						[3, 2],
						[5, 7],
					]),
				rows: rallied(17),
				isCutAsWritten: true,
			},
			{
				name: "HEAD among others",
				play: (c) => headsInside(c, 5, [1, 2, 4]),
				rows: ["GET /a 200 x2", "HEAD /h 200 x3", "GET /b 201"],
				isCutAsWritten: true,
			},
			{
				name: "HEAD among those that are too many to be kept",
				play: (c) => headsInside(c, 30, [3, 16, 17, 20, 29]),
				rows: ["GET /a 200 x15", "HEAD /h 200", "GET /b 201"],
				counters: { request_overflow: 14 },
				isCutAsWritten: true,
			},
			{
				name: "requests that come while an overflow is being answered wait behind it",
				play: (c) =>
					c
						.request(get("/a"), { repeat: 17 })
						.response(answer(200), { repeat: 16 })
						.request(get("/late"))
						.response(answer(200), { repeat: 2 })
						.request(get("/b"))
						.response(answer(201)),
				rows: ["GET /a 200 x16", "GET /b 201"],
				counters: { request_overflow: 2 },
				isCutAsWritten: true,
			},
		]);
	});

	describe("responses to nothing", () => {
		testCases(harness, [
			{
				name: "the first message is a response",
				play: (c) => c.response(answer(408)).request(get("/a")).response(answer(200)),
				rows: ["GET /a 200"],
				counters: { response_unpaired: 1 },
			},
			{
				name: "one answer too many",
				play: (c) =>
					c
						.request(get("/a"))
						.response(answer(200) + answer(200))
						.request(get("/b"))
						.response(answer(201)),
				rows: ["GET /a 200", "GET /b 201"],
				counters: { response_unpaired: 1 },
			},
			{
				name: "informational ones need no request",
				play: (c) => c.response("HTTP/1.1 103 x\r\n\r\n").request(get("/a")).response(answer(200)),
				rows: ["GET /a 200"],
				counters: { informational: 1 },
			},
		]);
	});

	describe("after framing was lost", () => {
		testCases(harness, [
			{
				name: "responses: the next request of a client that has seen its answer goes on",
				play: (c) =>
					c
						.request(get("/a"))
						.response("HTTP/1.1 200 x\r\nContent-Length: ?\r\n\r\nbody")
						.request(get("/b"))
						.response(answer(201)),
				rows: ["GET /a 200", "GET /b 201"],
				counters: { response_framing: 1 },
			},
			{
				name: "requests: the next one goes on, when all was answered",
				play: (c) =>
					c
						.request("POST /a HTTP/1.1\r\nContent-Length: ?\r\n\r\nbody")
						.response(answer(400))
						.request(get("/b"))
						.response(answer(201)),
				rows: ["POST /a 400", "GET /b 201"],
				counters: { request_framing: 1 },
				isCutAsWritten: true,
			},
			{
				name: "requests: not out of a body that is still being sent",
				play: (c) => c.request("POST /a HTTP/1.1\r\nContent-Length: ?\r\n\r\n").request(get("/bait")),
				counters: { request_framing: 1 },
				ended: { request: "lost", pending: 1 },
				isCutAsWritten: true,
			},
			{
				name: "bytes that are no request, later, lose it as well",
				play: (c) =>
					c
						.request(get("/a"))
						.response(answer(200))
						.request("\x16\x03\x01 nonsense\r\n")
						.request(get("/b"))
						.response(answer(201)),
				rows: ["GET /a 200", "GET /b 201"],
				counters: { request_unparsed: 1 },
				isCutAsWritten: true,
			},
		]);
	});
});
