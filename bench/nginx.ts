/** nginx as a server, and as a proxy in front of one: one process each, as fast as it is made. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, type Server } from "./servers.js";
import type { ProgramOptions, Workplace } from "./workplace.js";

/** A response of several segments, even where a segment is 64 KB. */
export const LARGE_BYTES = 200_000;
const STATIC_BYTES = 4096;
/** More than any measurement opens. */
const CONNECTIONS = 60_000;
/** Connections that a proxy keeps to its server: one for each of the clients'. */
const KEPT_CONNECTIONS = 64;

export interface NginxOptions extends ProgramOptions {
	/** Writes a line for each request, in the format of "combined", to this file. */
	readonly accessLog?: string;
	/** Asks this server on 127.0.0.1 instead of answering itself. */
	readonly proxyTo?: Server;
	/** With it it speaks TLS. */
	readonly certificate?: { readonly chain: string; readonly key: string };
	/** False: outside of the scope, where clients are. */
	readonly isWatched?: boolean;
	/** Instead of a free one; several can share it, and the kernel spreads the connections over them. */
	readonly sharedPort?: number;
}

export interface Nginx extends Server {
	/** Requests that it has read since its start, the one that asks for this number included. */
	readonly requests: () => Promise<number>;
}

const PID_FILE = "nginx.pid";
const LOOPBACK = "127.0.0.1";

/** Starts it in the scope, and waits until it listens. */
export async function startNginx(workplace: Workplace, options: NginxOptions = {}): Promise<Nginx> {
	const port = options.sharedPort ?? (await freePort());
	const statusPort = await freePort();
	const folder = workplace.makeFolder("nginx");
	const files = join(folder, "files");
	mkdirSync(files, { recursive: true });
	writeFileSync(join(files, "static.html"), "x".repeat(STATIC_BYTES));
	writeFileSync(join(files, "large.bin"), "x".repeat(LARGE_BYTES));
	const config = join(folder, "nginx.conf");
	writeFileSync(config, configuration(folder, port, statusPort, options));
	const words = ["-p", folder, "-c", config, "-e", "stderr"];
	const child =
		options.isWatched === false
			? workplace.startClient("nginx", "nginx", words, options)
			: workplace.startServer("nginx", "nginx", words, options);
	// written when it listens
	await child.until(async () => existsSync(join(folder, PID_FILE)), "did not listen");
	return {
		...{ port, pid: child.pid },
		requests: async () => readStatus(await (await fetch(`http://${LOOPBACK}:${statusPort}/`)).text()),
		[Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
	};
}

/** The third number of the line below "server accepts handled requests". */
function readStatus(text: string): number {
	return Number(/^ \d+ \d+ (\d+) $/m.exec(text)?.[1]);
}

/** No log unless it is asked for, and connections that stay open. */
function configuration(folder: string, port: number, statusPort: number, options: NginxOptions): string {
	const { accessLog, proxyTo, sharedPort, certificate } = options;
	const flags = `${certificate === undefined ? "" : "ssl "}backlog=4096${sharedPort === undefined ? "" : " reuseport"}`;
	const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
		.map((name) => `${name}_temp_path ${join(folder, name)};`)
		.join("\n\t");
	return `daemon off;
master_process off;
pid ${join(folder, PID_FILE)};
error_log stderr error;
events { worker_connections ${CONNECTIONS}; }
http {
	access_log ${accessLog ?? "off"};
	sendfile on;
	tcp_nopush on;
	open_file_cache max=10;
	keepalive_requests 1000000000;
	keepalive_timeout 1h;
	${temporary}
	${proxyTo === undefined ? "" : upstream(proxyTo.port)}
	server {
		listen ${LOOPBACK}:${port} ${flags};
		${certificate === undefined ? "" : `ssl_certificate ${certificate.chain}; ssl_certificate_key ${certificate.key};`}
		root ${join(folder, "files")};
		${proxyTo === undefined ? ANSWERS : FORWARDED}
	}
	server {
		listen ${LOOPBACK}:${statusPort};
		stub_status;
	}
}
`;
}

const ANSWERS = `location = / { return 200 "ok\\n"; }
		location = /orders { return 201 "made\\n"; }
		location /users/ { return 200 "changed\\n"; }
		location /r/ { return 200 "ok\\n"; }
		location = /empty { return 204; }
		location = /missing { return 404 "no\\n"; }`;

const FORWARDED = `location / {
			proxy_pass http://behind;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
		}`;

function upstream(port: number): string {
	return `upstream behind { server ${LOOPBACK}:${port}; keepalive ${KEPT_CONNECTIONS}; keepalive_requests 1000000000; }`;
}
