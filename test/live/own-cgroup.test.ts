import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { OwnCgroup, removeStale } from "../../src/capture/own-cgroup.js";
import { readCgroups, readStat } from "../../src/identity/process.js";
import { makeLiveCgroup, processesIn } from "../support/live-cgroup.js";
import { until } from "../support/until.js";

const OWN_CGROUP_MODULE = new URL("../../src/capture/own-cgroup.js", import.meta.url).href;

function makeOwnCgroup(context: TestContext, closeDeadlineMs = 2_000): OwnCgroup {
	return OwnCgroup.create("test", { parent: makeLiveCgroup(context), closeDeadlineMs });
}

async function run(cgroup: OwnCgroup, command: string, args: string[], input = "") {
	const wrapped = cgroup.wrap(command, args);
	const child = spawn(wrapped.command, wrapped.args, { stdio: "pipe" });
	let stdout = "";
	child.stdout.on("data", (chunk) => {
		stdout += chunk;
	});
	// A command that is not run does not read it either.
	child.stdin.on("error", () => {});
	child.stdin.end(input);
	const [code, signal] = await once(child, "close");
	return { code, signal, stdout };
}

/** Starts a process in the cgroup that runs until it is killed. */
async function startSleeper(cgroup: OwnCgroup): Promise<ChildProcess> {
	const { command, args } = cgroup.wrap("sleep", ["1000"]);
	const child = spawn(command, args, { stdio: "ignore" });
	await until(() => processesIn(cgroup.path).includes(child.pid ?? 0), "the process is in the cgroup");
	return child;
}

test("runs a command in the cgroup, with its own streams, words and exit code", async (context) => {
	const cgroup = makeOwnCgroup(context);
	const words = ["-n", "two words", "$HOME", "'\"", ""];
	const script = "process.stdin.pipe(process.stdout); console.log(JSON.stringify(process.argv.slice(1)))";
	const echo = await run(cgroup, process.execPath, ["-e", script, "--", ...words], "stdin\n");
	assert.equal(echo.stdout, `${JSON.stringify(words)}\nstdin\n`);
	assert.match((await run(cgroup, "cat", ["/proc/self/cgroup"])).stdout, /^0::\/\S+\/httpeek-test-\d+-\S+$/m);
	assert.equal((await run(cgroup, "sh", ["-c", "exit 42"])).code, 42);
	assert.equal((await run(cgroup, "sh", ["-c", "kill -TERM $$"])).signal, "SIGTERM");
	assert.equal((await run(cgroup, "httpeek-no-such-command", [])).code, 127);
	assert.equal((await run(cgroup, "/etc/passwd", [])).code, 126);
	assert.equal(cgroup.close(), true);
	assert.equal(existsSync(cgroup.path), false);
	assert.equal(cgroup.close(), true, "a second time");
});

test("a command is not run when its cgroup has gone", async (context) => {
	const cgroup = makeOwnCgroup(context);
	cgroup.close();
	const { code, stdout } = await run(cgroup, "echo", ["ran"]);
	assert.deepEqual([code, stdout], [126, ""]);
});

test("close moves what still runs to the parent, also from cgroups below", async (context) => {
	const cgroup = makeOwnCgroup(context);
	const child = await startSleeper(cgroup);
	const below = join(cgroup.path, "below");
	mkdirSync(below);
	await run(cgroup, "sh", ["-c", `echo ${child.pid} > ${below}/cgroup.procs`]);
	assert.deepEqual(processesIn(below), [child.pid]);
	assert.equal(cgroup.close(), true);
	assert.deepEqual(processesIn(dirname(cgroup.path)), [child.pid]);
	assert.equal(child.kill("SIGKILL"), true);
	await once(child, "exit");
});

test("close succeeds right after everything in the cgroup was killed", async (context) => {
	const cgroup = makeOwnCgroup(context);
	const children = await Promise.all(Array.from({ length: 8 }, () => startSleeper(cgroup)));
	for (const child of children) child.kill("SIGKILL");
	assert.equal(cgroup.close(), true);
});

test("the next httpeek clears away what a killed one left, and leaves a live one's alone", async (context) => {
	const parent = makeLiveCgroup(context);
	const live = OwnCgroup.create("test", { parent });
	const script = `
		const { OwnCgroup } = await import(${JSON.stringify(OWN_CGROUP_MODULE)});
		const cgroup = OwnCgroup.create("test", { parent: ${JSON.stringify(parent)} });
		const { command, args } = cgroup.wrap("sleep", ["1000"]);
		const { spawn } = await import("node:child_process");
		const child = spawn(command, args, { stdio: "ignore", detached: true });
		console.log(JSON.stringify({ path: cgroup.path, pid: child.pid }));
		setInterval(() => {}, 1000);
	`;
	const httpeek = spawn(process.execPath, ["--input-type=module", "-e", script], {
		stdio: ["ignore", "pipe", "inherit"],
	});
	const [line] = await once(httpeek.stdout, "data");
	const { path, pid } = JSON.parse(String(line)) as { path: string; pid: number };
	await until(() => processesIn(path).includes(pid), "the command is in the cgroup");
	assert.deepEqual(removeStale(parent), [], "both are alive");
	httpeek.kill("SIGKILL");
	await until(() => readStat(httpeek.pid ?? 0)?.hasEnded !== false, "httpeek has ended");
	const next = OwnCgroup.create("test", { parent });
	assert.equal(existsSync(path), false);
	assert.deepEqual(processesIn(parent), [pid], "the command runs on");
	assert.equal(existsSync(live.path), true);
	assert.deepEqual([next.close(), live.close()], [true, true]);
});

test("a cgroup whose maker's pid belongs to another process now is stale", (context) => {
	const parent = makeLiveCgroup(context);
	const own = OwnCgroup.create("test", { parent });
	const [, start = ""] = /\.([0-9a-z]+)\.[0-9a-f]+$/.exec(own.path) ?? [];
	const reused = own.path.replace(`.${start}.`, `.${start}0.`);
	const otherNamespace = own.path.replace(/-([0-9a-z]+)\./, "-x$1.");
	const foreign = join(parent, "httpeek-something-else");
	for (const directory of [reused, otherNamespace, foreign]) mkdirSync(directory);
	assert.deepEqual(removeStale(parent), [reused]);
	assert.deepEqual([own.path, otherNamespace, foreign].map(existsSync), [true, true, true]);
});

test("is made under httpeek's own cgroup, and says why it cannot be made", () => {
	const cgroup = OwnCgroup.create("test");
	try {
		const own = readCgroups("self").unified ?? "";
		assert.ok(dirname(cgroup.path).endsWith(own === "/" ? "" : own));
	} finally {
		assert.equal(cgroup.close(), true);
	}
	assert.throws(() => OwnCgroup.create("test", { parent: "/proc/nonexistent" }), {
		code: "HTTPEEK_IO",
		message: /^cannot make cgroup \/proc\/nonexistent\/httpeek-test-\S+: ENOENT$/,
	});
});
