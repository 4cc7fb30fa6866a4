/**
 * Node's own HTTP parser, llhttp, on its own: what it makes of both directions of a conversation. node:http hides where
 * messages begin and end, so this asks the binding behind it, which is not documented: Node.js may change it.
 * https://github.com/nodejs/node/blob/v20.20.0/src/node_http_parser.cc
 */
import { Method } from "../../src/wire/layout.js";

interface Parser {
	initialize(type: number, resource: object, maxHeaderSize: number, lenientFlags: number): void;
	execute(bytes: Buffer): number | Error;
	[callback: number]: unknown;
}

interface ParserClass {
	new (): Parser;
	readonly REQUEST: number;
	readonly RESPONSE: number;
	readonly kOnHeaders: number;
	readonly kOnHeadersComplete: number;
	readonly kOnMessageComplete: number;
	readonly kLenientNone: number;
	readonly kLenientAll: number;
	readonly kLenientOptionalLFAfterCR: number;
	readonly kLenientOptionalCRLFAfterChunk: number;
}

interface Binding {
	readonly HTTPParser: ParserClass;
	readonly methods: readonly string[];
}

const { HTTPParser, methods } = (process as unknown as { binding(name: "http_parser"): Binding }).binding(
	"http_parser",
);
const LARGEST_HEAD_BYTES = 1 << 20;
/** All but taking a CR alone for the end of a line, and chunks without one: nobody reads them so. */
const LENIENT =
	HTTPParser.kLenientAll & ~HTTPParser.kLenientOptionalLFAfterCR & ~HTTPParser.kLenientOptionalCRLFAfterChunk;
/** What a callback for a head returns. */
const AFTER_HEAD = { body: 0, noBody: 1, leaveHttp: 2 } as const;

export interface ParsedRequest {
	readonly method: string;
	readonly url: string;
}

/** What llhttp saw of one direction, up to where it refused to go on. */
interface Parsed<Head> {
	readonly heads: readonly Head[];
	/** Messages that were seen to their end. */
	readonly complete: number;
	/** Why it refused the rest; undefined: it did not. */
	readonly refusal: string | undefined;
}

/** @param bytes one for each character */
export function parseRequests(bytes: string, isLenient: boolean): Parsed<ParsedRequest> {
	return parse<ParsedRequest>(HTTPParser.REQUEST, bytes, isLenient, (heads, head) => {
		const method = methods[head.method] ?? "";
		heads.push({ method, url: head.url });
		return AFTER_HEAD.body;
	});
}

/** @param asked the requests that are answered, in order. Interim responses are among the heads. */
export function parseResponses(bytes: string, asked: readonly ParsedRequest[], isLenient: boolean): Parsed<number> {
	let answered = 0;
	return parse<number>(HTTPParser.RESPONSE, bytes, isLenient, (heads, { status }) => {
		heads.push(status);
		if (status < 200 && status !== 101) return AFTER_HEAD.body;
		const method = asked[answered++]?.method;
		if (status === 101 || (method === "CONNECT" && status < 300)) return AFTER_HEAD.leaveHttp;
		return method === "HEAD" ? AFTER_HEAD.noBody : AFTER_HEAD.body;
	});
}

interface Head {
	readonly method: number;
	readonly url: string;
	readonly status: number;
}

function parse<T>(
	type: number,
	bytes: string,
	isLenient: boolean,
	onHead: (heads: T[], head: Head) => number,
): Parsed<T> {
	const parser = new HTTPParser();
	const heads: T[] = [];
	let url = "";
	let complete = 0;
	parser.initialize(type, {}, LARGEST_HEAD_BYTES, isLenient ? LENIENT : HTTPParser.kLenientNone);
	// the target comes early when there are many header lines
	parser[HTTPParser.kOnHeaders] = (_headers: unknown, part: string) => {
		url += part;
	};
	parser[HTTPParser.kOnHeadersComplete] = (...head: unknown[]) => {
		const [, , , method, whole, status] = head as [number, number, unknown, number, string | undefined, number];
		const result = onHead(heads, { method, url: whole ?? url, status });
		url = "";
		return result;
	};
	parser[HTTPParser.kOnMessageComplete] = () => {
		complete++;
		url = ""; // trailers come with it once more
	};
	const result = parser.execute(Buffer.from(bytes, "latin1"));
	return { heads, complete, refusal: result instanceof Error ? result.message : undefined };
}

const KNOWN_METHODS = new Set<string>(Object.keys(Method));
const ROUTE_BYTES = 128;
/** A number, or a long word of hex digits and dashes with a digit in it. */
const ID = /^(?:\d+|(?=[^\d]*\d)[\da-fA-F-]{16,})$/;

/** The exchange as counted, `GET /route 200`: what bpf/route.h does, said once more. */
export function exchangeLine({ method, url }: ParsedRequest, status: number): string {
	return `${KNOWN_METHODS.has(method) ? method : "OTHER"} ${routeOf(method, url)} ${status}`;
}

function routeOf(method: string, url: string): string {
	if (url.startsWith("*")) return "*";
	if (method === "CONNECT" && !url.startsWith("/")) return ":authority";
	const [path = ""] = url.replace(/^[a-z]+:\/\/[^/?#]*/i, "").split(/[?#]/);
	if (path === "") return "/";
	const route = path
		.slice(0, ROUTE_BYTES)
		.split("/")
		.map((segment) => (ID.test(segment) ? ":id" : segment))
		.join("/");
	return route.slice(0, ROUTE_BYTES);
}
