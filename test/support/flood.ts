/**
 * Both ends of a flood of requests whose names are random, as programs.
 *
 *     node flood.js server                            answers every head, says its port, and when asked to end how many
 *     node flood.js client PORT paths|methods|hosts COUNT
 */
import { randomBytes } from "node:crypto";
import { connect, createServer, type Socket } from "node:net";

const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const CONNECTIONS = 8;
const DEPTH = 8;

/** How often a text occurs in what comes in, also where it is cut. */
class Occurrences {
	readonly #text: string;
	#tail = "";
	total = 0;

	constructor(text: string) {
		this.#text = text;
	}

	/** How many end in these bytes. */
	take(bytes: Buffer): number {
		const all = this.#tail + bytes.toString("latin1");
		let [found, after] = [0, 0];
		for (let at = all.indexOf(this.#text); at >= 0; at = all.indexOf(this.#text, after)) {
			found++;
			after = at + this.#text.length;
		}
		this.#tail = all.slice(Math.max(after, all.length - this.#text.length + 1));
		this.total += found;
		return found;
	}
}

function serve(): void {
	let answered = 0;
	const server = createServer((socket) => {
		const heads = new Occurrences("\r\n\r\n");
		socket.on("data", (bytes) => {
			const found = heads.take(bytes);
			answered += found;
			socket.write(ANSWER.repeat(found));
		});
		socket.on("error", () => socket.destroy());
	}).listen(0, "127.0.0.1", () => {
		const address = server.address();
		if (address !== null && typeof address === "object") console.log(address.port);
	});
	process.on("SIGTERM", () => {
		console.log(`answered ${answered}`);
		process.exit();
	});
}

/** A random word of 16 letters, so that no two are one template. */
function word(first: "a" | "A"): string {
	const from = first.charCodeAt(0);
	return String.fromCharCode(...randomBytes(16).map((byte) => from + (byte % 26)));
}

const HEADS: Readonly<Record<string, () => string>> = {
	paths: () => `GET /${word("a")}/${word("a")} HTTP/1.1\r\nHost: a\r\n\r\n`,
	methods: () => `${word("A")} /method HTTP/1.1\r\nHost: a\r\n\r\n`,
	hosts: () => `GET /host HTTP/1.1\r\nHost: ${word("a")}.example\r\nUser-Agent: ${word("a")}\r\n\r\n`,
};

function ask(port: number, head: () => string, count: number): void {
	let left = count;
	const sendBatch = (socket: Socket): number => {
		const batch = Math.min(DEPTH, left);
		left -= batch;
		if (batch === 0) socket.end();
		else socket.write(Array.from({ length: batch }, head).join(""));
		return batch;
	};
	for (let i = 0; i < CONNECTIONS; i++) {
		const socket = connect(port, "127.0.0.1");
		const answers = new Occurrences("\r\n\r\n");
		let awaited = sendBatch(socket);
		socket.on("data", (bytes) => {
			awaited -= answers.take(bytes);
			if (awaited === 0) awaited = sendBatch(socket);
		});
	}
}

const [role, port, kind = "", count] = process.argv.slice(2);
if (role === "server") serve();
else ask(Number(port), HEADS[kind] ?? (() => ""), Number(count));
