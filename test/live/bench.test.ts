/** The benchmarks run, agree with the load generator, and leave nothing behind. How fast anything is, is not a test. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { objectPath } from "../../src/capture/programs.js";
import { findCgroupRoot, walkCgroups } from "../../src/identity/cgroup-tree.js";
import { processesIn } from "../support/live-cgroup.js";
import { until } from "../support/until.js";

const skip =
	process.getuid?.() !== 0
		? "loading programs takes root"
		: existsSync(objectPath())
			? false
			: `${objectPath()} is not built`;

const PROGRAM = fileURLToPath(new URL("../../bench/main.js", import.meta.url));

function start(context: TestContext, ...args: string[]) {
	const bench = spawn(process.execPath, [PROGRAM, ...args], { stdio: ["ignore", "pipe", "pipe"] });
	context.after(() => void bench.kill("SIGTERM"));
	return { bench, stdout: text(bench.stdout), stderr: text(bench.stderr), ended: once(bench, "exit") };
}

/** Directories of cgroups that a benchmark made. */
function cgroupsOf(pid: number | undefined): string[] {
	const root = findCgroupRoot();
	return [...walkCgroups(root)].map(({ path }) => join(root, path)).filter((path) => path.includes(`-bench-${pid}-`));
}

/** Network namespaces that a benchmark made. */
function networksOf(pid: number | undefined): string[] {
	const { stdout } = spawnSync("ip", ["netns"], { encoding: "utf8" });
	return stdout.split("\n").filter((line) => line.startsWith(`httpeek-bench-${pid}-`));
}

function missing(...names: readonly string[]): string[] {
	return names.filter((name) => spawnSync("which", [name]).status !== 0);
}

function missingPeers(): string | false {
	const missingOnes = missing("tshark", "ngrep");
	return missingOnes.length > 0 && `${missingOnes.join(" and ")} not installed: npm run bench -- --peers does`;
}

describe("npm run bench", { skip }, () => {
	test("--quick --only counted --json: every count is exact, and nothing is left", async (context) => {
		const { bench, stdout, stderr, ended } = start(context, "--quick", "--only", "counted", "--json");
		const [code] = await ended;
		assert.equal(code, 0, await stderr);
		const { schema, quick, rows } = JSON.parse(await stdout);
		assert.equal(schema, "httpeek-bench/1");
		assert.equal(quick, true);
		assert.deepEqual(
			rows.map(({ measured, verdict }: Record<string, unknown>) => [measured, verdict]),
			[
				[1, "ok"],
				[1, "ok"],
				[1, "ok"],
			],
			JSON.stringify(rows),
		);
		assert.deepEqual(cgroupsOf(bench.pid), []);
	});

	test("--quick --only kernel --json: every row is measured, the kernel's own part beside the whole", async (context) => {
		const { bench, stdout, stderr, ended } = start(context, "--quick", "--only", "kernel", "--json");
		const [code] = await ended;
		assert.equal(code, 0, await stderr);
		const { rows } = JSON.parse(await stdout);
		const measured = new Map<string, number>(
			rows.map(({ what, measured }: { what: string; measured: number }) => [what, measured]),
		);
		for (const what of [
			"small GET",
			"small GET, client on the server's CPU",
			"GET with 700 bytes of browser headers",
		]) {
			const [whole, kernels] = [measured.get(`kernel time: ${what}`), measured.get(`of it the kernel's own: ${what}`)];
			// three loads of half a second say little, but a program that did nothing, or everything, would show
			assert.ok(kernels !== undefined && whole !== undefined && kernels > 20 && kernels < whole, JSON.stringify(rows));
		}
		assert.equal(measured.size, 12, JSON.stringify(rows));
		assert.deepEqual(cgroupsOf(bench.pid), []);
	});

	test("--quick --only idle --only scale --markdown: every row is measured", async (context) => {
		const { bench, stdout, stderr, ended } = start(
			context,
			...["--quick", "--only", "idle", "--only", "scale", "--markdown"],
		);
		const [code] = await ended;
		assert.equal(code, 0, await stderr);
		const table = await stdout;
		const rows = table.split("\n").filter((line) => line.startsWith("| kernel "));
		// two of memory; two of connections, one of endpoints, and one of CPUs where there are several
		assert.equal(rows.length, availableParallelism() > 1 ? 6 : 5, table);
		assert.doesNotMatch(table, /NaN|Infinity/);
		assert.deepEqual(cgroupsOf(bench.pid), []);
	});

	test("--quick --only peers: everybody is measured, and the network is gone", {
		skip: missingPeers(),
	}, async (context) => {
		const { bench, stdout, stderr, ended } = start(context, "--quick", "--only", "peers", "--json");
		await until(() => networksOf(bench.pid).length === 1, "there is a network");
		const [code] = await ended;
		assert.equal(code, 0, await stderr);
		const { rows } = JSON.parse(await stdout);
		const counted = rows.filter(({ what }: { what: string }) => what.startsWith("counted / sent"));
		const inNetwork = ["httpeek", "tshark", "ngrep", "access log, awk"];
		const wholeHost = ["httpeek", "bpftrace script"].map((name) => `${name}, whole host, in an emulated machine`);
		const isWithoutMachine = process.arch !== "x64" || missing("bpftrace", "qemu-system-x86_64").length > 0;
		assert.equal((await stderr).includes("left out: what watches a whole host"), isWithoutMachine, await stderr);
		assert.deepEqual(
			counted.map(({ what, measured }: { what: string; measured: number }) => [what, measured > 0]),
			[...inNetwork, ...(isWithoutMachine ? [] : wholeHost)].map((name) => [`counted / sent: ${name}`, true]),
			JSON.stringify(rows),
		);
		assert.deepEqual([cgroupsOf(bench.pid), networksOf(bench.pid)], [[], []]);
	});

	test("Ctrl-C ends it together with its servers and its cgroup", async (context) => {
		const { bench, ended } = start(context, "--only", "counted");
		const servers = (): number[] => cgroupsOf(bench.pid).flatMap(processesIn);
		await until(() => servers().length > 0, "nginx runs in the benchmark's cgroup");
		const pids = servers();
		bench.kill("SIGINT");
		assert.deepEqual(await ended, [130, null]);
		assert.deepEqual(cgroupsOf(bench.pid), []);
		await until(() => pids.every((pid) => !existsSync(`/proc/${pid}`)), "the servers have ended");
	});

	test("a group that does not exist is a usage error", async (context) => {
		const { stderr, ended } = start(context, "--only", "everything");
		assert.deepEqual(await ended, [2, null]);
		assert.equal(await stderr, "error: there are no rows of a group everything\nhint: npm run bench -- --help\n");
	});
});
