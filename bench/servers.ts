/** The servers that are watched. */
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import type { ServerKind } from "./node-server.js";
import { inCheckout, type Workplace } from "./workplace.js";

/** A response of several segments, even where a segment is 64 KB. */
export const LARGE_BYTES = 200_000;
const STATIC_BYTES = 4096;
/** More than any measurement opens. */
const WORKER_CONNECTIONS = 60_000;

export interface Server extends AsyncDisposable {
	readonly port: number;
}

/** One process, no log, connections that stay open: as fast as nginx is. */
function nginxConfig(folder: string, port: number): string {
	const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
		.map((name) => `${name}_temp_path ${join(folder, name)};`)
		.join("\n\t");
	return `daemon off;
master_process off;
pid ${join(folder, "nginx.pid")};
error_log stderr error;
events { worker_connections ${WORKER_CONNECTIONS}; }
http {
	access_log off;
	sendfile on;
	tcp_nopush on;
	open_file_cache max=10;
	keepalive_requests 1000000000;
	keepalive_timeout 1h;
	${temporary}
	server {
		listen 127.0.0.1:${port} backlog=4096;
		root ${join(folder, "files")};
		location = / { return 200 "ok\\n"; }
		location = /orders { return 201 "made\\n"; }
		location /users/ { return 200 "changed\\n"; }
		location = /empty { return 204; }
		location = /missing { return 404 "no\\n"; }
	}
}
`;
}

export async function startNginx(workplace: Workplace): Promise<Server> {
	const folder = join(workplace.folder, "nginx");
	const files = join(folder, "files");
	mkdirSync(files, { recursive: true });
	writeFileSync(join(files, "static.html"), "x".repeat(STATIC_BYTES));
	writeFileSync(join(files, "large.bin"), "x".repeat(LARGE_BYTES));
	const port = await freePort();
	const config = join(folder, "nginx.conf");
	writeFileSync(config, nginxConfig(folder, port));
	const child = workplace.startServer("nginx", "nginx", ["-p", folder, "-c", config, "-e", "stderr"]);
	await child.until(() => isAnswering(port), "did not answer");
	return { port, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}

/** A server of bench/node-server.ts. */
export async function startNode(workplace: Workplace, kind: ServerKind): Promise<Server> {
	const program = inCheckout("dist/bench/node-server.js");
	const child = workplace.startServer(`the ${kind} server`, process.execPath, [program, kind]);
	const [, port] = await child.says(/^port (\d+)$/m);
	return { port: Number(port), [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}

/** A port that nobody had a moment ago. */
async function freePort(): Promise<number> {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	server.close();
	await once(server, "close");
	return port;
}

/** nginx does not say when it is ready. */
async function isAnswering(port: number): Promise<boolean> {
	try {
		await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } });
		return true;
	} catch {
		return false;
	}
}
