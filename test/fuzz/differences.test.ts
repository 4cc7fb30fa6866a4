/**
 * Where llhttp and httpeek differ on purpose, and why: the table of README.md, one test for each row. A watcher has to
 * follow what servers of all kinds accept; a parser may refuse what only careless peers send.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseRequests, parseResponses } from "./llhttp.js";
import { buildFuzzers, type Counted, literal, Replay } from "./replay.js";

interface Difference {
	/** As in the table. */
	readonly name: string;
	/** Which bytes llhttp is asked about. Default: the requests, if they are given. */
	readonly direction?: "responses";
	readonly requests?: string;
	readonly responses?: string;
	/** How many heads llhttp reads, and whether it refuses the rest. */
	readonly llhttp: readonly [heads: number, "refuses" | "accepts"];
	readonly exchanges: readonly string[];
	readonly counters?: Readonly<Record<string, number>>;
}

const POST = "POST /a HTTP/1.1\r\n";
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n\r\n`;
const EMPTY = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const NEXT = "GET /b HTTP/1.1\r\n\r\n";
const ASKED = ["/a", "/b"].map((url) => ({ method: "GET", url }));
const refused = [0, "refuses"] as const;
const bothCounted = ["GET /a 200", "GET /b 200"];

const DIFFERENCES: readonly Difference[] = [
	// httpeek counts, llhttp refuses
	{ name: "bare LF", requests: "GET /a HTTP/1.1\nHost: x\n\n", llhttp: refused, exchanges: ["GET /a 200"] },
	{ name: "bare LF", responses: "HTTP/1.1 200 OK\nContent-Length: 0\n\n", llhttp: refused, exchanges: ["GET /a 200"] },
	{ name: "bare LF", requests: `${CHUNKED}3\nabc\n0\n\n`, llhttp: [1, "refuses"], exchanges: ["POST /a 200"] },
	{ name: "unknown method", requests: "FOO /a HTTP/1.1\r\n\r\n", llhttp: refused, exchanges: ["OTHER /a 200"] },
	{ name: "unknown method", requests: "get /a HTTP/1.1\r\n\r\n", llhttp: refused, exchanges: ["OTHER /a 200"] },
	{ name: "version 1.2 to 1.9", requests: "GET /a HTTP/1.2\r\n\r\n", llhttp: refused, exchanges: ["GET /a 200"] },
	{
		name: "messages after `Connection: close`",
		requests: `GET /a HTTP/1.1\r\nConnection: close\r\n\r\n${NEXT}`,
		responses: EMPTY + EMPTY,
		llhttp: [1, "refuses"],
		exchanges: bothCounted,
	},
	{
		name: "messages after `Connection: close`",
		requests: `GET /a HTTP/1.0\r\n\r\n${NEXT}`,
		responses: EMPTY + EMPTY,
		llhttp: [1, "refuses"],
		exchanges: bothCounted,
	},
	{
		name: "the same length twice",
		requests: `${POST}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc${NEXT}`,
		responses: EMPTY + EMPTY,
		llhttp: refused,
		exchanges: ["POST /a 200", "GET /b 200"],
	},
	{
		name: "length and chunked in a response",
		direction: "responses",
		requests: `GET /a HTTP/1.1\r\n\r\n${NEXT}`,
		responses: `HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${EMPTY}`,
		llhttp: refused,
		exchanges: bothCounted,
	},
	{
		name: "chunked twice in one line",
		requests: `${POST}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`,
		llhttp: refused,
		exchanges: ["POST /a 200"],
	},
	{
		name: "white space in a chunk's line",
		requests: `${CHUNKED}3 \r\nabc\r\n0\r\n\r\n`,
		llhttp: [1, "refuses"],
		exchanges: ["POST /a 200"],
	},
	{
		name: "control characters in a chunk extension",
		requests: `${CHUNKED}3;\0\r\nabc\r\n0\r\n\r\n`,
		llhttp: [1, "refuses"],
		exchanges: ["POST /a 200"],
	},
	{
		name: "white space in the target",
		requests: "GET /a b HTTP/1.1\r\n\r\n",
		llhttp: refused,
		exchanges: ["GET /a 200"],
	},
	{
		name: "control characters and bytes above 127 in the target",
		requests: "GET /a\x01\xff HTTP/1.1\r\n\r\n",
		llhttp: refused,
		exchanges: ["GET /a\x01\xff 200"],
	},
	{
		name: "header lines that are none",
		requests: "GET /a HTTP/1.1\r\nno colon\r\n\r\n",
		llhttp: refused,
		exchanges: ["GET /a 200"],
	},
	{
		name: "header lines that are none",
		requests: "GET /a HTTP/1.1\r\n: x\r\n\r\n",
		llhttp: refused,
		exchanges: ["GET /a 200"],
	},
	{
		name: "header lines that are none",
		requests: "GET /a HTTP/1.1\r\nX: \x01\r\n\r\n",
		llhttp: refused,
		exchanges: ["GET /a 200"],
	},
	{
		name: "CR inside a line",
		requests: "GET /a HTTP/1.1\r\nX: a\rb\r\n\r\n",
		llhttp: refused,
		exchanges: ["GET /a 200"],
	},
	{
		name: "CR inside a line",
		requests: `${CHUNKED}3\rx\r\nabc\r\n0\r\n\r\n`,
		llhttp: [1, "refuses"],
		exchanges: ["POST /a 200"],
	},
	{
		name: "folded header lines",
		requests: "GET /a HTTP/1.1\r\nX: y\r\n z\r\n\r\n",
		llhttp: refused,
		exchanges: ["GET /a 200"],
	},
	{
		name: "long request lines",
		requests: `GET /${"é".repeat(1100)} HTTP/1.0\r\n\r\n`,
		llhttp: refused,
		exchanges: [`GET /${"é".repeat(127)} 200`],
	},
	// both read it, not alike
	{
		name: "requests after `Upgrade`",
		requests: `GET /a HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n${NEXT}`,
		responses: EMPTY + EMPTY,
		llhttp: [1, "accepts"],
		exchanges: bothCounted,
	},
	// llhttp accepts, httpeek says that it does not
	{
		name: "two spaces behind the method",
		requests: "GET  /a HTTP/1.1\r\n\r\n",
		llhttp: [1, "accepts"],
		exchanges: [],
		counters: { not_http: 1 },
	},
	{
		name: "text behind `*`",
		requests: "GET *a HTTP/1.1\r\n\r\n",
		llhttp: [1, "accepts"],
		exchanges: [],
		counters: { not_http: 1 },
	},
	{ name: "HTTP/0.9", requests: "GET /a\r\n\r\n", llhttp: [1, "accepts"], exchanges: [], counters: { unsupported: 1 } },
	{
		name: "RTSP and ICE",
		requests: "OPTIONS /a RTSP/1.0\r\n\r\n",
		llhttp: [1, "accepts"],
		exchanges: [],
		counters: { not_http: 1 },
	},
	{
		name: "RTSP and ICE",
		requests: "SOURCE /a ICE/1.0\r\n\r\n",
		llhttp: [1, "accepts"],
		exchanges: [],
		counters: { unsupported: 1 },
	},
	{
		name: "lengths of 19 digits and more",
		requests: `${POST}Content-Length: 0000000000000000003\r\n\r\nabc`,
		llhttp: [1, "accepts"],
		exchanges: ["POST /a 200"],
		counters: { request_framing: 1 },
	},
	{
		name: "status codes below 100",
		responses: "HTTP/1.1 099 x\r\nContent-Length: 0\r\n\r\n",
		llhttp: [1, "accepts"],
		exchanges: [],
		counters: { response_unparsed: 1 },
	},
];

describe("differences from llhttp", () => {
	let replay: Replay;
	before(() => {
		buildFuzzers();
		replay = new Replay();
	});
	after(() => replay.close());

	for (const difference of DIFFERENCES) {
		const {
			name,
			requests = "GET /a HTTP/1.1\r\n\r\n",
			responses = EMPTY,
			llhttp,
			exchanges,
			counters = {},
		} = difference;
		const isAboutResponses = difference.direction === "responses" || difference.requests === undefined;
		test(`${name}: ${JSON.stringify((isAboutResponses ? responses : requests).slice(0, 70))}`, async () => {
			const counted = await replay.play(`s{${literal(requests)}}${literal(responses)}`);
			assert.deepEqual(seen(counted), { exchanges, counters });
			const parsed = isAboutResponses ? parseResponses(responses, ASKED, false) : parseRequests(requests, false);
			assert.deepEqual([parsed.heads.length, parsed.refusal === undefined ? "accepts" : "refuses"], llhttp);
		});
	}

	test("README.md lists them", () => {
		const readme = readFileSync(fileURLToPath(new URL("../../../test/fuzz/README.md", import.meta.url)), "utf8");
		const rows = [...readme.matchAll(/^\| ([^|]+?) \|/gm)].map(([, name]) => name);
		const listed = rows.filter((name) => name !== "what" && !name?.startsWith("-"));
		assert.deepEqual(new Set(listed), new Set(DIFFERENCES.map(({ name }) => name)));
	});
});

function seen({ exchanges, counters }: Counted): { exchanges: readonly string[]; counters: Record<string, number> } {
	return { exchanges, counters: { ...counters } };
}
