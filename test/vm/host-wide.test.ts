/**
 * The default scope, the whole host: programs on the root cgroup. Only in a test machine (tools/lib/vm.mjs), because on
 * any other they would look at everybody's packets.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { countOf, lossesOf, settled, watch } from "../support/capture.js";
import { makeLiveCgroup } from "../support/live-cgroup.js";
import { startNginx } from "../support/nginx.js";
import { run } from "../support/programs.js";

const skip = readFileSync("/proc/cmdline", "latin1").includes("httpeek.run=") ? false : "for test machines only";
const REQUESTS = 200;

test("the whole host: both ends of what curl asks nginx, each in a cgroup of its own", { skip }, async (context) => {
	const session = watch(context, {});
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
