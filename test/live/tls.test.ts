/** HTTPS as it is used: nginx, Node and Python at both ends, read where they hand plaintext to their libraries. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { countOf, endpointLines, lossesOf, rowsOf, settled, skipReason, watch } from "../support/capture.js";
import { makeCertificate, trusting } from "../support/certificate.js";
import { PATIENCE } from "../support/emulation.js";
import { makeLiveCgroup } from "../support/live-cgroup.js";
import { startNginx } from "../support/nginx.js";
import { run, start } from "../support/programs.js";
import { allRead } from "../support/tls-scenarios.js";

/**
 * Node's library writes to memory and what it wrote is sent later: sockets are told apart all the same. It says 404 when the
 * body is there: curl stops sending when it is refused, and Node answers what is torn off with a 400 that has no request.
 */
const NODE_SERVER = `
const { readFileSync } = require("node:fs");
const [chain, key] = process.argv.slice(1);
require("node:https").createServer({ cert: readFileSync(chain), key: readFileSync(key) }, (request, response) => {
	if (request.url === "/echo") return request.pipe(response);
	if (request.url === "/a") return response.end("hello");
	response.statusCode = 404;
	request.resume().on("end", () => response.end("hello"));
}).listen({ port: 0, host: "127.0.0.1" }, function () { console.log(this.address().port); });
`;

const NODE_CLIENT = `
const base = process.argv[1];
const agent = new (require("node:https").Agent)({ keepAlive: true, maxSockets: 8 });
const get = (path, method = "GET") => new Promise((resolve, reject) => {
	require("node:https").request(base + path, { agent, method }, (r) => r.resume().on("end", resolve)).on("error", reject).end();
});
(async () => {
	await Promise.all(Array.from({ length: 40 }, (_, i) => get("/users/" + i)));
	for (const path of ["/ok", "/missing", "/big"]) await get(path);
	await get("/big", "HEAD");
	agent.destroy();
})();
`;

const rowsAtBothEnds = (...rows: string[]): string[] =>
	["client", "server"].flatMap((role) => rows.map((row) => `${role} ${row}`)).sort();

test("TLS", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const certificate = makeCertificate(context);
	const env = trusting(certificate);
	const session = await watch(context, { cgroups: [cgroup] }, { isTlsRead: true });
	assert.deepEqual(session.tlsReport()?.problems, []);

	await context.test(
		"Node's client asks nginx: every exchange at both ends, and none of its ciphertext",
		async (inner) => {
			const nginx = await startNginx(inner, cgroup, certificate);
			await allRead(session, cgroup);
			await start(cgroup, process.execPath, ["-e", NODE_CLIENT, `https://127.0.0.1:${nginx.port}`], {
				env,
			}).succeeded();
			const snapshot = await settled(session);
			const rows = rowsOf(snapshot, { port: nginx.port });
			assert.deepEqual(
				endpointLines(rows),
				rowsAtBothEnds(
					"GET /users/:id 200 response 40",
					"GET /ok 200 response 1",
					"GET /missing 404 response 1",
					"GET /big 200 response 1",
					"HEAD /big 200 response 1",
				),
			);
			assert.ok(rows.every(({ tls, protocol }) => tls && protocol === "http/1.1"));
			assert.ok(rows.every(({ role, peer }) => peer === (role === "client" ? `127.0.0.1:${nginx.port}` : null)));
			assert.ok(rows.some(({ role, service }) => role === "server" && service.includes("nginx")));
			assert.deepEqual(lossesOf(snapshot), {});
			assert.equal((await nginx.stop()).length, 44);
		},
	);

	await context.test("curl asks Node's server: bodies both ways, one connection", async (inner) => {
		const server = start(cgroup, process.execPath, ["-e", NODE_SERVER, certificate.chain, certificate.key]);
		const port = Number((await server.wrote(/^\d+$/m))[0]);
		await allRead(session, cgroup);
		const base = `https://127.0.0.1:${port}`;
		const upload = `printf %300000s x | curl -s --cacert "$1" -d @- -o /dev/null "$2/echo" -o /dev/null "$2/a" -o /dev/null "$2/missing"`;
		// not watched: on a slow machine it is over before it can be hooked, and is told as a loss
		await run(makeLiveCgroup(inner), "sh", ["-c", upload, "sh", certificate.chain, base]);
		const snapshot = await settled(session);
		const rows = rowsOf(snapshot, { port, role: "server" });
		assert.deepEqual(endpointLines(rows), [
			"server POST /a 200 response 1",
			"server POST /echo 200 response 1",
			"server POST /missing 404 response 1",
		]);
		assert.ok(rows.every(({ tls }) => tls));
		assert.deepEqual(lossesOf(snapshot), {});
	});

	await context.test("at full speed the server's count is the load generator's", async (inner) => {
		const nginx = await startNginx(inner, cgroup, certificate);
		const url = `https://127.0.0.1:${nginx.port}/ok`;
		await allRead(session, cgroup);
		await run(cgroup, "wrk", ["-t1", "-c16", `-d${2 * PATIENCE}s`, url]);
		const snapshot = await settled(session);
		const logged = (await nginx.stop()).length;
		const counted = countOf(snapshot, { port: nginx.port, role: "server", outcome: "response" });
		assert.ok(logged > 1000 / PATIENCE, `${logged} requests`);
		assert.ok(Math.abs(counted - logged) <= 16, `${counted} counted, ${logged} logged`);
	});
});

test("with TLS left alone nothing of it is counted", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const certificate = makeCertificate(context);
	const session = await watch(context, { cgroups: [cgroup] });
	const nginx = await startNginx(context, cgroup, certificate);
	await run(cgroup, "curl", ["-sf", "--cacert", certificate.chain, `https://127.0.0.1:${nginx.port}/ok`]);
	const snapshot = await settled(session);
	assert.deepEqual(endpointLines(snapshot.endpoints), []);
	assert.equal(snapshot.facts.tls_connections, 0);
	assert.ok((snapshot.facts.not_http ?? 0) >= 2);
});
