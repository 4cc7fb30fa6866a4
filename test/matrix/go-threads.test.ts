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
import { isRead } from "../support/tls-scenarios.js";
import { until } from "../support/until.js";
import { compileGo } from "./programs.js";

/** Each is a connection of its own. */
const REQUESTS = 100;
/** Of these, of goroutines that change threads each time. None was, before the end of flush was asked. */
const FEWEST = 90;
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

test("goroutines that change threads", { skip: skipReason }, async (context) => {
	const [program = ""] = compileGo(context, ["moving"]);

	for (const when of WHEN) {
		await context.test(`both ends change threads ${when} they send, and are found`, async (inner) => {
			const stage = await makeStage(inner, program);
			const [port = 0] = await startServer(stage, 1, [when, "serve"]);
			const client = startClient(stage, stage.inside, port, "/moved", when);
			await isRead(stage.session, client);
			await ask(client);
			await isAllTold(stage, 2 * REQUESTS);
			const snapshot = stage.session.read();
			for (const role of ["server", "client"] as const) {
				const counted = rowsOf(snapshot, { role, route: "/moved", status: 200, outcome: "response", tls: true });
				const count = counted[0]?.count ?? 0;
				// the machine may be busy, and a goroutine be moved once more
				assert.ok(count >= FEWEST && count <= REQUESTS, `${count} of ${role}`);
			}
			assert.equal(snapshot.endpoints.length, 2, "one row for each end");
			assert.equal(snapshot.facts.adopted, 0, "connections that were found after their handshake");
		});

		await context.test(`handshakes that change threads ${when} they send are not mixed up`, async (inner) => {
			const stage = await makeStage(inner, program);
			const ports = await startServer(stage, PATHS.length, [when, "serve"]);
			const clients = PATHS.map((path, i) => startClient(stage, stage.outside, ports[i] ?? 0, path, when));
			await Promise.all(clients.map(ask));
			await isAllTold(stage, PATHS.length * REQUESTS);
			const isRight = (row: EndpointRow): boolean =>
				row.route === PATHS[ports.indexOf(row.port)] && row.status === 200 && row.outcome === "response";
			const elsewhere = stage.session.read().endpoints.filter((row) => !isRight(row));
			assert.deepEqual(elsewhere, [], "what was counted elsewhere");
		});
	}

	await context.test("a client whose Write shakes hands has its request counted", async (inner) => {
		const stage = await makeStage(inner, program);
		const { inside, outside, certificate } = stage;
		const [[port]] = await startServerIn(outside, stage, 1, ["never", "serve"]);
		const words = ["never", "write", certificate.chain, `127.0.0.1:${port}`, "/written"];
		const client = start(inside, program, words, { stdio: ["pipe", "pipe", "pipe"] });
		await isRead(stage.session, client);
		await ask(client);
		const snapshot = await settled(stage.session);
		assert.deepEqual(countedAt(snapshot, "client"), [["/written", 200, REQUESTS, true]]);
		assert.deepEqual(lossesOf(snapshot), {});
	});

	await context.test("a ClientHello that ends the TCP handshake is no worse", async (inner) => {
		const stage = await makeStage(inner, program);
		const [port = 0] = await startServer(stage, 1, ["never", "defer"]);
		await ask(startClient(stage, stage.outside, port, "/deferred", "never"));
		const snapshot = await settled(stage.session);
		assert.deepEqual(countedAt(snapshot, "server"), [["/deferred", 200, REQUESTS, true]]);
		assert.deepEqual(lossesOf(snapshot), {});
	});
});

async function makeStage(context: TestContext, program: string): Promise<Stage> {
	const cgroup = makeLiveCgroup(context);
	const [inside, outside] = [makeCgroupBelow(cgroup, "inside"), makeCgroupBelow(cgroup, "outside")];
	const certificate = makeCertificate(context);
	const session = await watch(context, { cgroups: [inside] }, { isTlsRead: true });
	return { inside, outside, program, certificate, session };
}

/** Starts a server, and returns its ports. `how`: as programs/moving.go says. */
async function startServer(
	stage: Stage,
	portCount: number,
	how: readonly [when: string, what: string],
): Promise<number[]> {
	const [ports, server] = await startServerIn(stage.inside, stage, portCount, how);
	await isRead(stage.session, server);
	return ports;
}

async function startServerIn(
	cgroup: string,
	{ program, certificate: { chain, key } }: Stage,
	portCount: number,
	how: readonly [when: string, what: string],
): Promise<[ports: number[], server: Program]> {
	const ports: number[] = [];
	while (ports.length < portCount) ports.push(await freePort());
	const server = start(cgroup, program, [...how, chain, key, ...ports.map(String)]);
	for (const port of ports) await listens(port, server);
	return [ports, server];
}

function startClient(stage: Stage, cgroup: string, port: number, path: string, when: string): Program {
	const words = [when, "ask", stage.certificate.chain, `https://127.0.0.1:${port}${path}`];
	return start(cgroup, stage.program, words, { stdio: ["pipe", "pipe", "pipe"] });
}

function countedAt(snapshot: Snapshot, role: Role): unknown[] {
	return rowsOf(snapshot, { role }).map(({ route, status, count, tls }) => [route, status, count, tls]);
}

/** Where it is open for which connection a thread has sent, none is believed, and that is told when the connection ends. */
async function isAllTold({ session }: Stage, exchanges: number): Promise<void> {
	await until(() => {
		const { endpoints, facts } = session.read();
		return endpoints.reduce((sum, { count }) => sum + count, facts.tls_unread ?? 0) === exchanges;
	}, "every exchange is counted, or its connection told as not read");
	assert.deepEqual(lossesOf(session.read()), {});
}

async function ask(client: Program): Promise<void> {
	client.child.stdin?.end("\n".repeat(REQUESTS));
	assert.equal((await client.succeeded()).stdout, "200\n".repeat(REQUESTS));
}
