/**
 * A server with bodies of every size and framing, full of HTTP text, as a program that counts what it answers: says its
 * port, and when it is asked to end its counts as JSON, `{"GET /small 200": 17}`.
 *
 *     node mixed-server.js ADDRESS
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

const TEXT = "GET /in-a-body HTTP/1.1\r\n\r\nHTTP/1.1 500 Not an Answer\r\nContent-Length: 0\r\n\r\n";
const SIZES: Readonly<Record<string, number>> = { "/small": 5, "/medium": 30_000, "/big": 200_000 };
const CHUNKED_PIECES = 6;
const counts: Record<string, number> = {};

function body(bytes: number): Buffer {
	return Buffer.alloc(bytes, TEXT);
}

function answer({ method = "", url = "" }: IncomingMessage, response: ServerResponse): void {
	const size = SIZES[url];
	response.statusCode = method === "POST" ? 201 : size === undefined && url !== "/chunked" ? 404 : 200;
	const key = `${method} ${url} ${response.statusCode}`;
	counts[key] = (counts[key] ?? 0) + 1;
	if (url === "/chunked") {
		for (let i = 0; i < CHUNKED_PIECES; i++) response.write(body(10_000));
		response.end();
	} else {
		const bytes = body(size ?? 100);
		response.setHeader("Content-Length", bytes.length);
		response.end(bytes);
	}
}

const server = createServer((request, response) => {
	request.resume().on("end", () => answer(request, response));
});
server.keepAliveTimeout = 60_000;
server.listen(0, process.argv[2], () => {
	const address = server.address();
	if (address !== null && typeof address === "object") console.log(address.port);
});
process.on("SIGTERM", () => {
	console.log(JSON.stringify(counts));
	process.exit();
});
