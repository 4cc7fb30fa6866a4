/**
 * Connections that are open and idle, in a process of their own, because it takes as many descriptors as there are
 * connections: `node idle-client.js PORT COUNT ADDRESS...` opens them, has each answer one request, prints "open" and
 * keeps them until SIGTERM.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

const REQUEST = "GET / HTTP/1.1\r\nHost: bench\r\n\r\n";
const AT_ONCE = 200;

const [port, count, ...addresses] = process.argv.slice(2);
const sockets: Socket[] = [];

async function open(address: string | undefined): Promise<void> {
	const socket = connect({ port: Number(port), host: address ?? "127.0.0.1", noDelay: true });
	sockets.push(socket);
	await once(socket, "connect");
	socket.write(REQUEST);
	await once(socket, "data");
}

// with a reset: none stays in TIME_WAIT, with memory of its own
process.once("SIGTERM", () => {
	for (const socket of sockets) socket.resetAndDestroy();
});

while (sockets.length < Number(count)) {
	const batch = Math.min(AT_ONCE, Number(count) - sockets.length);
	await Promise.all(Array.from({ length: batch }, (_, i) => open(addresses[i % addresses.length])));
}
console.log("open");
