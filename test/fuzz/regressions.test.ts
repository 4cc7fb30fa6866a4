/** What fuzzing and comparing have found, as the smallest bytes that showed it. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { buildFuzzers, literal, Replay } from "./replay.js";

interface Regression {
	readonly name: string;
	readonly requests: string;
	readonly responses?: string;
	readonly exchanges: readonly string[];
	readonly pending?: number;
	readonly counters?: Readonly<Record<string, number>>;
}

const EMPTY = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
/** The parsers look at so many bytes at once: bpf/window.h. */
const WINDOW_BYTES = 1024;

/** A head whose last line before the empty one ends with the first window. */
function headEndingWithWindow(line: string): string {
	const start = "GET /a HTTP/1.1\r\nX: ";
	return `${start}${"x".repeat(WINDOW_BYTES - start.length - 2 - line.length)}\r\n${line}\r\n`;
}

const REGRESSIONS: readonly Regression[] = [
	{
		name: "a header line that ends with the window is read once",
		requests: `${headEndingWithWindow("Transfer-Encoding: chunked\r\n")}0\r\n\r\nGET /b HTTP/1.1\r\n\r\n`,
		responses: EMPTY + EMPTY,
		exchanges: ["GET /a 200", "GET /b 200"],
	},
	{
		name: "more data than a chunk's size said is not the next chunk's size",
		requests: `POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\nGET /b HTTP/1.1\r\n\r\n`,
		exchanges: ["POST /a 200"],
		counters: { request_framing: 1 },
	},
	{
		name: "an empty line is not taken for the end of a chunk's data before there was one",
		requests: `POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
		exchanges: ["POST /a 200"],
		counters: { request_framing: 1 },
	},
	{
		name: "a body behind a length with white space before its colon is not read as a request",
		requests: "POST /a HTTP/1.1\r\nContent-Length : 19\r\n\r\nGET /b HTTP/1.1\r\n\r\n",
		exchanges: ["POST /a 200"],
		counters: { request_framing: 1 },
	},
	{
		name: "four digits are no status code",
		requests: "GET /a HTTP/1.1\r\n\r\n",
		responses: "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
		exchanges: [],
		pending: 1,
		counters: { response_unparsed: 1 },
	},
	{
		name: "a letter is no minor version",
		requests: "GET /a HTTP/1.1\r\n\r\n",
		responses: "HTTP/1.x 200 OK\r\nContent-Length: 0\r\n\r\n",
		exchanges: [],
		pending: 1,
		counters: { response_unparsed: 1 },
	},
];

describe("what fuzzing found", () => {
	let replay: Replay;
	before(() => {
		buildFuzzers();
		replay = new Replay();
	});
	after(() => replay.close());

	for (const { name, requests, responses = EMPTY, exchanges, pending = 0, counters = {} } of REGRESSIONS) {
		test(name, async () => {
			for (const role of ["s", "c"]) {
				const counted = await replay.play(`${role}{${literal(requests)}}${literal(responses)}`);
				const { exchanges: seen, pending: waiting, counters: moved } = counted;
				assert.deepEqual({ seen, waiting, moved }, { seen: exchanges, waiting: pending, moved: counters });
			}
		});
	}
});
