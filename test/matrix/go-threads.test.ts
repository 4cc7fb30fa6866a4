/**
 * A goroutine may go on in another thread at any time, between a call of crypto/tls's and its system call as well: its
 * connection is found all the same. If several do so at once, none is taken for another one.
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { CaptureSession } from "../../src/capture/session.js";
import type { EndpointRow, Role, Snapshot } from "../../src/model/snapshot.js";
import { lossesOf, rowsOf, settled, skipReason, watch } from "../support/capture.js";
import { type Certificate, makeCertificate } from "../support/certificate.js";
import { makeLiveCgroup } from "../support/live-cgroup.js";
import { listens } from "../support/nginx.js";
import { freePort, makeCgroupBelow, type Program, start } from "../support/programs.js";
import { until } from "../support/until.js";
import { compileGo } from "./programs.js";

/** Each is a connection of its own. */
const REQUESTS = 100;
const PATHS = ["/north", "/south"] as const;
/** A system call takes long enough for Go's scheduler to give what it has interrupted to another thread. */
const WHEN = ["before", "after"] as const;

interface Stage {
	/** Is watched. */
	readonly inside: string;
	readonly outside: string;
	readonly program: string;
	readonly certificate: Certificate;
	readonly session: CaptureSession;
}

for (const when of WHEN) {
	test(`both ends change threads ${when} they send, and nothing is missing`, { skip: skipReason }, async (context) => {
		const stage = await makeStage(context);
		const [port = 0] = await startServer(stage, 1, [when, "serve"]);
		const client = startClient(stage, stage.inside, port, "/moved", when);
		await isRead(stage, client);
		await ask(client);

		const snapshot = await settled(stage.session);
		assert.deepEqual(countsOf(snapshot, "server"), [["/moved", 200, REQUESTS, true]]);
		assert.deepEqual(countsOf(snapshot, "client"), [["/moved", 200, REQUESTS, true]]);
		assert.deepEqual(lossesOf(snapshot), {});
		assert.equal(snapshot.facts.adopted, 0, "connections that were found after their handshake");
	});

	test(`handshakes that change threads ${when} they send are not mixed up`, { skip: skipReason }, async (context) => {
		const stage = await makeStage(context);
		const ports = await startServer(stage, PATHS.length, [when, "serve"]);
		const clients = PATHS.map((path, i) => startClient(stage, stage.outside, ports[i] ?? 0, path, when));
		await Promise.all(clients.map(ask));

		const snapshot = await settled(stage.session);
		const isWhole = (row: EndpointRow): boolean =>
			row.route === PATHS[ports.indexOf(row.port)] && row.status === 200 && row.outcome === "response";
		assert.deepEqual(
			snapshot.endpoints.filter((row) => !isWhole(row)),
			[],
			"what was counted elsewhere",
		);
		assert.deepEqual(lossesOf(snapshot), {});
		// where it is open for which connection a thread has sent none is believed, and that is told when it ends
		await until(() => {
			const { endpoints, facts } = stage.session.read();
			return endpoints.reduce((sum, { count }) => sum + count, facts.tls_unread ?? 0) === PATHS.length * REQUESTS;
		}, "every connection is counted or told as unread");
	});
}

test("a ClientHello that ends the TCP handshake is no worse", { skip: skipReason }, async (context) => {
	const stage = await makeStage(context);
	const [port = 0] = await startServer(stage, 1, ["never", "defer"]);
	await ask(startClient(stage, stage.outside, port, "/deferred", "never"));
	const snapshot = await settled(stage.session);
	assert.deepEqual(countsOf(snapshot, "server"), [["/deferred", 200, REQUESTS, true]]);
	assert.deepEqual(lossesOf(snapshot), {});
});

async function makeStage(context: TestContext): Promise<Stage> {
	const cgroup = makeLiveCgroup(context);
	const [inside, outside] = [makeCgroupBelow(cgroup, "inside"), makeCgroupBelow(cgroup, "outside")];
	const certificate = makeCertificate(context);
	const [program = ""] = compileGo(context, ["moving"]);
	const session = await watch(context, { cgroups: [inside] }, { isTlsRead: true });
	return { inside, outside, program, certificate, session };
}

/** Starts a server, and returns its ports. `how`: as programs/moving.go says. */
async function startServer(
	stage: Stage,
	portCount: number,
	how: readonly [when: string, what: string],
): Promise<number[]> {
	const { chain, key } = stage.certificate;
	const ports: number[] = [];
	while (ports.length < portCount) ports.push(await freePort());
	const server = start(stage.inside, stage.program, [...how, chain, key, ...ports.map(String)]);
	for (const port of ports) await listens(port, server);
	await isRead(stage, server);
	return ports;
}

function startClient(stage: Stage, cgroup: string, port: number, path: string, when: string): Program {
	const words = [when, "ask", stage.certificate.chain, `https://127.0.0.1:${port}${path}`];
	return start(cgroup, stage.program, words, { stdio: ["pipe", "pipe", "pipe"] });
}

function countsOf(snapshot: Snapshot, role: Role): unknown[] {
	return rowsOf(snapshot, { role }).map(({ route, status, count, tls }) => [route, status, count, tls]);
}

async function isRead({ session }: Stage, { pid }: Program): Promise<void> {
	await until(() => session.tlsReport()?.pids.has(pid) === true, "the process's TLS is read");
}

async function ask(client: Program): Promise<void> {
	client.child.stdin?.end("\n".repeat(REQUESTS));
	assert.equal((await client.succeeded()).stdout, "200\n".repeat(REQUESTS));
}
