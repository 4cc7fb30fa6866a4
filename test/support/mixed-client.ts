/**
 * A client of mixed-server.ts: asks for everything in turn over kept-alive connections, one request after another on
 * each, and prints how many answers it has read to their ends as JSON, `{"GET /small 200": 17}`.
 *
 *     node mixed-client.js URL CONNECTIONS REQUESTS_PER_CONNECTION
 */
import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";

const TEXT = "GET /in-a-body HTTP/1.1\r\n\r\n";
const TARGETS = [
	"GET /small",
	"POST /form",
	"GET /medium",
	"HEAD /big",
	"GET /chunked",
	"GET /missing",
	"GET /small",
	"POST /upload",
	"GET /big",
] as const;
const UPLOADS: Readonly<Record<string, Buffer>> = {
	"/form": Buffer.alloc(500, TEXT),
	"/upload": Buffer.alloc(30_000, TEXT),
};
const [base = "", connections, requests] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: Number(connections) });
const counts: Record<string, number> = {};

async function ask(target: string): Promise<void> {
	const [method = "", path = ""] = target.split(" ");
	const upload = UPLOADS[path];
	// one has a length, the other comes in chunks
	const headers: Record<string, string> = path === "/form" ? { "Content-Length": `${upload?.length}` } : {};
	const asked = request(base + path, { method, agent, headers });
	if (upload !== undefined)
		for (let at = 0; at < upload.length; at += 7000) asked.write(upload.subarray(at, at + 7000));
	asked.end();
	const [response] = (await once(asked, "response")) as [IncomingMessage];
	await once(response.resume(), "end");
	const key = `${method} ${path} ${response.statusCode}`;
	counts[key] = (counts[key] ?? 0) + 1;
}

async function goOn(first: number): Promise<void> {
	for (let i = 0; i < Number(requests); i++) await ask(TARGETS[(first + i) % TARGETS.length] ?? "");
}

await Promise.all(Array.from({ length: Number(connections) }, (_, i) => goOn(i)));
agent.destroy();
console.log(JSON.stringify(counts));
