/** Messages, as the tests write them. */
import type { Conversation } from "./conversation.js";

/** A head of those lines. */
export function head(...lines: string[]): string {
	return `${lines.join("\r\n")}\r\n\r\n`;
}

/** A body in those chunks. */
export function chunked(...chunks: string[]): string {
	return `${chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join("")}0\r\n\r\n`;
}

/** A whole response. */
export function answer(status: number, body = ""): string {
	return `${head(`HTTP/1.1 ${status} x`, `Content-Length: ${body.length}`)}${body}`;
}

/** Two exchanges, the second with a body of each framing. */
export const GET = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
export const OK = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
export const POST = "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789";
export const CREATED = "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";

/** The line of last(). */
export const LAST = ["DELETE /z 200"];

/** One more exchange: it is counted only where framing goes on. */
export function last(c: Conversation): Conversation {
	return c.request("DELETE /z HTTP/1.1\r\n\r\n").response(OK);
}
