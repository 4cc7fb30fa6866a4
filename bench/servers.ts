/** The servers that are watched, but for nginx, and what goes for all of them. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import type { ServerKind } from "./node-server.js";
import { inCheckout, type Workplace } from "./workplace.js";

export interface Server extends AsyncDisposable {
	readonly port: number;
	/** The process that answers, or the one that has started it. */
	readonly pid: number;
}

export interface NodeOptions {
	/** Options of Node itself. */
	readonly flags?: readonly string[];
	readonly env?: Readonly<Record<string, string>>;
}

/** A server of bench/node-server.ts, in the scope. */
export async function startNode(workplace: Workplace, kind: ServerKind, options: NodeOptions = {}): Promise<Server> {
	const { flags = [], env = {} } = options;
	const args = [...flags, inCheckout("dist/bench/node-server.js"), kind];
	const child = workplace.startServer(`the ${kind} server`, process.execPath, args, { env });
	const [, port] = await child.says(/^port (\d+)$/m);
	return { port: Number(port), pid: child.pid, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}

/** A port that nobody had a moment ago. */
export async function freePort(): Promise<number> {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	server.close();
	await once(server, "close");
	return port;
}

const LISTEN = "0A";

/**
 * Whether somebody listens on a port, on any address of the network that a process is in: not every server says so. Nobody does
 * in that of a process that is gone.
 */
export function isListening(pid: number, port: number): boolean {
	const end = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
	return (readIfThere(`/proc/${pid}/net/tcp`) ?? "").split("\n").some((line) => {
		const [, local = "", , state] = line.trim().split(/\s+/);
		return local.endsWith(end) && state === LISTEN;
	});
}

/** A file's text, or undefined if it is not there or cannot be read. */
export function readIfThere(path: string): string | undefined {
	try {
		return readFileSync(path, "utf8");
	} catch {
		return undefined;
	}
}
