/**
 * A function of Go that finds its stack too small begins again when it is larger: what it is given is read once all the same.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Agent, get } from "node:https";
import { test } from "node:test";
import { lossesOf, rowsOf, settled, skipReason, watch } from "../support/capture.js";
import { type Certificate, makeCertificate } from "../support/certificate.js";
import { makeLiveCgroup } from "../support/live-cgroup.js";
import { listens } from "../support/nginx.js";
import { freePort, start } from "../support/programs.js";
import { isRead } from "../support/tls-scenarios.js";
import { compileGo } from "./programs.js";

/**
 * A call of the server's takes 64 bytes or so, what crypto/tls's Write wants some hundred: where stacks grow, at 8, 16 and
 * 32 KiB, a few of these depths find that out in Write.
 */
const DEPTHS = 600;

test("answers from stacks of every size are counted once", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const certificate = makeCertificate(context);
	const [program = ""] = compileGo(context, ["deep_server"]);
	const session = await watch(context, { cgroups: [cgroup] }, { isTlsRead: true });
	const port = await freePort();
	const server = start(cgroup, program, [String(port), certificate.chain, certificate.key]);
	await listens(port, server);
	await isRead(session, server);

	await askAll(port, certificate);
	const snapshot = await settled(session);
	const rows = rowsOf(snapshot, { role: "server" }).map(({ route, status, count, tls }) => [route, status, count, tls]);
	assert.deepEqual(rows, [["/deep", 200, DEPTHS, true]]);
	assert.deepEqual(lossesOf(snapshot), {});
});

/** Asks once for every depth, from outside of the scope, over one connection. */
async function askAll(port: number, { chain }: Certificate): Promise<void> {
	const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: readFileSync(chain) });
	try {
		for (let depth = 0; depth < DEPTHS; depth++) await ask({ host: "127.0.0.1", port, path: "/deep", agent });
	} finally {
		agent.destroy();
	}
}

function ask(options: { host: string; port: number; path: string; agent: Agent }): Promise<void> {
	return new Promise((resolve, reject) => {
		get(options, (response) => response.resume().on("end", resolve).on("error", reject)).on("error", reject);
	});
}
