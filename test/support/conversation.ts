/** Conversations between a client and a server of the test's own, byte by byte in an order that is certain. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type Program, start } from "./programs.js";
import type { Answer, Call } from "./raw-peer.js";

const PEER = new URL("./raw-peer.js", import.meta.url).pathname;

export type End = "client" | "server";

/** What an end does: it sends bytes, which the other has then received; or it ends its direction or the connection. */
export interface Step {
	readonly from: End;
	readonly bytes?: string | Buffer;
	/** The bytes go out in pieces of this size, each its own segment. */
	readonly pieceBytes?: number;
	readonly does?: "halfClose" | "close" | "reset" | "isKilled";
}

const say =
	(from: End) =>
	(bytes: string | Buffer, pieceBytes = Number.POSITIVE_INFINITY): Step => ({ from, bytes, pieceBytes });

/** The client sends. */
export const client = say("client");
/** The server sends. */
export const server = say("server");

/** A process that holds sockets. */
export class Peer {
	readonly program: Program;
	readonly #answers = new Map<number, (answer: Answer) => void>();
	#lastId = 0;

	private constructor(program: Program) {
		this.program = program;
		program.child.on("message", (answer) => this.#settle(answer as Answer));
		program.child.on("exit", () => {
			for (const id of this.#answers.keys()) this.#settle({ id, error: "the peer has ended" });
		});
	}

	/** Starts one in a cgroup. */
	static async start(cgroup: string): Promise<Peer> {
		const program = start(cgroup, process.execPath, [PEER], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
		await once(program.child, "message");
		return new Peer(program);
	}

	/** Calls an operation of raw-peer.ts. */
	async call(op: Call["op"], ...args: readonly (string | number)[]): Promise<number> {
		const id = ++this.#lastId;
		const answer = await new Promise<Answer>((resolve) => {
			this.#answers.set(id, resolve);
			this.program.child.send({ id, op, args } satisfies Call, (error) => {
				if (error !== null) this.#settle({ id, error: error.message });
			});
		});
		if (answer.error !== undefined) throw new Error(`${op}: ${answer.error}`);
		return Number(answer.value);
	}

	#settle(answer: Answer): void {
		this.#answers.get(answer.id)?.(answer);
		this.#answers.delete(answer.id);
	}
}

/** A connection between two peers. */
export class Conversation {
	readonly port: number;
	readonly #ends: Record<End, { readonly peer: Peer; readonly id: number; sent: number }>;

	private constructor(port: number, client: [Peer, number], server: [Peer, number]) {
		this.port = port;
		this.#ends = {
			client: { peer: client[0], id: client[1], sent: 0 },
			server: { peer: server[0], id: server[1], sent: 0 },
		};
	}

	/** Listens at a new port of the address and connects to it. */
	static async open(clientPeer: Peer, serverPeer: Peer, address = "127.0.0.1"): Promise<Conversation> {
		const port = await serverPeer.call("listen", address);
		return Conversation.connect(clientPeer, serverPeer, port, address);
	}

	/** Connects to a port that the server listens on already. */
	static async connect(clientPeer: Peer, serverPeer: Peer, port: number, address = "127.0.0.1"): Promise<Conversation> {
		const clientId = await clientPeer.call("connect", address, port);
		const serverId = await serverPeer.call("accept", port);
		return new Conversation(port, [clientPeer, clientId], [serverPeer, serverId]);
	}

	async play(steps: readonly Step[]): Promise<this> {
		for (const step of steps) await this.#take(step);
		return this;
	}

	async #take({ from, bytes, pieceBytes = Number.POSITIVE_INFINITY, does }: Step): Promise<void> {
		const sender = this.#ends[from];
		const receiver = this.#ends[from === "client" ? "server" : "client"];
		if (bytes !== undefined) {
			for (const piece of piecesOf(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes, pieceBytes)) {
				sender.sent += await sender.peer.call("send", sender.id, piece.toString("base64"));
				assert.equal(await receiver.peer.call("received", receiver.id, sender.sent), sender.sent);
			}
		}
		if (does === "isKilled") await sender.peer.program.kill();
		else if (does !== undefined) await sender.peer.call(does, sender.id);
		if (does !== undefined && receiver.peer.program.isRunning) await receiver.peer.call("ended", receiver.id);
	}
}

function* piecesOf(bytes: Buffer, pieceBytes: number): Generator<Buffer> {
	for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}
