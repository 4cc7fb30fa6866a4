/** Messages, as the tests write them. */

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
