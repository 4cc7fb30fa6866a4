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
	hasTerminal = false,
): Promise<CliResult & { readonly raised: readonly string[]; readonly signals: EventEmitter }> {
	const raised: string[] = [];
	const signals = new EventEmitter();
	const ownProcess: RunProcess = {
		on: (signal, listener) => signals.on(signal, listener),
		removeListener: (signal, listener) => signals.removeListener(signal, listener),
		raise: (signal) => raised.push(signal),
		hasTerminal,
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

test("a command that was ended by a signal ends httpeek by the same", async () => {
	const result = await runScript("process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000)");
	assert.equal(result.exitCode, 143);
	assert.deepEqual(result.raised, ["SIGTERM"]);
	const aborted = await runScript("process.kill(process.pid, 'SIGUSR2'); setInterval(() => {}, 1000)");
	assert.equal(aborted.exitCode, 140);
	assert.deepEqual(aborted.raised, []);
});

test("signals are passed on; a Ctrl-C of a terminal has reached the command already", { timeout: 30_000 }, async () => {
	const script = "setInterval(() => {}, 1000)";
	for (const [hasTerminal, signal, exitCode] of [
		[false, "SIGINT", 130],
		[true, "SIGTERM", 143],
	] as const) {
		const signals = new EventEmitter();
		const ownProcess: RunProcess = {
			on: (name, listener) => signals.on(name, listener),
			removeListener: (name, listener) => signals.removeListener(name, listener),
			raise: () => undefined,
			hasTerminal,
		};
		const result = await runCli([], { afterAbort }, (context) => {
			const observe: typeof context.observe = (options) =>
				context.observe({
					...options,
					onCounting: (info) => {
						options.onCounting?.(info);
						if (hasTerminal) {
							signals.emit("SIGINT");
						}
						signals.emit(signal);
					},
				});
			return run([node, "-e", script], {}, { ...context, observe }, ownProcess);
		});
		assert.equal(result.exitCode, exitCode);
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
