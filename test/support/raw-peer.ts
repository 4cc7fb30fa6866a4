/**
 * The program at one end of a conversation: opens and closes TCP sockets and sends bytes as it is told over its IPC
 * channel (conversation.ts). A process of its own, because sockets belong to the cgroup of the process that makes them.
 */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

export interface Call {
	readonly id: number;
	readonly op: keyof typeof operations;
	readonly args: readonly (string | number)[];
}

export interface Answer {
	readonly id: number;
	readonly value?: number | string;
	readonly error?: string;
}

interface End {
	readonly socket: Socket;
	received: number;
	isEnded: boolean;
}

const POLL_MS = 1;
const ends: End[] = [];
const accepted = new Map<number, number[]>();
const servers: Server[] = [];

function keep(socket: Socket): number {
	const end: End = { socket, received: 0, isEnded: false };
	const ended = (): void => {
		end.isEnded = true;
	};
	socket.setNoDelay(true);
	socket.on("data", (bytes) => {
		end.received += bytes.length;
	});
	socket.on("end", ended).on("close", ended).on("error", ended);
	return ends.push(end) - 1;
}

function endAt(id: number): End {
	const end = ends[id];
	if (end === undefined) throw new Error(`no socket ${id}`);
	return end;
}

const operations = {
	/**
	 * Listens at a port that none of this process's listeners has, whatever its address: tests tell conversations apart by
	 * their ports, and the kernel gives one port to 127.0.0.1 and to ::1.
	 */
	async listen(host: string): Promise<number> {
		for (;;) {
			const server = createServer({ allowHalfOpen: true }, (socket) => {
				accepted.get(port)?.push(keep(socket));
			}).listen(0, host);
			await once(server, "listening");
			servers.push(server);
			const { port } = server.address() as { port: number };
			if (accepted.has(port)) continue; // It stays open, so that the kernel gives another one.
			accepted.set(port, []);
			return port;
		}
	},
	async connect(host: string, port: number): Promise<number> {
		const socket = connect({ host, port, allowHalfOpen: true });
		await once(socket, "connect");
		return keep(socket);
	},
	async accept(port: number): Promise<number> {
		for (;;) {
			const id = accepted.get(port)?.shift();
			if (id !== undefined) return id;
			await delay(POLL_MS);
		}
	},
	async send(id: number, base64: string): Promise<number> {
		const bytes = Buffer.from(base64, "base64");
		await new Promise<void>((resolve) => endAt(id).socket.write(bytes, () => resolve()));
		return bytes.length;
	},
	/** Waits until so many bytes have come in all. */
	async received(id: number, total: number): Promise<number> {
		const end = endAt(id);
		while (end.received < total && !end.isEnded) await delay(POLL_MS);
		return end.received;
	},
	/** Waits until the other end has ended its direction, or the connection is gone. */
	async ended(id: number): Promise<number> {
		while (!endAt(id).isEnded) await delay(POLL_MS);
		return 0;
	},
	async halfClose(id: number): Promise<number> {
		endAt(id).socket.end();
		return 0;
	},
	async close(id: number): Promise<number> {
		endAt(id).socket.destroy();
		return 0;
	},
	async reset(id: number): Promise<number> {
		endAt(id).socket.resetAndDestroy();
		return 0;
	},
};

process.on("message", async ({ id, op, args }: Call) => {
	const operation = operations[op] as (...args: readonly (string | number)[]) => Promise<number>;
	const answer: Answer = await operation(...args).then(
		(value) => ({ id, value }),
		(error: Error) => ({ id, error: String(error.message) }),
	);
	process.send?.(answer);
});
process.on("disconnect", () => process.exit());
process.send?.({ id: 0, value: 0 } satisfies Answer);
