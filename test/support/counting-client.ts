/**
 * A client that finishes what it begins, as a program: sends a fixed number of requests over several connections, pipelined
 * to a depth, reads every answer to its last byte, and prints how many it has seen as JSON, `{"GET /ok 200": 1000}`. It is
 * an HTTP parser of its own, so what it counts owes nothing to what is tested.
 *
 *     node counting-client.js PORT CONNECTIONS REQUESTS_PER_CONNECTION DEPTH METHOD:PATH...
 */
import { connect, type Socket } from "node:net";

const HEAD_END = "\r\n\r\n";
const [port, connections, requests, depth] = process.argv.slice(2, 6).map(Number) as [number, number, number, number];
const targets = process.argv.slice(6).map((target) => target.split(":") as [method: string, path: string]);
const counts: Record<string, number> = {};

function requestText(index: number): string {
	const [method, path] = targetAt(index);
	const body = method === "POST" || method === "PUT" ? `GET /in-a-body HTTP/1.1${HEAD_END}` : "";
	const length = body === "" ? "" : `Content-Length: ${body.length}\r\n`;
	return `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${length}\r\n${body}`;
}

function targetAt(index: number): [string, string] {
	return targets[index % targets.length] ?? ["GET", "/"];
}

/** One connection, from its first request to the end of its last answer. */
class Connection {
	readonly #socket: Socket;
	#sent = 0;
	#answered = 0;
	#unread: Buffer = Buffer.alloc(0);
	#bodyBytes = 0;

	constructor() {
		this.#socket = connect(port, "127.0.0.1");
		this.#socket.on("data", (bytes) => this.#read(bytes));
		this.#sendBatch();
	}

	#sendBatch(): void {
		let text = "";
		for (; this.#sent < requests && this.#sent < this.#answered + depth; this.#sent++) text += requestText(this.#sent);
		if (text === "") this.#socket.end();
		else this.#socket.write(text);
	}

	#read(bytes: Buffer): void {
		let rest = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes]);
		for (;;) {
			const inBody = Math.min(this.#bodyBytes, rest.length);
			this.#bodyBytes -= inBody;
			rest = rest.subarray(inBody);
			const end = rest.indexOf(HEAD_END);
			if (this.#bodyBytes > 0 || end < 0) break;
			this.#take(rest.toString("latin1", 0, end));
			rest = rest.subarray(end + HEAD_END.length);
		}
		this.#unread = rest;
		if (this.#bodyBytes === 0 && this.#answered === this.#sent) this.#sendBatch();
	}

	#take(head: string): void {
		const [method, path] = targetAt(this.#answered++);
		const status = head.slice(9, 12);
		const hasNoBody = method === "HEAD" || status === "204" || status === "304";
		this.#bodyBytes = hasNoBody ? 0 : Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
		const key = `${method} ${path} ${status}`;
		counts[key] = (counts[key] ?? 0) + 1;
	}
}

for (let i = 0; i < connections; i++) new Connection();
process.on("exit", () => process.stdout.write(`${JSON.stringify(counts)}\n`));
