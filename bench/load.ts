/** Clients: all of them outside of the scope, so that only the server's end is counted. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { HttpeekError } from "../src/base/errors.js";
import { DEADLINE_MS } from "./deadline.js";
import { inCheckout, type ProgramOptions, type Workplace } from "./workplace.js";

/** What bench/traffic.lua can send. */
export type Traffic = "plain" | "pipelined" | "mixed" | "browser" | "strangers" | "routes";

export const CONNECTIONS = 16;
/** Requests that one connection can have under way. */
export const PIPELINE_DEPTH: Readonly<Record<Traffic, number>> = {
	plain: 1,
	pipelined: 8,
	mixed: 1,
	browser: 1,
	strangers: 1,
	routes: 1,
};

export interface LoadResult {
	/** Answered in full before time was up. */
	readonly requests: number;
	readonly seconds: number;
	readonly socketErrors: number;
	/** 99 of 100 responses came within so many seconds. */
	readonly p99Seconds: number;
}

export interface LoadOptions extends Pick<ProgramOptions, "network" | "cpu"> {
	readonly port: number;
	readonly seconds: number;
	readonly traffic?: Traffic;
	readonly path?: string;
	readonly connections?: number;
	/** The server speaks TLS; its certificate is not looked at. */
	readonly isTls?: boolean;
	/** With the traffic "routes": how many routes are asked for in turn. */
	readonly routes?: number;
	/** With the traffic "routes": the number of the first one. */
	readonly firstRoute?: number;
}

/** A response that takes longer is an error: with ten thousand connections on a busy machine two seconds are not rare. */
const WRK_TIMEOUT = `${DEADLINE_MS / 1000}s`;

/**
 * wrk at full speed.
 * @throws HttpeekError HTTPEEK_IO when it failed, or a connection of it did
 */
export async function fullSpeed(workplace: Workplace, options: LoadOptions): Promise<LoadResult> {
	const { port, seconds, traffic = "plain", path = "/", connections = CONNECTIONS, isTls = false } = options;
	const wholeSeconds = Math.max(1, Math.round(seconds));
	const script = inCheckout("bench/traffic.lua");
	const url = `${isTls ? "https" : "http"}://127.0.0.1:${port}${path}`;
	const args = ["-t1", `-c${connections}`, `-d${wholeSeconds}s`, "--timeout", WRK_TIMEOUT, "-s", script, url];
	const env = {
		BENCH_TRAFFIC: traffic,
		BENCH_ROUTES: String(options.routes ?? 1),
		BENCH_FIRST_ROUTE: String(options.firstRoute ?? 0),
	};
	const { network, cpu } = options;
	const placed = cpu === undefined ? { env, network } : { env, network, cpu };
	const output = await workplace.startClient("wrk", "wrk", args, placed).result(seconds);
	const line = /^BENCH (.*)$/m.exec(output)?.[1];
	if (line === undefined) throw new HttpeekError("HTTPEEK_IO", `wrk did not report: ${output}`);
	const result = JSON.parse(line) as LoadResult;
	if (result.socketErrors === 0 && result.requests > 0) return result;
	throw new HttpeekError("HTTPEEK_IO", `wrk failed: ${line}`);
}

const TICK_MS = 10;

/** A few connections that ask at a steady rate, whatever the answers do. Returns how many requests were sent. */
export async function steady(port: number, requestsPerSecond: number, seconds: number): Promise<number> {
	const perTick = (requestsPerSecond * TICK_MS) / 1000;
	const sockets = await Promise.all(Array.from({ length: Math.ceil(perTick) }, () => open(port)));
	const startMs = performance.now();
	let sent = 0;
	for (let elapsedMs = 0; elapsedMs < seconds * 1000; elapsedMs = performance.now() - startMs) {
		// by the clock and not by ticks: a late tick sends what is due
		for (const due = Math.floor((elapsedMs * requestsPerSecond) / 1000); sent < due; sent++) {
			sockets[sent % sockets.length]?.write(REQUEST);
		}
		await delay(TICK_MS);
	}
	for (const socket of sockets) socket.destroy();
	return sent;
}

const REQUEST = "GET / HTTP/1.1\r\nHost: bench\r\n\r\n";

/** Ends connections with a reset: none stays in TIME_WAIT, with memory of its own. */
export async function abort(sockets: readonly Socket[]): Promise<void> {
	const closed = sockets.map((socket) => once(socket, "close"));
	for (const socket of sockets) socket.resetAndDestroy();
	await Promise.all(closed);
}

/** Bytes that no parser can take for HTTP. */
const BINARY = Buffer.alloc(64, 0xb5);
const PING_PONG_CONNECTIONS = 8;

/** Small packets there and back, on connections that do not speak HTTP. */
export async function pingPong(port: number, seconds: number): Promise<void> {
	const sockets = await Promise.all(Array.from({ length: PING_PONG_CONNECTIONS }, () => open(port)));
	for (const socket of sockets) {
		socket.on("data", () => void socket.write(BINARY));
		socket.write(BINARY);
	}
	await delay(seconds * 1000);
	await abort(sockets);
}

const BULK = Buffer.alloc(64 * 1024, 0xb5);

/** One connection that only sends: all that comes back are acknowledgements. */
export async function bulk(port: number, seconds: number): Promise<void> {
	const socket = await open(port);
	const endMs = performance.now() + seconds * 1000;
	while (performance.now() < endMs) {
		if (!socket.write(BULK)) await once(socket, "drain");
	}
	await abort([socket]);
}

async function open(port: number): Promise<Socket> {
	const socket = connect({ port, host: "127.0.0.1", noDelay: true });
	await once(socket, "connect");
	// read and forget: a socket that nobody reads stops its sender
	return socket.resume();
}
