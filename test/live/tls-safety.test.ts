/** Who is read does not notice: hooks put on and taken off under load, files replaced, seccomp, and neighbours left alone. */
import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { loadPrograms, type ProgramOptions, programConfig, tableSizes } from "../../src/capture/programs.js";
import { resolveScope } from "../../src/capture/scope.js";
import { CaptureSession } from "../../src/capture/session.js";
import { attaching, hasManyUprobes, loadTlsPrograms, type TlsPrograms } from "../../src/capture/tls-programs.js";
import type { TlsAttachment } from "../../src/capture/tls-reader.js";
import { ServiceNames } from "../../src/identity/service-names.js";
import { enableStatistics } from "../../src/kernel/program.js";
import { TlsFiles, withTlsFile } from "../../src/tls/tls-files.js";
import { bpfDescriptors } from "../support/bpf-descriptors.js";
import { countOf, settled, skipReason, watch } from "../support/capture.js";
import { type Certificate, makeCertificate } from "../support/certificate.js";
import { makeLiveCgroup, processesIn } from "../support/live-cgroup.js";
import { startNginx } from "../support/nginx.js";
import { makeCgroupBelow, type Program, run, start } from "../support/programs.js";
import { startClient, startNodeServer, startPythonServer } from "../support/tls-programs.js";
import { allRead } from "../support/tls-scenarios.js";
import { until } from "../support/until.js";

/** Under a load each, so that one that fails is known early. */
const ROUNDS = 5;
const ATTACHMENTS_A_ROUND = 100;
const SESSIONS_A_ROUND = 4;
/** Links that are being closed in the background at the same time. */
const MOST_CLOSING = 32;
const LONG_MS = 500;
const POLL_MS = 10;
/** Of this process: its heap is larger or smaller by chance. */
const NOISE_BYTES = 64 * 2 ** 20;

const residentBytes = (): number => process.memoryUsage.rss();

/** Uprobes in the kernel, to be put wherever a test likes. */
class Hooks {
	readonly isMany = hasManyUprobes();
	readonly programs: TlsPrograms;
	readonly #files = new TlsFiles();

	constructor(context: TestContext) {
		const sizes = tableSizes();
		const options: ProgramOptions = { isTlsRead: true, hashSeed: 1n };
		const packets = loadPrograms(sizes, options);
		context.after(() => packets.close());
		const config = programConfig(sizes, options);
		const { isMany } = this;
		this.programs = loadTlsPrograms(packets, {
			...{ config, workspaces: sizes.workspaces, isMany, withExecutions: false },
		});
		context.after(() => this.programs.close());
	}

	/** On every TLS library of a process; there has to be one. */
	put(pid: number): TlsAttachment {
		const attach = attaching(this.programs, this.isMany);
		const attachments = this.#files.ofProcess(pid).flatMap((file) =>
			file.libraries.map((library) => {
				const attachment = withTlsFile(file, (path) => attach(path, library, pid));
				assert.ok(attachment);
				return attachment;
			}),
		);
		assert.ok(attachments.length > 0, `process ${pid} has a TLS library`);
		return { close: () => attachments.forEach((attachment) => void attachment.close()) };
	}

	/** How often a function was met at its beginning, while statistics are on. */
	get runs(): number {
		const names = this.isMany ? (["tls_any"] as const) : (["tls_read", "tls_write", "tls_handshake"] as const);
		return names.reduce((sum, name) => sum + this.programs.program(name).statistics().runs, 0);
	}
}

interface Load {
	/** Not one of its requests may have failed. Returns how many there were. */
	readonly stop: () => Promise<number>;
	readonly pause: () => void;
	readonly goOn: () => void;
}

/** wrk until it is stopped. */
function startLoad(cgroup: string, port: number): Load {
	const wrk = start(cgroup, "wrk", ["-t1", "-c4", "-d280s", "--timeout", "20s", `https://127.0.0.1:${port}/ok`]);
	return {
		async stop() {
			assert.ok(wrk.isRunning, wrk.stdout + wrk.stderr);
			wrk.child.kill("SIGINT");
			await wrk.succeeded();
			assert.doesNotMatch(wrk.stdout, /Socket errors|Non-2xx/);
			return Number(/(\d+) requests in/.exec(wrk.stdout)?.[1]);
		},
		pause: () => void wrk.child.kill("SIGSTOP"),
		goOn: () => void wrk.child.kill("SIGCONT"),
	};
}

/**
 * Waits for what the kernel's workers do, under load, but not for long: 6.18 has been seen to leave them without a turn for
 * minutes while other programs kept all CPUs busy ("BUG: workqueue lockup" in dmesg). Then the load pauses until it is done.
 */
async function untilDone(loads: readonly Load[], condition: () => boolean, what: string): Promise<void> {
	for (const endMs = performance.now() + LONG_MS; performance.now() < endMs; await delay(POLL_MS)) {
		if (condition()) return;
	}
	for (const load of loads) load.pause();
	try {
		await until(condition, what);
	} finally {
		for (const load of loads) load.goOn();
	}
}

const lives = ({ isRunning, stderr }: Program): void => assert.ok(isRunning, `the server lives: ${stderr}`);

/** nginx and Node, and what is done to them while wrk asks both; they and their processes are to live on. */
async function startServers(context: TestContext) {
	const cgroup = makeLiveCgroup(context);
	const servers = makeCgroupBelow(cgroup, "servers");
	const certificate = makeCertificate(context);
	const [nginx, node] = [await startNginx(context, servers, certificate), await startNodeServer(servers, certificate)];
	// whatever else there is while they start is gone before it could be hooked
	await until(() => processesIn(servers).length === 3, "nginx has two processes, Node one");
	const [ports, pids] = [[nginx.port, node.port], processesIn(servers)];
	const rounds = async (work: (loads: readonly Load[]) => Promise<void>): Promise<void> => {
		for (let round = 0; round < ROUNDS; round++) {
			const loads = ports.map((port) => startLoad(cgroup, port));
			await work(loads);
			const requests = await Promise.all(loads.map(({ stop }) => stop()));
			assert.ok(requests.every((count) => count > 0));
		}
		lives(nginx.program);
		lives(node.program);
		assert.deepEqual(processesIn(servers), pids, "no worker was replaced");
	};
	return { servers, ports, pids, rounds };
}

test("hooks are put on and taken off 500 times under load", { skip: skipReason }, async (context) => {
	const load = await startServers(context);
	const hooks = new Hooks(context);
	const before = { descriptors: bpfDescriptors(), bytes: residentBytes() };
	await load.rounds(async (loads) => {
		for (let i = 0; i < ATTACHMENTS_A_ROUND; i++) {
			hooks.put(load.pids[i % load.pids.length] ?? 0).close();
			const areFewClosing = () => bpfDescriptors() <= before.descriptors + MOST_CLOSING;
			await untilDone(loads, areFewClosing, "hooks are taken off");
		}
	});
	await until(() => bpfDescriptors() === before.descriptors, "every hook is off");
	const grown = residentBytes() - before.bytes;
	context.diagnostic(`${ROUNDS * ATTACHMENTS_A_ROUND} times: ${(grown / 2 ** 20).toFixed(1)} MiB more resident`);
	assert.ok(grown < NOISE_BYTES, `${grown} bytes`);
});

test("20 sessions under load", { skip: skipReason }, async (context) => {
	const load = await startServers(context);
	const before = bpfDescriptors();
	await load.rounds(async () => {
		for (let i = 0; i < SESSIONS_A_ROUND; i++) {
			const scope = resolveScope({ cgroups: [load.servers] });
			using session = await CaptureSession.open({ scope, names: new ServiceNames(), isTlsRead: true });
			assert.deepEqual(session.tlsReport()?.problems, []);
			const isRead = () => load.ports.every((port) => countOf(session.read(), { port }) > 0);
			await until(isRead, "connections that are there already are counted");
		}
	});
	await until(() => bpfDescriptors() === before, "every session is out of the kernel");
});

/** Copies of a file by other files of the same name in a folder. */
function replace(folder: string, path: string): void {
	const name = join(folder, basename(path));
	copyFileSync(realpathSync(path), `${name}.new`);
	renameSync(`${name}.new`, name);
}

function makeFolder(context: TestContext): string {
	const folder = mkdtempSync(join(tmpdir(), "httpeek-replaced-"));
	context.after(() => rmSync(folder, { recursive: true, force: true }));
	return folder;
}

/** Libraries that Python's own module for TLS is linked with. */
function opensslLibraries(pid: number): string[] {
	const paths = readFileSync(`/proc/${pid}/maps`, "utf8").match(/\/\S*\/lib(?:ssl|crypto)\.so\S*/g) ?? [];
	return [...new Set(paths)];
}

async function get(cgroup: string, { chain }: Certificate, port: number): Promise<void> {
	await run(cgroup, "curl", ["-sf", "--cacert", chain, "-o", "/dev/null", `https://127.0.0.1:${port}/ok`]);
}

test("files are replaced while they are hooked", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const certificate = makeCertificate(context);
	const session = await watch(context, { cgroups: [cgroup] }, { isTlsRead: true });
	const counted = async (port: number): Promise<number> => countOf(await settled(session), { port, role: "server" });

	await context.test("a library: who has the old one is read on, who starts with the new one is found", async () => {
		const folder = makeFolder(context);
		const libraries = opensslLibraries((await startPythonServer(cgroup, certificate)).program.pid);
		assert.equal(libraries.length, 2);
		for (const path of libraries) replace(folder, path);
		const options = { env: { LD_LIBRARY_PATH: folder } };
		const old = await startPythonServer(cgroup, certificate, options);
		assert.ok(opensslLibraries(old.program.pid).every((path) => path.startsWith(folder)));
		await get(cgroup, certificate, old.port);
		assert.equal(await counted(old.port), 1);
		for (const path of libraries) replace(folder, path);
		await get(cgroup, certificate, old.port);
		assert.equal(await counted(old.port), 2);
		const young = await startPythonServer(cgroup, certificate, options);
		await get(cgroup, certificate, young.port);
		await get(cgroup, certificate, old.port);
		assert.deepEqual([await counted(young.port), await counted(old.port)], [1, 3]);
		lives(old.program);
	});

	await context.test("a program with the library in it", async () => {
		const folder = makeFolder(context);
		replace(folder, process.execPath);
		const program = join(folder, basename(process.execPath));
		const old = await startNodeServer(cgroup, certificate, { program });
		await allRead(session, cgroup); // a hundred megabytes are looked through
		await get(cgroup, certificate, old.port);
		replace(folder, process.execPath);
		await get(cgroup, certificate, old.port);
		const young = await startNodeServer(cgroup, certificate, { program });
		await allRead(session, cgroup);
		await get(cgroup, certificate, young.port);
		rmSync(program);
		await get(cgroup, certificate, old.port);
		assert.deepEqual([await counted(old.port), await counted(young.port)], [3, 1]);
		lives(old.program);
	});
	assert.deepEqual(session.tlsReport()?.problems, []);
	assert.ok(readdirSync("/proc/self/fd").length < 1000);
});

test("a process outside of the scope is never stopped at a hook", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const certificate = makeCertificate(context);
	const [inside, outside] = [
		await startPythonServer(cgroup, certificate),
		await startPythonServer(cgroup, certificate),
	];
	assert.deepEqual(opensslLibraries(inside.program.pid), opensslLibraries(outside.program.pid));
	const hooks = new Hooks(context);
	const attachment = hooks.put(inside.program.pid);
	context.after(() => attachment.close());
	using _statistics = enableStatistics();
	for (let i = 0; i < 5; i++) await get(cgroup, certificate, outside.port);
	assert.equal(hooks.runs, 0);
	await get(cgroup, certificate, inside.port);
	assert.ok(hooks.runs > 0);
});

test("256 threads that wait in SSL_read are all counted", { skip: skipReason }, async (context) => {
	const threads = 256;
	const cgroup = makeLiveCgroup(context);
	const session = await watch(context, { cgroups: [cgroup] }, { isTlsRead: true });
	const server = await startNodeServer(cgroup, makeCertificate(context), { waitFor: threads });
	const client = await startClient(session, cgroup, { port: server.port, path: "/together", threads });
	await client.wrote(/^answered/m);
	await client.succeeded();
	const snapshot = await settled(session);
	assert.equal(countOf(snapshot, { role: "client", outcome: "response" }), threads);
	assert.equal(countOf(snapshot, { role: "server", outcome: "response" }), threads);
	assert.equal(snapshot.facts.tls_missed, 0);
});

test("a process that may not make the kernel's own system calls lives on", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const session = await watch(context, { cgroups: [cgroup] }, { isTlsRead: true });
	const server = await startNodeServer(cgroup, makeCertificate(context));
	const client = await startClient(session, cgroup, { port: server.port, path: "/ok", threads: 4, isConfined: true });
	await client.succeeded();
	assert.match(client.stdout, /^answered/m);
	assert.equal(countOf(await settled(session), { role: "client", outcome: "response" }), 4);
});
