/**
 * Heads that are known (bpf/recall.h): whatever head came before, a head says what its own bytes say. Each test makes one head
 * known and then plays others that are like it.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { describeKernel } from "./cases.js";
import { conversation } from "./conversation.js";
import { type Counted, lines } from "./counts.js";
import type { Ended, Harness } from "./harness.js";
import { chunked, head, LAST, last } from "./messages.js";

/** So many in a row, and the last one is the known one: of eight strangers one is kept. The next seven are not. */
const ENOUGH = 9;

const REQUEST_LINES = [
	"Host: example.org",
	"User-Agent: a-client/1.0 (some platform; some version)",
	"Accept: text/html",
	"Connection: keep-alive",
	"Cookie: session=8f14e45fceea167a5a36dedd4bea2543",
];
const RESPONSE_LINES = [
	"Server: a-server/1.0",
	"Date: Mon, 30 Nov 2026 22:00:00 GMT",
	"Content-Type: text/plain",
	"Cache-Control: no-cache, no-store, must-revalidate",
];

interface Exchange {
	readonly request: string;
	readonly response: string;
}

const USUAL: Exchange = {
	request: `${head("POST /usual HTTP/1.1", ...REQUEST_LINES, "Content-Length: 3", "X-Behind: 1")}abc`,
	response: `${head("HTTP/1.1 200 OK", ...RESPONSE_LINES, "Content-Length: 2", "X-Behind: 1")}ok`,
};
const BODILESS: Exchange = {
	request: head("GET /usual HTTP/1.1", ...REQUEST_LINES),
	response: head("HTTP/1.1 204 No Content", ...RESPONSE_LINES),
};
/** What says something of the body stands before the rest. */
const EARLY: Exchange = {
	request: `${head("POST /usual HTTP/1.1", "Content-Length: 3", ...REQUEST_LINES)}abc`,
	response: `${head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", ...RESPONSE_LINES)}${chunked("ok")}`,
};
/** Has nothing in common with the others, not even a first byte of a line. */
const STRANGER: Exchange = {
	request: head("OPTIONS /stranger HTTP/1.1", "Z-Line-Of-A-Stranger: 0123456789"),
	response: head("HTTP/1.0 403 Forbidden", "Z-Line-Of-A-Stranger: 0123456789", "Content-Length: 0"),
};

/** Makes an exchange's heads the known ones. */
function know(harness: Harness, { request, response }: Exchange): void {
	const script = conversation();
	for (let i = 0; i < ENOUGH; i++) script.request(request).response(response);
	const { exchanges, counters } = harness.play(script);
	assert.deepEqual([exchanges.map(({ count }) => count), counters], [[ENOUGH], {}], request);
}

interface Outcome extends Pick<Counted, "counters" | "inFlight"> {
	readonly rows: readonly string[];
	readonly ended: Ended;
}

/** The exchange, and one that is counted only where framing goes on. */
function play(harness: Harness, { request, response }: Exchange): Outcome {
	const { exchanges, counters, inFlight, ended } = harness.play(
		last(conversation().request(request).response(response)),
	);
	return { rows: lines(exchanges), counters, inFlight, ended };
}

function expectRows(harness: Harness, exchange: Exchange, row: string, where = row): void {
	const { rows, counters } = play(harness, exchange);
	assert.deepEqual(rows, [...LAST, row].sort(), where);
	assert.deepEqual(counters, {}, where);
}

function insert(linesOf: readonly string[], at: number, ...added: readonly string[]): string[] {
	return [...linesOf.slice(0, at), ...added, ...linesOf.slice(at)];
}

describeKernel("known heads", (harness) => {
	test("the same exchange again and again", () => {
		for (const exchange of [USUAL, BODILESS, EARLY]) for (let i = 0; i < 3; i++) know(harness(), exchange);
	});

	test("a line that says something of the body, new at any place of a request", () => {
		for (let at = 0; at <= REQUEST_LINES.length; at++) {
			know(harness(), BODILESS);
			const row = "GET /usual 204";
			const withLine = (line: string, body: string): Exchange => ({
				...BODILESS,
				request: `${head("GET /usual HTTP/1.1", ...insert(REQUEST_LINES, at, line))}${body}`,
			});
			expectRows(harness(), withLine("Content-Length: 4", "GET "), row, `a length as line ${at}`);
			expectRows(harness(), withLine("Transfer-Encoding: chunked", chunked("GET ")), row, `chunks as line ${at}`);
			expectRows(harness(), withLine("X-Request-Id: 4711", ""), row, `something else as line ${at}`);
		}
	});

	test("a line that says something of the body, gone or another one, in a response", () => {
		for (let at = 0; at <= RESPONSE_LINES.length; at++) {
			const response = (line: string, body: string): string =>
				`${head("HTTP/1.1 200 OK", ...insert(RESPONSE_LINES, at, line), "X-Behind: 1")}${body}`;
			know(harness(), { ...USUAL, response: response("Content-Length: 2", "ok") });
			const row = "POST /usual 200";
			const expected = (line: string, body: string): void =>
				expectRows(harness(), { ...USUAL, response: response(line, body) }, row, `${line} as line ${at}`);
			expected("Content-Length: 2", "ok");
			expected("Content-Length: 7", "HTTP/1.");
			expected("Content-Length: 12", "HTTP/1.1 404");
			expected("Transfer-Encoding: chunked", chunked("HTTP/1.1 404 "));
		}
	});

	test("the same header lines behind another start line", () => {
		const request = (start: string): Exchange => ({
			...USUAL,
			request: USUAL.request.replace("POST /usual HTTP/1.1", start),
		});
		const response = (start: string): Exchange => ({
			...USUAL,
			response: USUAL.response.replace("HTTP/1.1 200 OK", start),
		});
		for (const [exchange, row] of [
			[request("POST /other HTTP/1.1"), "POST /other 200"],
			[request("PUT /usual HTTP/1.1"), "PUT /usual 200"],
			[request("POST /a/longer/path HTTP/1.1"), "POST /a/longer/path 200"],
			[response("HTTP/1.1 500 OK"), "POST /usual 500"],
			[response("HTTP/1.1 404 Not Found"), "POST /usual 404"],
		] as const) {
			know(harness(), USUAL);
			expectRows(harness(), exchange, row);
		}
		know(harness(), USUAL);
		const informed = play(harness(), {
			...USUAL,
			response: `${head("HTTP/1.1 103 x", "Link: </a>")}${USUAL.response}`,
		});
		assert.deepEqual([informed.rows, informed.counters], [[...LAST, "POST /usual 200"], { informational: 1 }]);
	});

	test("a known head cut at every byte", () => {
		for (const exchange of [USUAL, BODILESS, EARLY]) {
			know(harness(), exchange);
			for (let at = 1; at < exchange.request.length; at++) {
				const script = conversation().request(exchange.request, { split: [at] });
				const { exchanges, counters } = harness().play(script.response(exchange.response, { split: [at] }));
				assert.deepEqual([exchanges.map(({ count }) => count), counters], [[1], {}], `cut at ${at}`);
			}
		}
	});

	test("known heads behind one another in a segment", () => {
		for (const { request, response } of [USUAL, BODILESS, EARLY]) {
			know(harness(), { request, response });
			const script = conversation().request(request.repeat(8)).response(response.repeat(8));
			const { exchanges, counters } = harness().play(script);
			assert.deepEqual([exchanges.map(({ count }) => count), counters], [[8], {}]);
		}
	});

	test("the answer to HEAD has the head of another one and no body", () => {
		know(harness(), USUAL);
		const [responseHead = ""] = USUAL.response.split("ok", 1);
		expectRows(
			harness(),
			{ request: head("HEAD /usual HTTP/1.1", ...REQUEST_LINES), response: responseHead },
			"HEAD /usual 200",
		);
	});

	for (const [name, usual] of Object.entries({ USUAL, EARLY })) {
		test(`any byte of a head that is another one, with that head known and with a stranger's: ${name}`, () => {
			for (const which of ["request", "response"] as const) {
				const text = usual[which];
				for (let at = 0; at < text.length; at++) {
					for (const byte of [text.charAt(at) === "7" ? "9" : "7", "\n", "t"]) {
						const one = `${text.slice(0, at)}${byte}${text.slice(at + 1)}`;
						for (const changed of [one, one.replace(/usual|200/, "401")]) {
							know(harness(), STRANGER);
							const unknown = play(harness(), { ...usual, [which]: changed });
							know(harness(), usual);
							const known = play(harness(), { ...usual, [which]: changed });
							assert.deepEqual(known, unknown, JSON.stringify(changed));
						}
					}
				}
			}
		});
	}

	test("another end has its own endpoints for the same bytes", () => {
		know(harness(), USUAL);
		for (const role of ["client", "server"] as const) {
			const { exchanges } = harness().play(conversation({ role }).request(USUAL.request).response(USUAL.response));
			assert.deepEqual(
				exchanges.map((exchange) => [exchange.role, exchange.count]),
				[[role, 1]],
			);
		}
	});

	test("heads as large as a window, and a little larger", () => {
		for (let bytes = 1000; bytes < 1030; bytes++) {
			const field = `X-Large: ${"v".repeat(bytes - head("GET /usual HTTP/1.1", "X-Large: ").length)}`;
			const large: Exchange = { ...BODILESS, request: head("GET /usual HTTP/1.1", field) };
			assert.equal(large.request.length, bytes);
			know(harness(), large);
			expectRows(harness(), large, "GET /usual 204", `${bytes} bytes`);
		}
	});
});
