/** Scenarios of TLS: scripts that use a library, each read from its first call. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { CaptureSession } from "../../src/capture/session.js";
import type { Snapshot } from "../../src/model/snapshot.js";
import { lossesOf, settled, watch } from "./capture.js";
import { makeCertificate } from "./certificate.js";
import { makeLiveCgroup, processesIn } from "./live-cgroup.js";
import { type Program, start } from "./programs.js";
import { until } from "./until.js";

export interface TlsScenario {
	readonly name: string;
	/** Behind the prelude. */
	readonly script: string;
	/** Of both ends. */
	readonly rows: readonly string[];
	/** Rows of one end only, with its role. */
	readonly other?: readonly string[];
	readonly losses?: Readonly<Record<string, number>>;
	/** Facts that have to be just so. */
	readonly facts?: Readonly<Record<string, number>>;
}

/** Kind of the library that has to be hooked before a script goes on: what `ready()` waits for. */
export type Kind = "openssl" | "gnutls";

/** Runs scenarios one by one, each watched by a session of its own. */
export async function runTlsScenarios(
	context: TestContext,
	prelude: string,
	kind: Kind,
	scenarios: readonly TlsScenario[],
): Promise<void> {
	const cgroup = makeLiveCgroup(context);
	const certificate = makeCertificate(context);
	for (const scenario of scenarios) {
		await context.test(scenario.name, async (inner) => {
			const session = await watch(inner, { cgroups: [cgroup] }, { isTlsRead: true });
			const script = startScript(cgroup, prelude + scenario.script, [certificate.both, certificate.chain]);
			await letGo(script, session, kind);
			await script.succeeded();
			expectRows(await settled(session), scenario);
		});
	}
}

/** Starts a script that calls ready() where it is to wait. */
export function startScript(cgroup: string, script: string, args: readonly string[]): Program {
	return start(cgroup, "python3", ["-c", script, ...args], { stdio: ["pipe", "pipe", "pipe"] });
}

/** Lets a script go on that waits in ready(), once the library is hooked in its process. */
export async function letGo(script: Program, session: CaptureSession, kind: Kind): Promise<void> {
	await script.wrote(/ready/);
	await until(() => {
		const { libraries = [], pids } = session.tlsReport() ?? {};
		return libraries.some((library) => library.kind === kind) && pids?.has(script.pid) === true;
	}, `${kind} is hooked`);
	script.child.stdin?.write("\n");
}

/** Until all processes of a cgroup are read: those that were forked without exec are found by the next look. */
export async function allRead(session: CaptureSession, cgroup: string): Promise<void> {
	await until(() => processesIn(cgroup).every((pid) => session.tlsReport()?.pids.has(pid)), "all processes are read");
}

/** Until a process is read, which may not be in its cgroup yet. */
export async function isRead(session: CaptureSession, { pid }: Pick<Program, "pid">): Promise<void> {
	await until(() => session.tlsReport()?.pids.has(pid) === true, `the TLS of process ${pid} is read`);
}

/** Exactly these rows, all of them through TLS, with no other losses and facts than the scenario's. */
export function expectRows(snapshot: Snapshot, scenario: Omit<TlsScenario, "name" | "script">): void {
	const { rows, other = [], losses = {}, facts = {} } = scenario;
	const expected = ["client", "server"].flatMap((role) => rows.map((row) => `${role} ${row}`)).concat(other);
	assert.deepEqual(linesOfAllPorts(snapshot), expected.sort());
	assert.ok(snapshot.endpoints.every(({ tls }) => tls));
	assert.deepEqual(lossesOf(snapshot), losses);
	const wanted = { tls_unread: 0, ...facts };
	assert.deepEqual({ ...wanted, ...pick(snapshot.facts, Object.keys(wanted)) }, wanted);
}

/** As endpointLines(), with one line for all ports: each connection of a script may have a port of its own. */
function linesOfAllPorts({ endpoints }: Snapshot): string[] {
	const counts = new Map<string, number>();
	for (const { role, method, route, status, outcome, count } of endpoints) {
		const labels = [role, method, route, status, outcome].join(" ");
		counts.set(labels, (counts.get(labels) ?? 0) + count);
	}
	return [...counts].map(([labels, count]) => `${labels} ${count}`).sort();
}

function pick(from: Readonly<Record<string, number>>, names: readonly string[]): Record<string, number> {
	return Object.fromEntries(names.map((name) => [name, from[name] ?? 0]));
}
