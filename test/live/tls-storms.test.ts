/** Processes that come and go faster than anybody can look: hooks, tables, time and descriptors are as before afterwards. */
import assert from "node:assert/strict";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { CaptureSession } from "../../src/capture/session.js";
import { bpfDescriptors } from "../support/bpf-descriptors.js";
import { countOf, lossesOf, settled, skipReason, watch } from "../support/capture.js";
import { makeCertificate } from "../support/certificate.js";
import { entriesOf } from "../support/kernel-objects.js";
import { makeLiveCgroup, processesIn } from "../support/live-cgroup.js";
import { startNginx } from "../support/nginx.js";
import { makeCgroupBelow, start } from "../support/programs.js";
import { startClient, startNodeServer } from "../support/tls-programs.js";
import { until } from "../support/until.js";

/** Of calls, connections and threads: what a process leaves behind if nobody sweeps. */
const TABLES = ["tls_calls", "tls_connections", "tls_searches", "tls_tasks"] as const;
/** Some start at once: twenty one after another would take minutes on a slow machine. */
const [CLIENTS, AT_ONCE, THREADS] = [20, 5, 10];
const IDLE_MS = 2000;
/** Of a core, while nothing happens: two hundred processes gone leave nothing to look at. */
const MOST_IDLE_CPU = 0.1;

/** The CPU time of this process, as a share of a core, while it only watches. */
async function idleCpu(session: CaptureSession): Promise<number> {
	const before = process.cpuUsage();
	for (let ms = 0; ms < IDLE_MS; ms += 500) {
		session.read();
		await delay(500);
	}
	const { user, system } = process.cpuUsage(before);
	return (user + system) / 1000 / IDLE_MS;
}

/** What is there besides what the servers have. */
interface BaseLine {
	readonly descriptors: number;
	readonly entries: readonly number[];
}

function baseLine(): BaseLine {
	return { descriptors: bpfDescriptors(), entries: TABLES.map(entriesOf) };
}

async function returnsTo(before: BaseLine, session: CaptureSession, context: TestContext): Promise<void> {
	await until(() => {
		session.read();
		return bpfDescriptors() <= before.descriptors;
	}, "the hooks of those that are gone are off");
	await until(() => {
		session.read();
		// the server lives: its thread may have an object that it worked on last
		return TABLES.every((name, i) => entriesOf(name) <= (before.entries[i] ?? 0) + (name === "tls_tasks" ? 1 : 0));
	}, "what they left in the tables is deleted");
	const cpu = await idleCpu(session);
	context.diagnostic(`${(100 * cpu).toFixed(1)} % of a core afterwards`);
	assert.ok(cpu < MOST_IDLE_CPU, `${cpu} of a core`);
}

const STORM = `
i=0
while [ $i -lt 200 ]; do
	curl -sk -o /dev/null "$0" & openssl version > /dev/null & true & /bin/true
	i=$((i+1))
	[ $((i % 10)) -ne 0 ] || wait
done
wait
`;

test("a storm of short programs", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const nginx = await startNginx(context, cgroup, makeCertificate(context));
	const session = await watch(context, { cgroups: [cgroup] }, { isTlsRead: true });
	const before = baseLine();
	const startedMs = performance.now();
	const lag = monitorEventLoopDelay({ resolution: 5 });
	lag.enable();
	const storm = start(cgroup, "sh", ["-c", STORM, `https://127.0.0.1:${nginx.port}/ok`]);
	let most = 0;
	while (storm.isRunning) {
		session.read();
		most = Math.max(most, bpfDescriptors());
		await delay(20);
	}
	await storm.succeeded();
	lag.disable();
	const seconds = (performance.now() - startedMs) / 1000;
	context.diagnostic(
		`800 programs in ${seconds.toFixed(1)} s; at most ${most - before.descriptors} hooks of theirs; ` +
			`the longest pause ${(lag.max / 1e6).toFixed(0)} ms`,
	);
	await returnsTo(before, session, context);
	assert.equal((await nginx.stop()).length, 200);
	const snapshot = await settled(session);
	assert.equal(countOf(snapshot, { role: "server" }), 200);
	// curl may be over before it is hooked, or hooked in the middle
	assert.equal(countOf(snapshot, { role: "client" }) + (snapshot.facts.tls_unread ?? 0), 200);
	assert.deepEqual(lossesOf(snapshot), {});
});

test("processes that are killed in the middle of a call", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const [servers, clients] = ["servers", "clients"].map((name) => makeCgroupBelow(cgroup, name)) as [string, string];
	const server = await startNodeServer(servers, makeCertificate(context));
	const session = await watch(context, { cgroups: [cgroup] }, { isTlsRead: true });
	const before = baseLine();
	const ask = async (): Promise<void> => {
		const client = await startClient(session, clients, { port: server.port, path: "/never", threads: THREADS });
		await client.wrote(/^asked/m);
	};
	for (let i = 0; i < CLIENTS; i += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, ask));
	const calls = CLIENTS * THREADS;
	await until(() => entriesOf("tls_calls") >= (before.entries[0] ?? 0) + calls, "all of them wait in a call");
	assert.ok(entriesOf("tls_connections") >= calls);
	const lag = monitorEventLoopDelay({ resolution: 5 });
	lag.enable();
	for (const pid of processesIn(clients)) process.kill(pid, "SIGKILL");
	await returnsTo(before, session, context);
	lag.disable();
	context.diagnostic(`${CLIENTS} processes ended at once: the longest pause ${(lag.max / 1e6).toFixed(0)} ms`);
	assert.ok(lag.max < 1e9, "hooks are taken off in the background");
	assert.ok(server.program.isRunning);
});
