/** nginx for tests: some answers of every kind, and its own counts to compare with. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Certificate } from "./certificate.js";
import { freePort, type Program, start } from "./programs.js";
import { until } from "./until.js";

/** What there is, with what it answers. */
const LOCATIONS = `
location = /ok { return 200 "hello"; }
location /users/ { return 200 "user"; }
location = /empty { return 204; }
location = /missing { return 404 "none"; }
location = /broken { return 500 "broken"; }
location = /same { return 304; }
location = /big { try_files /big.bin =500; }
`;

export interface Nginx {
	readonly port: number;
	readonly program: Program;
	/** Ends it in order and returns its access log: a line such as `GET /ok 200` for each request. */
	readonly stop: () => Promise<string[]>;
}

/** Starts nginx with one worker in a cgroup, in a folder of its own; with a certificate it speaks TLS and nothing else. */
export async function startNginx(context: TestContext, cgroup: string, certificate?: Certificate): Promise<Nginx> {
	const folder = mkdtempSync(join(tmpdir(), "httpeek-nginx-"));
	context.after(() => rmSync(folder, { recursive: true, force: true }));
	mkdirSync(join(folder, "www"));
	writeFileSync(join(folder, "www/big.bin"), Buffer.alloc(200_000, "GET /in-a-body HTTP/1.1\r\n\r\n"));
	const port = await freePort();
	writeFileSync(join(folder, "nginx.conf"), configuration(folder, port, certificate));
	const program = start(cgroup, "nginx", ["-p", folder, "-c", join(folder, "nginx.conf"), "-e", "stderr"]);
	await listens(port, program);
	return {
		port,
		program,
		async stop() {
			await program.kill("SIGQUIT");
			return readFileSync(join(folder, "access.log"), "utf8").split("\n").filter(Boolean);
		},
	};
}

function configuration(folder: string, port: number, certificate: Certificate | undefined): string {
	const protocol = certificate === undefined ? "" : "ssl";
	return `
user root;
worker_processes 1;
daemon off;
pid ${folder}/nginx.pid;
events { worker_connections 1024; }
http {
	log_format counted "$request_method $request_uri $status";
	access_log ${folder}/access.log counted buffer=1m;
	client_body_temp_path ${folder}/body;
	proxy_temp_path ${folder}/proxy;
	fastcgi_temp_path ${folder}/fastcgi;
	uwsgi_temp_path ${folder}/uwsgi;
	scgi_temp_path ${folder}/scgi;
	keepalive_requests 100000000;
	client_max_body_size 10m;
	sendfile on;
	server {
		listen 127.0.0.1:${port} ${protocol} backlog=4096;
		listen [::1]:${port} ${protocol} backlog=4096;
		${certificate === undefined ? "" : `ssl_certificate ${certificate.chain}; ssl_certificate_key ${certificate.key};`}
		root ${folder}/www;
		${LOCATIONS}
	}
}
`;
}

/** Waits until something accepts connections at the port. */
export async function listens(port: number, program: Program): Promise<void> {
	let isOpen = false;
	const attempt = (): void => {
		const socket = connect(port, "127.0.0.1");
		socket.on("connect", () => {
			isOpen = true;
			socket.destroy();
		});
		socket.on("error", () => {
			if (program.isRunning) setTimeout(attempt, 10);
		});
	};
	attempt();
	await until(() => isOpen || !program.isRunning, `something listens at port ${port}`);
	if (!isOpen) throw new Error(`the server has ended: ${program.stderr}`);
}
