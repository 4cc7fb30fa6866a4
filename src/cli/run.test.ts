import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { HttpeekError } from "../base/errors.js";
import { parseExpression } from "../model/expression.js";
import { makeRow, makeSnapshot } from "../model/testing.js";
import { type RunProcess, run } from "./run.js";
import type { Flags } from "./settings.js";
import { type CliResult, type FakeWorld, runCli } from "./testing.js";

const afterAbort = makeSnapshot([makeRow({ route: "/a", status: 404, count: 3 })]);
const node = process.execPath;

/** Runs a script of node, in a made-up world, watched by a made-up httpeek. */
async function runScript(
	script: string,
	flags: Flags = {},
	world: FakeWorld = { afterAbort },
): Promise<CliResult & { readonly raised: readonly string[]; readonly signals: EventEmitter }> {
	const raised: string[] = [];
	const signals = new EventEmitter();
	const ownProcess: RunProcess = {
		on: (signal, listener) => signals.on(signal, listener),
		removeListener: (signal, listener) => signals.removeListener(signal, listener),
		raise: (signal) => raised.push(signal),
		raiseWithoutCore: (signal) => raised.push(`${signal} without a core`),
		standingOf: () => ({ group: 1, terminalGroup: 1, isStopped: false }),
	};
	const result = await runCli([], world, (context) => run([node, "-e", script], flags, context, ownProcess));
	return { ...result, raised, signals };
}

test("the report goes to standard error, the exit code is the command's", async () => {
	const result = await runScript("process.exit(7)", { output: "lines" });
	assert.equal(result.exitCode, 7);
	assert.equal(result.stdout, "");
	assert.equal(
		result.stderr,
		`httpeek: counting ${node} -e process.exit(7)\n` +
			"Endpoint: /a, Status Code: 404, Count: 3\nhttpeek: 3 exchanges, 0 errors, 0 lost\n",
	);
	assert.equal(result.openCgroups, 0);
	assert.deepEqual(result.observed?.scope, { cgroups: ["/a/cgroup"] });
	assert.deepEqual(result.signals.eventNames(), []);
});

test("the command starts when counting has begun, not before", async () => {
	const openError = new HttpeekError("HTTPEEK_PRIVILEGE", "no");
	const directory = mkdtempSync(join(tmpdir(), "httpeek-test-"));
	try {
		const mark = join(directory, "mark");
		const script = `require("node:fs").writeFileSync(${JSON.stringify(mark)}, "")`;
		await assert.rejects(runScript(script, {}, { openError }), openError);
		assert.throws(() => readFileSync(mark));
		assert.equal((await runScript(script)).exitCode, 0);
		assert.equal(readFileSync(mark, "utf8"), "");
	} finally {
		rmSync(directory, { recursive: true });
	}
});

test("--report writes to a file, and one that cannot be is told before the command starts", async () => {
	const directory = mkdtempSync(join(tmpdir(), "httpeek-test-"));
	try {
		const path = join(directory, "report.json");
		const result = await runScript("", { report: path, output: "json", quiet: true });
		assert.equal(result.stderr, "");
		assert.equal(JSON.parse(readFileSync(path, "utf8")).endpoints[0].count, 3);
		await assert.rejects(
			runScript("", { report: join(directory, "none", "report") }),
			(error) => error instanceof HttpeekError && error.code === "HTTPEEK_IO",
		);
	} finally {
		rmSync(directory, { recursive: true });
	}
});

test("--fail-if decides where the command ended well", async () => {
	const failIf = [parseExpression("status404 > 2")];
	assert.equal((await runScript("", { failIf })).exitCode, 3);
	assert.equal((await runScript("process.exit(5)", { failIf })).exitCode, 5);
	assert.equal((await runScript("", { failIf: [parseExpression("errors > 0")] })).exitCode, 0);
});

test("a command that was ended by a signal ends httpeek by the same, without a second core file", async () => {
	for (const [signal, exitCode, raised] of [
		["SIGTERM", 143, "SIGTERM"],
		["SIGUSR2", 140, "SIGUSR2"],
		["SIGABRT", 134, "SIGABRT without a core"],
	] as const) {
		const result = await runScript(`process.kill(process.pid, "${signal}"); setInterval(() => {}, 1000)`);
		assert.equal(result.exitCode, exitCode);
		assert.deepEqual(result.raised, [raised]);
	}
});

test("a command that cannot be started ends as in a shell", async () => {
	for (const [command, exitCode, message] of [
		["httpeek-no-such-command", 127, 'cannot run "httpeek-no-such-command": there is no such command'],
		["", 127, 'cannot run "": there is no such command'],
		["/etc", 126, 'cannot run "/etc": it is no program, or not executable'],
		["\0", 126, 'cannot run "\\u0000": '],
	] as const) {
		const result = await runCli(["run", "-q", "--", command], { afterAbort });
		assert.equal(result.exitCode, exitCode);
		assert.ok(result.stderr.startsWith(`httpeek: ${message}`), result.stderr);
		assert.match(result.stderr, / \[HTTPEEK_IO\]\n$/);
		assert.equal(result.openCgroups, 0);
	}
});

test("the command goes on when counting breaks off", async () => {
	const readError = new HttpeekError("HTTPEEK_BPF", "a map is gone");
	const result = await runScript("setTimeout(() => process.exit(6), 100)", {}, { readError });
	assert.equal(result.exitCode, 6);
	assert.match(result.stderr, /a map is gone \[HTTPEEK_BPF\]/);
	assert.equal(result.openCgroups, 0);
});

test("everything behind -- is the command's", async () => {
	const script = "process.exit(process.argv.length)";
	const result = await runCli(["run", "-q", "-o", "lines", "--", node, "-e", script, "--", "-q", "--help"], {
		afterAbort,
	});
	assert.equal(result.exitCode, 3);
	assert.equal(result.stderr, "Endpoint: /a, Status Code: 404, Count: 3\n");
});
