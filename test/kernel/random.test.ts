/** Random conversations are counted exactly; random bytes are never counted as any. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { describeKernel } from "./cases.js";
import { conversation } from "./conversation.js";
import { lines } from "./counts.js";

type Body = { readonly kind: "none" | "length" | "chunked"; readonly text: string; readonly chunkBytes: number };
interface RandomExchange {
	readonly method: string;
	readonly path: string;
	readonly requestBody: Body;
	readonly status: number;
	readonly responseBody: Body;
	readonly fields: string;
	readonly hasContinue: boolean;
}

/** What a body may be made of: bytes, and text that looks like messages. */
const anyBytes = fc.string({
	unit: fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte)),
	maxLength: 60,
});
const bodyText = fc.oneof(
	anyBytes,
	fc.constantFrom("GET /bait HTTP/1.1\r\n\r\n", "HTTP/1.1 500 x\r\n\r\n", "0\r\n\r\n", "\r\n\r\n", "5\r\nhello\r\n"),
);
const bodyOf = (text: fc.Arbitrary<string>): fc.Arbitrary<Body> =>
	fc.record({ kind: fc.constantFrom("none", "length", "chunked"), text, chunkBytes: fc.integer({ min: 7, max: 40 }) });
const body = bodyOf(bodyText);
/** A body that cannot be taken for anything else. */
const plainBody = bodyOf(fc.stringMatching(/^[a-z ]{0,60}$/));

const longBody = bodyOf(fc.stringMatching(/^[a-z ]{0,200}$/));

/** An exchange that shows whether counting goes on. */
const END = ["GET /end HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"] as const;

/** Pieces of messages that are none. */
const SCRAPS = [
	"GET / HTTP/2",
	"GET /a b\r\n\r\n",
	"HTTP/1",
	"HTTP/2.0 200 OK\r\n\r\n",
	"Content-Length: 5\r\n\r\n",
	"\r\n",
	"POST ",
	"0\r\n\r\n",
];

const fields = fc
	.array(
		fc.constantFrom(
			"Host: a",
			"X-Content-Length: 7",
			"Accept: */*",
			"Content-Type: text/plain",
			"T: chunked",
			"C:",
			"X: \t ",
		),
		{ maxLength: 4 },
	)
	.map((names) => names.map((name) => `${name}\r\n`).join(""));

const parts = {
	method: fc.constantFrom("GET", "HEAD", "POST", "PUT", "PATCH", "MKCOL"),
	path: fc.constantFrom("/", "/a", "/b/c", "/items/7", "/items/8?x=/y"),
	requestBody: body,
	status: fc.constantFrom(200, 201, 204, 301, 304, 404, 500),
	responseBody: body,
	fields,
	hasContinue: fc.boolean(),
};
const exchange: fc.Arbitrary<RandomExchange> = fc.record(parts);

/** How many messages pass in one direction before the other one has its turn. */
const conversations = fc.record({
	role: fc.constantFrom("server" as const, "client" as const),
	batches: fc.array(fc.array(exchange, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
	cuts: fc.array(fc.nat({ max: 700 }), { maxLength: 12 }),
	/** Bytes of each direction that are sent again after a batch. */
	again: fc.integer({ min: 1, max: 60 }),
});

function framed({ kind, text, chunkBytes }: Body, fields: string): string {
	if (kind === "none") return `${fields}\r\n`;
	if (kind === "length") return `${fields}Content-Length: ${text.length}\r\n\r\n${text}`;
	const chunks = text.match(new RegExp(`[^]{1,${chunkBytes}}`, "g")) ?? [];
	const lines = chunks.map((chunk) => `${chunk.length.toString(16)};x\r\n${chunk}\r\n`).join("");
	return `${fields}Transfer-Encoding: chunked\r\n\r\n${lines}0\r\n\r\n`;
}

function requestOf({ method, path, requestBody, fields }: RandomExchange): string {
	return `${method} ${path} HTTP/1.1\r\n${framed(requestBody, fields)}`;
}

function responseOf({ method, status, responseBody, fields, hasContinue }: RandomExchange): string {
	// without a length a response would end with the connection
	const bounded: Body = responseBody.kind === "none" ? { ...responseBody, kind: "length", text: "" } : responseBody;
	const whole = `HTTP/1.1 ${status} Some Reason\r\n${framed(bounded, fields)}`;
	const hasBody = method !== "HEAD" && status !== 204 && status !== 304;
	const sent = hasBody ? whole : whole.slice(0, whole.indexOf("\r\n\r\n") + 4);
	return (hasContinue ? "HTTP/1.1 100 Continue\r\n\r\n" : "") + sent;
}

function rowOf({ method, path, status }: RandomExchange): string {
	const known = method === "MKCOL" ? "_OTHER" : method;
	return `${known} ${path.replace(/\?.*/, "").replace(/\d+/, ":id")} ${status}`;
}

/** Rows as lines() writes them. */
function tally(rows: readonly string[]): string[] {
	const counts = new Map<string, number>();
	for (const row of rows) counts.set(row, (counts.get(row) ?? 0) + 1);
	return [...counts].map(([row, count]) => (count === 1 ? row : `${row} x${count}`)).sort();
}

describeKernel("random", (harness) => {
	test("valid conversations, cut anywhere and sent twice, give the exchanges that they were built from", () => {
		fc.assert(
			fc.property(conversations, ({ role, batches, cuts, again }) => {
				const c = conversation({ role, split: cuts });
				let [requests, responses] = ["", ""];
				for (const batch of batches) {
					const [asked, answered] = [batch.map(requestOf).join(""), batch.map(responseOf).join("")];
					c.request(asked).response(answered);
					requests += asked;
					responses += answered;
					c.request(requests.slice(-again), { at: Math.max(0, requests.length - again) });
					c.response(responses.slice(-again), { at: Math.max(0, responses.length - again) });
				}
				const all = batches.flat();
				const played = harness().play(c);
				assert.deepEqual(lines(played.exchanges), tally(all.map(rowOf)));
				const informational = all.filter(({ hasContinue }) => hasContinue).length;
				assert.deepEqual(played.counters, informational === 0 ? {} : { informational });
				assert.equal(played.inFlight, 0);
				assert.deepEqual(played.ended, { mode: "http", request: "start", response: "start", pending: 0 });
				for (const exchange of played.exchanges) assert.equal(exchange.role, role);
			}),
			{ numRuns: 3000 },
		);
	});

	test("segments that no hook sees: nothing is invented, and whatever is missing is told", () => {
		const plain = fc.record({
			...parts,
			requestBody: plainBody,
			responseBody: plainBody,
			hasContinue: fc.constant(false),
		});
		const lossy = fc.array(fc.tuple(plain, fc.boolean(), fc.boolean()), { minLength: 1, maxLength: 8 });
		fc.assert(
			fc.property(fc.constantFrom("server" as const, "client" as const), lossy, (role, exchanges) => {
				const c = conversation({ role });
				for (const [exchange, isRequestSeen, isResponseSeen] of exchanges) {
					const [request, response] = [requestOf(exchange), responseOf(exchange)];
					if (isRequestSeen) c.request(request);
					else c.unseen("request", request.length);
					if (isResponseSeen) c.response(response);
					else c.unseen("response", response.length);
				}
				const played = harness().play(c.request(END[0]).response(END[1]).request(END[0]).response(END[1]));
				const whole = exchanges.filter(([, isRequestSeen, isResponseSeen]) => isRequestSeen && isResponseSeen);
				const rows = lines(played.exchanges).join("\n");
				const counted = played.exchanges.reduce((sum, { count }) => sum + count, 0);
				assert.ok(counted <= whole.length + 2, `${counted} counted of ${whole.length + 2}:\n${rows}`);
				assert.match(rows, /^GET \/end 200/m, "counting goes on");
				const seen = exchanges.filter(([, ...isSeen]) => isSeen.includes(true));
				if (counted < seen.length + 2)
					assert.ok(Object.keys(played.counters).length > 0, `only these, and no loss:\n${rows}`);
				assert.equal(played.inFlight, played.ended.pending);
			}),
			{ numRuns: 1500 },
		);
	});

	test("segments out of order: nothing is invented, and whatever is missing is told", () => {
		const plain = fc.record({
			...parts,
			requestBody: longBody,
			responseBody: longBody,
			hasContinue: fc.constant(false),
		});
		const order = fc.array(fc.nat({ max: 9 }), { minLength: 10, maxLength: 10 });
		const shuffled = fc.array(fc.tuple(plain, order, order), { minLength: 1, maxLength: 4 });
		fc.assert(
			fc.property(fc.constantFrom("server" as const, "client" as const), shuffled, (role, exchanges) => {
				const c = conversation({ role });
				let [requests, responses] = [0, 0];
				for (const [exchange, requestOrder, responseOrder] of exchanges) {
					const [request, response] = [requestOf(exchange), responseOf(exchange)];
					for (const [from, piece] of shuffle(request, requestOrder)) c.request(piece, { at: requests + from });
					for (const [from, piece] of shuffle(response, responseOrder)) c.response(piece, { at: responses + from });
					requests += request.length;
					responses += response.length;
				}
				const played = harness().play(c.request(END[0]).response(END[1]).request(END[0]).response(END[1]));
				const rows = lines(played.exchanges).join("\n");
				const counted = played.exchanges.reduce((sum, { count }) => sum + count, 0);
				assert.ok(counted <= exchanges.length + 2, `${counted} counted of ${exchanges.length + 2}:\n${rows}`);
				assert.match(rows, /^GET \/end 200/m, "counting goes on");
				if (counted < exchanges.length + 2)
					assert.ok(Object.keys(played.counters).length > 0, `only these, and no loss:\n${rows}`);
				assert.equal(played.inFlight, played.ended.pending);
			}),
			{ numRuns: 1500 },
		);
	});

	test("garbage is no exchange, and no program fails on it", () => {
		const garbage = fc.array(
			fc.tuple(fc.boolean(), fc.oneof(anyBytes, fc.constantFrom(...SCRAPS)), fc.integer({ min: -200, max: 200 })),
			{ maxLength: 20 },
		);
		const ends = fc.record({ role: fc.constantFrom("server" as const, "client" as const), isAdopted: fc.boolean() });
		fc.assert(
			fc.property(ends, garbage, (end, messages) => {
				const c = conversation(end);
				let [sent, answered] = [0, 0];
				for (const [isRequest, bytes, shift] of messages) {
					// a third of them out of place
					const move = shift % 3 === 0 ? shift : 0;
					if (isRequest) c.request(bytes, { at: Math.max(0, sent + move) });
					else c.response(bytes, { at: Math.max(0, answered + move) });
					if (isRequest) sent += bytes.length;
					else answered += bytes.length;
				}
				assert.deepEqual(lines(harness().play(c).exchanges), []);
			}),
			{ numRuns: 3000 },
		);
	});

	test("damaged conversations give no more exchanges than there are status lines", () => {
		const damage = fc.array(fc.tuple(fc.nat({ max: 600 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 6 });
		fc.assert(
			fc.property(conversations, damage, damage, ({ role, batches, cuts }, inRequests, inResponses) => {
				const requests = damaged(batches.flat().map(requestOf).join(""), inRequests);
				const responses = damaged(batches.flat().map(responseOf).join(""), inResponses);
				const played = harness().play(conversation({ role, split: cuts }).request(requests).response(responses));
				const counted = played.exchanges.reduce((sum, { count }) => sum + count, 0);
				assert.ok(counted <= responses.split("HTTP/1.").length - 1);
			}),
			{ numRuns: 1500 },
		);
	});
});

/** Bytes replaced by others. */
function damaged(text: string, damage: readonly (readonly [at: number, byte: number])[]): string {
	const bytes = Buffer.from(text, "latin1");
	for (const [at, byte] of damage) bytes[at % bytes.length] = byte;
	return bytes.toString("latin1");
}

/** A text in pieces of some length, with their offsets, in another order. */
function shuffle(text: string, order: readonly number[]): [from: number, piece: string][] {
	const bytes = Math.ceil(text.length / order.length);
	return order
		.map((rank, index): [rank: number, from: number] => [rank, index * bytes])
		.filter(([, from]) => from < text.length)
		.sort(([a], [b]) => a - b)
		.map(([, from]) => [from, text.slice(from, from + bytes)]);
}
