/** Random conversations: valid ones, and what becomes of them when bytes are changed. One byte for each character. */
import fc from "fast-check";

/** Requests that are sent without waiting, and then their responses. */
export interface Turn {
	readonly requests: string;
	readonly responses: string;
}

export interface Cuts {
	readonly requests: readonly number[];
	readonly responses: readonly number[];
}

const CRLF = "\r\n";
const BODY_TEXT = "GET /in-a-body HTTP/1.1\r\n\r\nHTTP/1.1 500 In-a-body\r\nContent-Length: 9\r\n\r\n0\r\n\r\n";

const fieldName = fc.constantFrom(
	"Host",
	"Accept",
	"Cookie",
	"Content-Type",
	"Content-Security-Policy",
	"Trailer",
	"C",
	"T",
);
const fieldValue = fc.oneof(
	{ weight: 6, arbitrary: fc.stringMatching(/^[ -~]{0,40}$/) },
	{ weight: 1, arbitrary: fc.integer({ min: 0, max: 2500 }).map((length) => "c".repeat(length)) },
);
/** Header lines that say nothing of the body. */
const fields = fc
	.array(fc.tuple(fieldName, fieldValue), { maxLength: 6 })
	.map((lines) => lines.map(([name, value]) => `${name}: ${value.trim()}${CRLF}`).join(""));

const randomCase = (name: string) => fc.mixedCase(fc.constant(name));
const blank = fc.constantFrom("", " ", "\t", "  ");
/** Body bytes, which may look like HTTP. */
const body = fc.oneof(
	fc.string({ maxLength: 60 }).map((text) => text.replace(/[^\0-\xff]/g, "?")),
	fc.integer({ min: 0, max: 1500 }).map((length) => BODY_TEXT.repeat(40).slice(0, length)),
);

interface Framed {
	readonly lines: string;
	readonly body: string;
}

const noBody: fc.Arbitrary<Framed> = fc.constant({ lines: "", body: "" });
const withLength: fc.Arbitrary<Framed> = fc
	.record({ name: randomCase("Content-Length"), blank, body, zeroes: fc.constantFrom("", "0", "000") })
	.map(({ name, blank, body, zeroes }) => ({ lines: `${name}:${blank}${zeroes}${body.length}${CRLF}`, body }));
const chunk = fc
	.record({ data: body, extension: fc.constantFrom("", ";a", ";a=b", ';a="b c"'), isUpper: fc.boolean() })
	.filter(({ data }) => data !== "")
	.map(({ data, extension, isUpper }) => {
		const size = data.length.toString(16);
		return `${isUpper ? size.toUpperCase() : `0${size}`}${extension}${CRLF}${data}${CRLF}`;
	});
const chunked: fc.Arbitrary<Framed> = fc
	.record({
		name: randomCase("Transfer-Encoding"),
		value: fc.constantFrom("chunked", "Chunked", "gzip, chunked"),
		blank,
		chunks: fc.array(chunk, { maxLength: 4 }),
		trailers: fields,
	})
	.map(({ name, value, blank, chunks, trailers }) => ({
		lines: `${name}:${blank}${value}${CRLF}`,
		body: `${chunks.join("")}0${CRLF}${trailers}${CRLF}`,
	}));

const segment = fc.oneof(fc.stringMatching(/^[a-z0-9._-]{1,20}$/), fc.nat().map(String), fc.uuid());
const target = fc.oneof(
	{
		weight: 8,
		arbitrary: fc
			.tuple(fc.array(segment, { maxLength: 5 }), fc.constantFrom("", "?", "?a=1&b=/x", "/"))
			.map(([segments, end]) => `/${segments.join("/")}${end}`),
	},
	{ weight: 1, arbitrary: fc.constantFrom("http://host.example/p/1?q", "https://h:8443/x", "http://host.example") },
	{ weight: 1, arbitrary: fc.nat({ max: 1200 }).map((length) => `/${"long".repeat(length).slice(0, length)}`) },
);
const method = fc.constantFrom("GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND");
const status = fc.constantFrom(200, 201, 204, 301, 304, 400, 404, 500, 599);

/** A request and its response, with interim ones before it. */
const exchange = fc
	.record({
		method,
		target,
		emptyLines: fc.constantFrom("", "", "", CRLF, CRLF + CRLF),
		fields: fc.tuple(fields, fields, fields, fields),
		request: fc.oneof(noBody, noBody, withLength, chunked),
		interim: fc.array(fc.constantFrom("100 Continue", "103 Early Hints", "102 "), { maxLength: 2 }),
		status,
		reason: fc.constantFrom("", "OK", "Not Found at all", "\xe4\xf6"),
		response: fc.oneof(withLength, chunked),
	})
	.map(({ method, target, emptyLines, fields, request, interim, status, reason, response }) => {
		const hasNoBody = method === "HEAD" || status === 204 || status === 304;
		const before = interim.map((line) => `HTTP/1.1 ${line}${CRLF}${fields[2]}${CRLF}`).join("");
		return {
			request: `${emptyLines}${method} ${target} HTTP/1.1${CRLF}${fields[0]}${request.lines}${fields[1]}${CRLF}${request.body}`,
			response: `${before}HTTP/1.1 ${status} ${reason}${CRLF}${fields[2]}${response.lines}${fields[3]}${CRLF}${hasNoBody ? "" : response.body}`,
		};
	});

/** Conversations as RFC 9112 wants them; the last response may end with the connection. */
export const validTurns: fc.Arbitrary<readonly Turn[]> = fc
	.tuple(fc.array(fc.array(exchange, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }), fc.boolean())
	.map(([turns, endsWithConnection]) => [
		...turns.map((exchanges) => ({
			requests: exchanges.map(({ request }) => request).join(""),
			responses: exchanges.map(({ response }) => response).join(""),
		})),
		...(endsWithConnection
			? [{ requests: `GET /last HTTP/1.1${CRLF}${CRLF}`, responses: `HTTP/1.1 200 OK${CRLF}${CRLF}${BODY_TEXT}` }]
			: []),
	]);

/** Pieces that make a parser's life hard. */
const splice = fc.constantFrom(
	...["\r", "\n", "\r\n", "\r\n\r\n", " ", "\t", ":", ",", ";", "\0", "\x7f", "\xff", "0", "9", "a", "/", "?", "*"],
	...[
		"Content-Length: 3\r\n",
		"Content-Length: 0\r\n",
		"Transfer-Encoding: chunked\r\n",
		"Transfer-Encoding: gzip\r\n",
	],
	...[
		"HTTP/1.1",
		"HTTP/1.1 200 OK\r\n\r\n",
		"GET /spliced HTTP/1.1\r\n\r\n",
		"0\r\n\r\n",
		" chunked",
		"ffffffffffffffff",
	],
);
interface Change {
	/** Where, as a fraction of all bytes. */
	readonly where: number;
	readonly removed: number;
	readonly added: string;
}
const change: fc.Arbitrary<Change> = fc.record({
	where: fc.double({ min: 0, max: 1, noNaN: true }),
	removed: fc.constantFrom(0, 0, 1, 1, 2, 5, 30),
	added: fc.oneof(fc.constant(""), splice),
});

/** Conversations in which something is wrong, most likely. */
export const brokenTurns: fc.Arbitrary<readonly Turn[]> = fc
	.tuple(validTurns, fc.array(fc.tuple(fc.nat(), fc.boolean(), change), { minLength: 1, maxLength: 3 }))
	.map(([turns, changes]) => {
		const broken = turns.map((turn) => ({ ...turn }));
		for (const [index, isRequest, change] of changes) {
			const turn = broken[index % broken.length];
			if (turn === undefined) continue;
			if (isRequest) turn.requests = apply(change, turn.requests);
			else turn.responses = apply(change, turn.responses);
		}
		return broken;
	});

function apply({ where, removed, added }: Change, bytes: string): string {
	const at = Math.floor(where * bytes.length);
	return `${bytes.slice(0, at)}${added}${bytes.slice(at + removed)}`;
}

/** Where to cut each turn's bytes into segments. */
export const cuts: fc.Arbitrary<Cuts> = fc.record({
	requests: fc.array(fc.nat({ max: 3000 }), { maxLength: 12 }),
	responses: fc.array(fc.nat({ max: 3000 }), { maxLength: 12 }),
});
