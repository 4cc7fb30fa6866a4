/**
 * Connections that are open and idle, in a process of their own, because a process has only so many descriptors:
 * `node idle-client.js PORT COUNT` opens them, has each answer one request, prints "open" and keeps them until SIGTERM.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

const REQUEST = "GET / HTTP/1.1\r\nHost: bench\r\n\r\n";
const AT_ONCE = 200;

const [port, count] = process.argv.slice(2).map(Number);
const sockets: Socket[] = [];

async function open(): Promise<void> {
	const socket = connect({ port: port ?? 0, host: "127.0.0.1", noDelay: true });
	sockets.push(socket);
	await once(socket, "connect");
	socket.write(REQUEST);
	await once(socket, "data");
}

// with a reset: none stays in TIME_WAIT, with memory of its own
process.once("SIGTERM", () => {
	for (const socket of sockets) socket.resetAndDestroy();
});

for (let left = count ?? 0; left > 0; left -= AT_ONCE) {
	await Promise.all(Array.from({ length: Math.min(AT_ONCE, left) }, open));
}
console.log("open");
