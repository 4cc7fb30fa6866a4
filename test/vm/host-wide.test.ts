/**
 * The default scope, the whole host: programs on the root cgroup. Only in a test machine (tools/lib/vm.mjs), because on
 * any other they would look at everybody's packets.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Role } from "../../src/model/snapshot.js";
import { countOf, lossesOf, settled, watch } from "../support/capture.js";
import { makeCertificate } from "../support/certificate.js";
import { makeLiveCgroup } from "../support/live-cgroup.js";
import { startNginx } from "../support/nginx.js";
import { run } from "../support/programs.js";
import { isRead } from "../support/tls-scenarios.js";

const skip = readFileSync("/proc/cmdline", "latin1").includes("httpeek.run=") ? false : "for test machines only";
const REQUESTS = 200;

test("the whole host: both ends of what curl asks nginx, each in a cgroup of its own", { skip }, async (context) => {
	const session = await watch(context, {});
	const nginx = await startNginx(context, makeLiveCgroup(context));
	await run("/sys/fs/cgroup", "curl", [
		"-s",
		"-o",
		"/dev/null",
		`http://127.0.0.1:${nginx.port}/users/[1-${REQUESTS}]`,
	]);
	const snapshot = await settled(session);
	for (const role of ["server", "client"] as const) {
		assert.equal(countOf(snapshot, { role, route: "/users/:id", status: 200 }), REQUESTS, role);
	}
	assert.deepEqual(lossesOf(snapshot), {});
	assert.deepEqual(
		(await nginx.stop()).map((line) => line.replace(/\d+ 200$/, "N 200")),
		Array.from({ length: REQUESTS }, () => "GET /users/N 200"),
	);
});

/** The first curl has the library's file hooked; from then on it is hooked for whoever starts. */
test("the whole host over TLS: a file is hooked once, for all processes", { skip }, async (context) => {
	const session = await watch(context, {}, { isTlsRead: true });
	const certificate = makeCertificate(context);
	const nginx = await startNginx(context, makeLiveCgroup(context), certificate);
	const base = `https://127.0.0.1:${nginx.port}`;
	const ask = (targets: string) => run("/sys/fs/cgroup", "curl", ["-sk", "-o", "/dev/null", `${base}${targets}`]);
	await isRead(session, nginx.program);
	await ask("/ok");
	await ask(`/users/[1-${REQUESTS}]`);
	const snapshot = await settled(session);
	const counted = (role: Role) =>
		countOf(snapshot, { role, route: "/users/:id", status: 200, tls: true, port: nginx.port });
	// in one comparison: where a count is short, what was lost says why
	assert.deepEqual(
		{
			server: counted("server"),
			client: counted("client"),
			losses: lossesOf(snapshot),
			problems: session.tlsReport()?.problems,
		},
		{ server: REQUESTS, client: REQUESTS, losses: {}, problems: [] },
	);
});
