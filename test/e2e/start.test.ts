/** `npm start` in a checkout that is set up: it is httpeek, with npm around it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { basename } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { makeLiveCgroup } from "../support/live-cgroup.js";
import { until } from "../support/until.js";

const CHECKOUT = fileURLToPath(new URL("../../..", import.meta.url));

interface Started {
	readonly pid: number;
	readonly stderr: () => string;
	/** Exit code, or the signal that ended it. */
	readonly ended: Promise<number | string>;
}

/** Runs `npm start -- ARGS` as a process group of its own, as a terminal does. */
function npmStart(context: TestContext, ...args: string[]): Started {
	const npm = spawn("npm", ["start", "--", ...args], {
		cwd: CHECKOUT,
		stdio: ["ignore", "ignore", "pipe"],
		detached: true,
	});
	const pid = npm.pid;
	assert.ok(pid !== undefined);
	let stderr = "";
	npm.stderr.on("data", (chunk) => {
		stderr += chunk;
	});
	context.after(() => {
		if (isGroupAlive(pid)) process.kill(-pid, "SIGKILL");
	});
	const ended = once(npm, "close").then(([code, signal]) => code ?? signal);
	return { pid, stderr: () => stderr, ended };
}

function isGroupAlive(pid: number): boolean {
	try {
		process.kill(-pid, 0);
		return true;
	} catch {
		return false;
	}
}

const INTERRUPTIONS = [
	["Ctrl-C, which reaches npm and httpeek, which npm tells once more", (pid: number) => process.kill(-pid, "SIGINT")],
	["SIGINT to npm alone", (pid: number) => process.kill(pid, "SIGINT")],
	["SIGTERM to npm alone", (pid: number) => process.kill(pid, "SIGTERM")],
] as const;

for (const [name, interrupt] of INTERRUPTIONS) {
	test(`ends in order by ${name}`, async (context) => {
		const cgroup = makeLiveCgroup(context);
		const started = npmStart(context, "stat", "--cgroup", `/${basename(cgroup)}`);
		await until(() => /^httpeek: counting/m.test(started.stderr()), "it counts");
		interrupt(started.pid);
		assert.equal(await started.ended, 0, started.stderr());
		assert.match(started.stderr(), /^httpeek: 0 exchanges/m, "the summary");
		await until(() => !isGroupAlive(started.pid), "no process is left");
	});
}

test("passes on the exit code and the messages", async (context) => {
	const { ended, stderr } = npmStart(context, "stat", "--no-such-flag");
	assert.equal(await ended, 2);
	assert.match(stderr(), /--no-such-flag/);
});

test("a checkout that is set up does nothing but start", async (context) => {
	const { ended, stderr } = npmStart(context, "--version");
	assert.equal(await ended, 0);
	assert.doesNotMatch(stderr(), /httpeek setup/);
});
