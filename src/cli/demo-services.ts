/** The servers of `httpeek demo`: small services with the good and bad habits of real ones. */
import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const USERS = 20;
const USERS_ETAG = '"users-1"';
/** One order in this many fails. */
const FAILING_ORDER = 12;
const SLOW_MIN_MS = 120;
const SLOW_SPREAD_MS = 400;
/** A demo does not take more than this from a client. */
const MAX_BODY_BYTES = 64 * 1024;

/** What the demo can start, each as a process of its own. */
export const DEMO_SERVICES: Readonly<Record<string, RequestListener>> = {
	"demo-users": (request, response) => {
		const path = request.url ?? "/";
		const id = /^\/api\/users\/(\d+)$/.exec(path)?.[1];
		if (path === "/api/users" && request.headers["if-none-match"] === USERS_ETAG) respond(response, 304, "");
		else if (path === "/api/users") respond(response, 200, listUsers(), { etag: USERS_ETAG });
		else if (id !== undefined && Number(id) <= USERS) respond(response, 200, JSON.stringify({ id: Number(id) }));
		else respond(response, 404, '{"error":"not found"}');
	},
	"demo-shop": (request, response) => {
		const path = request.url ?? "/";
		if (path === "/") respond(response, 200, "<!doctype html><title>shop</title>");
		else if (path === "/api/orders" && request.method === "POST") {
			drain(request, () => {
				if (Math.random() * FAILING_ORDER < 1) respond(response, 500, '{"error":"payment failed"}');
				else respond(response, 201, '{"order":1}');
			});
		} else if (path === "/api/reports") {
			const timer = setTimeout(
				() => respond(response, 200, '{"rows":[]}'),
				SLOW_MIN_MS + Math.random() * SLOW_SPREAD_MS,
			);
			response.on("close", () => clearTimeout(timer));
		} else if (path !== "/api/stock") respond(response, 404, '{"error":"not found"}');
		// /api/stock is never answered: its clients give up.
	},
};

/** Starts a service on a free port of loopback. */
export function startService(listener: RequestListener): Promise<{ server: Server; port: number }> {
	const server = createServer(listener);
	return new Promise((resolve, reject) => {
		server.once("error", reject);
		server.listen(0, "127.0.0.1", () => resolve({ server, port: (server.address() as AddressInfo).port }));
	});
}

function listUsers(): string {
	return JSON.stringify(Array.from({ length: USERS }, (_, index) => ({ id: index + 1 })));
}

/** Node leaves the body away by itself for HEAD and 304. */
function respond(response: ServerResponse, status: number, body: string, headers: Record<string, string> = {}): void {
	response.writeHead(status, { "content-type": "application/json", ...headers }).end(body);
}

function drain(request: Parameters<RequestListener>[0], done: () => void): void {
	let bytes = 0;
	request.on("data", (chunk: Buffer) => {
		bytes += chunk.length;
		if (bytes > MAX_BODY_BYTES) request.destroy();
	});
	request.on("end", done);
}
