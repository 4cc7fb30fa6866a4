/** haproxy in front of a server. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, isListening, type Server } from "./servers.js";
import type { Workplace } from "./workplace.js";

/**
 * Starts it in the scope, with one thread and connections that it shares among clients, and waits until it listens.
 * @param certificate a file with certificate and key: then it speaks TLS to its clients
 */
export async function startHaproxy(workplace: Workplace, behind: Server, certificate?: string): Promise<Server> {
	const port = await freePort();
	const config = join(workplace.makeFolder("haproxy"), "haproxy.cfg");
	writeFileSync(
		config,
		`global
	nbthread 1
	maxconn 1000
defaults
	mode http
	timeout connect 5s
	timeout client 1m
	timeout server 1m
frontend front
	bind 127.0.0.1:${port}${certificate === undefined ? "" : ` ssl crt ${certificate}`}
	default_backend behind
backend behind
	http-reuse always
	server node 127.0.0.1:${behind.port}
`,
	);
	const child = workplace.startServer("haproxy", "haproxy", ["-db", "-f", config]);
	await child.until(async () => isListening(child.pid, port), "did not listen");
	return { port, pid: child.pid, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}
