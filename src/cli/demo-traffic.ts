/**
 * The traffic of `httpeek demo`, as a program: it starts the demo's services, a process each, and is their client. It
 * ends on SIGTERM and SIGINT, and by itself when its parent has gone; the services end when it does.
 */
import { type ChildProcess, fork } from "node:child_process";
import { Agent, request } from "node:http";
import { fileURLToPath } from "node:url";
import { DEMO_SERVICES, startService } from "./demo-services.js";

const REQUESTS_PER_SECOND = 80;
/** Requests that are under way at once; when there are as many, the next is not sent. */
const MAX_IN_FLIGHT = 64;
const SOCKETS_PER_SERVICE = 8;
/** When the client gives up. */
const GIVE_UP_MS = 3_000;
const PARENT_CHECK_MS = 500;
const ORDER = JSON.stringify({ product: 17, quantity: 2 });

interface DemoRequest {
	readonly service: string;
	readonly method: string;
	readonly path: () => string;
	/** How often it is sent, in relation to the others. */
	readonly weight: number;
	readonly body?: string;
	readonly headers?: Readonly<Record<string, string>>;
	readonly giveUpMs?: number;
}

const randomBelow = (limit: number) => Math.floor(Math.random() * limit);

const REQUESTS: readonly DemoRequest[] = [
	{ service: "demo-shop", method: "GET", path: () => "/", weight: 25 },
	{ service: "demo-shop", method: "POST", path: () => "/api/orders", weight: 12, body: ORDER },
	{ service: "demo-shop", method: "GET", path: () => "/api/reports", weight: 3 },
	{ service: "demo-shop", method: "GET", path: () => "/api/stock", weight: 2, giveUpMs: 300 },
	{ service: "demo-shop", method: "GET", path: () => "/favicon.ico", weight: 4 },
	{ service: "demo-users", method: "GET", path: () => "/api/users", weight: 15 },
	{
		service: "demo-users",
		method: "GET",
		path: () => "/api/users",
		weight: 6,
		headers: { "if-none-match": '"users-1"' },
	},
	{ service: "demo-users", method: "HEAD", path: () => "/api/users", weight: 4 },
	// Users 21 and 22 do not exist.
	{ service: "demo-users", method: "GET", path: () => `/api/users/${1 + randomBelow(22)}`, weight: 25 },
];

/** Each request as often as it weighs. */
const TICKETS = REQUESTS.flatMap((request) => Array<DemoRequest>(request.weight).fill(request));

const role = process.argv[2];
const listener = role === undefined ? undefined : DEMO_SERVICES[role];
if (role !== undefined && listener !== undefined) await runService(role, listener);
else await runClient();

/** A service: tells its port to the client that forked it, and ends with it. */
async function runService(name: string, listener: Parameters<typeof startService>[0]): Promise<void> {
	// The kernel shows the title's first 15 bytes as the name of the process.
	process.title = name;
	process.on("disconnect", () => process.exit(0));
	// Ctrl-C reaches the whole group: the client decides when the services end.
	process.on("SIGINT", () => {});
	const { port } = await startService(listener);
	process.send?.({ port });
}

async function runClient(): Promise<void> {
	process.title = "demo-client";
	const program = fileURLToPath(import.meta.url);
	const names = Object.keys(DEMO_SERVICES);
	const children = names.map((name) => fork(program, [name], { stdio: ["ignore", "inherit", "inherit", "ipc"] }));
	const end = (code: number) => {
		for (const child of children) child.kill("SIGTERM");
		process.exit(code);
	};
	process.on("SIGTERM", () => end(0));
	process.on("SIGINT", () => end(0));
	process.on("disconnect", () => end(0));
	for (const child of children) child.on("exit", () => end(1));
	const parent = process.ppid;
	setInterval(() => {
		if (process.ppid !== parent) end(0);
	}, PARENT_CHECK_MS);

	const ports = new Map<string, number>();
	for (const [index, child] of children.entries()) ports.set(names[index] ?? "", await portOf(child));
	const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS_PER_SERVICE });
	let inFlight = 0;
	setInterval(() => {
		const chosen = TICKETS[randomBelow(TICKETS.length)];
		if (chosen === undefined || inFlight >= MAX_IN_FLIGHT) return;
		inFlight++;
		send(chosen, ports.get(chosen.service) ?? 0, agent, () => {
			inFlight--;
		});
	}, 1000 / REQUESTS_PER_SECOND);
}

function portOf(child: ChildProcess): Promise<number> {
	return new Promise((resolve) => {
		child.once("message", (message: { port: number }) => resolve(message.port));
	});
}

function send(chosen: DemoRequest, port: number, agent: Agent, done: () => void): void {
	const { method, body, headers = {} } = chosen;
	const path = chosen.path();
	const outgoing = request({ host: "127.0.0.1", port, agent, method, path, headers }, (response) => response.resume());
	const timer = setTimeout(() => outgoing.destroy(), chosen.giveUpMs ?? GIVE_UP_MS);
	outgoing.on("error", () => {});
	outgoing.on("close", () => {
		clearTimeout(timer);
		done();
	});
	outgoing.end(body);
}
