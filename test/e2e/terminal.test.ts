/** `top` on a real terminal: it takes it over, survives what happens to terminals, and gives it back. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { skipReason } from "../support/capture.js";
import { HTTPEEK, Stage } from "../support/httpeek.js";
import { processesIn } from "../support/live-cgroup.js";
import { noTerminal, type TerminalOptions, TestTerminal } from "../support/terminal.js";
import { until } from "../support/until.js";

const skip = skipReason || noTerminal;
const USUAL = { columns: 100, rows: 30 };

async function topIn(
	context: TestContext,
	words: string,
	options: TerminalOptions = USUAL,
): Promise<[Stage, TestTerminal]> {
	const stage = await Stage.set(context);
	const terminal = new TestTerminal(context, options);
	terminal.run(`echo $$ > ${stage.own}/cgroup.procs; echo before-it`);
	terminal.run(`${process.execPath} ${HTTPEEK} top --cgroup ${stage.watched} ${words}; echo "code $?"`);
	return [stage, terminal];
}

/** The one process that the terminal's shell has started. */
function childOf(shell: number): number {
	return Number(readFileSync(`/proc/${shell}/task/${shell}/children`, "latin1").trim());
}

test("top shows rows, survives resizes, ends by Ctrl-C and leaves the terminal as it was", {
	skip,
}, async (context) => {
	const [stage, terminal] = await topIn(context, "-i 100ms");
	await terminal.isTakenOver();
	await stage.ask("/users/1", "/users/2", "/missing");
	await terminal.shows(/GET +\/users\/:id/);
	await terminal.shows(/GET +\/missing/);
	assert.doesNotMatch(terminal.screen, /before-it/, "a screen of its own");

	for (const [columns, rows] of [
		[60, 15],
		[300, 100],
		[20, 4],
		[140, 40],
		[100, 30],
	] as const) {
		terminal.resize(columns, rows);
		await until(() => terminal.lines.length === rows, "the terminal has its new size");
		await stage.ask(`/at-${columns}-columns`);
		await terminal.until((screen) => {
			const lines = screen.replace(/\n$/, "").split("\n");
			const isWhole = lines[0]?.startsWith("httpeek") === true && lines.at(-1)?.startsWith("q quit") === true;
			return isWhole && lines.filter((line) => line.startsWith("httpeek")).length === 1;
		}, `the screen of ${columns}x${rows} is whole`);
	}
	await terminal.shows(/\/at-20-columns/);

	terminal.press("C-c");
	await terminal.shows(/^code 0$/m);
	assert.ok(terminal.isGivenBack);
	assert.match(terminal.screen, /before-it/);
	assert.match(terminal.screen, /^(\$ )?httpeek: counting /m);
	assert.match(terminal.screen, /^httpeek: \d+ exchanges, \d+ errors, 0 lost$/m);
	terminal.run("echo still-alive");
	await terminal.shows(/^still-alive$/m);
});

for (const signal of ["SIGTERM", "SIGHUP"] as const) {
	test(`${signal} ends it in order`, { skip }, async (context) => {
		const [, terminal] = await topIn(context, "");
		await terminal.isTakenOver();
		process.kill(childOf(terminal.shell), signal);
		await terminal.shows(/^code 0$/m);
		assert.ok(terminal.isGivenBack);
	});
}

test("a terminal that goes away ends it, without a dump", { skip }, async (context) => {
	const folder = mkdtempSync(join(tmpdir(), "httpeek-test-"));
	context.after(() => rmSync(folder, { recursive: true }));
	const [, terminal] = await topIn(context, "2>stderr", { ...USUAL, folder });
	await terminal.isTakenOver();
	const pid = childOf(terminal.shell);
	terminal.close();
	await until(() => !existsSync(`/proc/${pid}`), "it has ended");
	const told = readFileSync(join(folder, "stderr"), "utf8");
	assert.match(told, /^httpeek: counting .*\nhttpeek: 0 exchanges, 0 errors, 0 lost\n$/);
});

test("an error that nobody foresaw is printed where it can be read", { skip }, async (context) => {
	const stage = await Stage.set(context);
	const terminal = new TestTerminal(context, USUAL);
	terminal.run(`echo $$ > ${stage.own}/cgroup.procs`);
	// a timer of somebody else's fails while the screen is up
	const bug = "data:text/javascript,process.on('SIGUSR2',()=>{throw new Error('a-bug')})";
	terminal.run(`${process.execPath} --import "${bug}" ${HTTPEEK} top --cgroup ${stage.watched}; echo "code $?"`);
	await terminal.isTakenOver();
	process.kill(childOf(terminal.shell), "SIGUSR2");
	await terminal.shows(/Error: a-bug[\s\S]*^code 1$/m);
	assert.ok(terminal.isGivenBack);
	terminal.run("echo still-alive");
	await terminal.shows(/^still-alive$/m);
});

for (const [name, around] of [
	["by itself", (command: string) => command],
	["in a job with others, as npm is", (command: string) => `sh -c '${command}; true'`],
] as const) {
	test(`Ctrl-Z stops it and gives the terminal back, fg goes on: ${name}`, { skip }, async (context) => {
		const stage = await Stage.set(context);
		const terminal = new TestTerminal(context, USUAL);
		terminal.run(`echo $$ > ${stage.own}/cgroup.procs`);
		terminal.run(around(`${process.execPath} ${HTTPEEK} top -i 100ms --cgroup ${stage.watched}`));
		await terminal.isTakenOver();
		await stage.ask("/first");
		await terminal.shows(/\/first/);
		terminal.press("C-z");
		const isStopped = (pid: number): boolean => /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, "latin1"));
		const job = processesIn(stage.own).filter((pid) => pid !== terminal.shell);
		await until(() => job.every(isStopped) && terminal.isGivenBack, "all of it is stopped, the terminal given back");
		terminal.run("echo between");
		await terminal.shows(/^between$/m);
		await stage.ask("/meanwhile");
		terminal.run("fg");
		await terminal.shows(/\/meanwhile/);
		assert.doesNotMatch(terminal.screen, /between/);
		terminal.press("q");
		await terminal.shows(/between[\s\S]*^httpeek: 2 exchanges/m);
		assert.ok(terminal.isGivenBack);
	});
}

test("demo is the same view, and leaves nothing behind", { skip }, async (context) => {
	const stage = await Stage.set(context);
	const terminal = new TestTerminal(context, USUAL);
	terminal.run(`echo $$ > ${stage.own}/cgroup.procs`);
	terminal.run(`${process.execPath} ${HTTPEEK} demo; echo "code $?"`);
	await terminal.shows(/the demo[\s\S]*\[1 endpoints\][\s\S]*\/api\/users\/:id/);
	terminal.press("2");
	await terminal.shows(/^▶ demo-/m);
	terminal.press("q");
	await terminal.shows(/^code 0$/m);
	assert.ok(terminal.isGivenBack);
	assert.deepEqual(processesIn(stage.own), [terminal.shell]);
	assert.ok(readdirSync(stage.own, { withFileTypes: true }).every((entry) => !entry.isDirectory()));
});

test("streams on a terminal, too", { skip }, async (context) => {
	const [stage, terminal] = await topIn(context, "-i 100ms -o lines");
	// the prompt may still come between
	await terminal.shows(/^(\$ )?httpeek: counting/m);
	await stage.ask("/a");
	await terminal.shows(/^Endpoint: \/a, Status Code: 200, Count: 1$/m);
	terminal.press("C-c");
	await terminal.shows(/^code 0$/m);
});
