/** Servers and clients that people use, as they come: nginx, Node and Python with curl, fetch and http.Agent. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { endpointLines, lossesOf, rowsOf, settled, skipReason, watch } from "../support/capture.js";
import { makeLiveCgroup } from "../support/live-cgroup.js";
import { startNginx } from "../support/nginx.js";
import { run, start } from "../support/programs.js";

/** Echoes uploads, chunked; answers by path; says its port. */
const NODE_SERVER = `
require("node:http").createServer((request, response) => {
	if (request.url === "/echo") return request.pipe(response);
	if (request.url === "/missing") response.statusCode = 404;
	if (request.url === "/broken") response.statusCode = 500;
	response.end("hello");
}).listen({ port: 0, host: process.argv[1] }, function () { console.log(this.address().port); });
`;

/** http.server as it is: HTTP/1.0, a connection for each request. */
const PYTHON_SERVER = `
import http.server
class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words): pass
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201); self.end_headers(); self.wfile.write(b"made")
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
`;

const NODE_CLIENT = `
const http = require("node:http");
const base = process.argv[1];
const agent = new http.Agent({ keepAlive: true, maxSockets: 2 });
const get = (path) => new Promise((resolve, reject) => {
	http.get(base + path, { agent }, (response) => response.resume().on("end", resolve)).on("error", reject);
});
(async () => {
	for (let i = 0; i < 3; i++) await (await fetch(base + "/users/" + i)).text();
	const stream = new Blob(["x".repeat(100000)]).stream();
	await (await fetch(base + "/echo", { method: "POST", body: stream, duplex: "half" })).text();
	await Promise.all([1, 2, 3, 4].map(() => get("/missing")));
	await (await fetch(base + "/broken", { method: "PATCH", body: "{}" })).text();
	agent.destroy();
	process.exit();
})();
`;

const bothEnds = (...rows: string[]): string[] =>
	["client", "server"].flatMap((role) => rows.map((row) => `${role} ${row}`)).sort();
const quietCurl = ["-s", "-o", "/dev/null"];

test("real servers and clients", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const session = await watch(context, { cgroups: [cgroup] });
	const expectRows = async (port: number, expected: readonly string[]): Promise<void> => {
		const snapshot = await settled(session);
		assert.deepEqual(endpointLines(rowsOf(snapshot, { port })), expected);
		assert.deepEqual(lossesOf(snapshot), {});
	};

	for (const host of ["127.0.0.1", "::1"]) {
		await context.test(`Node's http with fetch and http.Agent at ${host}`, async () => {
			const server = start(cgroup, process.execPath, ["-e", NODE_SERVER, host]);
			const port = Number((await server.wrote(/^\d+$/m))[0]);
			const base = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
			await run(cgroup, process.execPath, ["-e", NODE_CLIENT, base]);
			const rows = bothEnds(
				"GET /users/:id 200 response 3",
				"POST /echo 200 response 1",
				"GET /missing 404 response 4",
				"PATCH /broken 500 response 1",
			);
			await expectRows(port, rows);
		});
	}

	await context.test("nginx with curl: keep-alive, HEAD, uploads with 100-continue, ranges, IPv6", async (inner) => {
		const nginx = await startNginx(inner, cgroup);
		const base = `http://127.0.0.1:${nginx.port}`;
		const curl = (...words: string[]) => run(cgroup, "curl", [...quietCurl, ...words]);
		await curl(`${base}/ok`, "-o", "/dev/null", `${base}/big`, "-o", "/dev/null", `${base}/empty`);
		await curl("--head", `${base}/big`);
		await curl("--http1.0", `${base}/ok`);
		await curl("-r", "0-99", `${base}/big`);
		await curl("-H", "Expect: 100-continue", "--data-binary", "@/bin/sh", `${base}/users/1`);
		await curl("-T", "/bin/sh", "-H", "Transfer-Encoding: chunked", `${base}/users/2`);
		await curl(`http://[::1]:${nginx.port}/missing`);
		const rows = bothEnds(
			"GET /ok 200 response 1",
			"GET /ok 200 response 1",
			"GET /big 200 response 1",
			"GET /empty 204 response 1",
			"HEAD /big 200 response 1",
			"GET /big 206 response 1",
			"POST /users/:id 200 response 1",
			"PUT /users/:id 200 response 1",
			"GET /missing 404 response 1",
		);
		await expectRows(nginx.port, rows);
		const old = rowsOf(session.read(), { port: nginx.port, protocol: "http/1.0" });
		assert.deepEqual(endpointLines(old), bothEnds("GET /ok 200 response 1"));
		await nginx.stop();
	});

	await context.test("Python's http.server, HTTP/1.0 answers, with curl", async () => {
		const server = start(cgroup, "python3", ["-c", PYTHON_SERVER]);
		const port = Number((await server.wrote(/^\d+$/m))[0]);
		const base = `http://127.0.0.1:${port}`;
		await run(cgroup, "curl", [...quietCurl, `${base}/`, "-o", "/dev/null", `${base}/no-such-file`]);
		await run(cgroup, "curl", [...quietCurl, "--head", `${base}/`]);
		await run(cgroup, "curl", [...quietCurl, "-d", "a=b", `${base}/form`]);
		const rows = bothEnds(
			"GET / 200 response 1",
			"GET /no-such-file 404 response 1",
			"HEAD / 200 response 1",
			"POST /form 201 response 1",
		);
		await expectRows(port, rows);
	});
});
