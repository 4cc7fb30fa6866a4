/** Servers in Node, each a process of its own: `node node-server.js http|https|echo|sink|collector` prints its port and serves. */
import { readFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createServer, type Server } from "node:net";

/** `http`, `https`: a short text. `echo`: sends back what comes in. `sink`: never sends a byte. `collector`: accepts all. */
export type ServerKind = "http" | "https" | "echo" | "sink" | "collector";

const SERVERS: Readonly<Record<ServerKind, () => Server>> = {
	http: () => createHttpServer((_request, response) => response.end("hello\n")),
	https: () => {
		const file = (variable: string): Buffer => readFileSync(process.env[variable] ?? "");
		const certificate = { cert: file("BENCH_CERTIFICATE"), key: file("BENCH_KEY") };
		return createHttpsServer(certificate, (_request, response) => response.end("hello\n"));
	},
	echo: () => createServer({ noDelay: true }, (socket) => socket.on("error", () => undefined).pipe(socket)),
	collector: () =>
		createHttpServer((request, response) => {
			request.resume().once("end", () => response.end("{}"));
		}),
	sink: () => createServer((socket) => socket.on("error", () => undefined).resume()),
};

// an instrumentation that listens for it, too, would otherwise keep it from being the end
process.once("SIGTERM", () => process.exit(0));
const server = SERVERS[process.argv[2] as ServerKind]();
server.listen(0, "127.0.0.1", () => console.log(`port ${(server.address() as AddressInfo).port}`));
