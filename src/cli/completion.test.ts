import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { runCli } from "./testing.js";

/** What bash offers behind `line`, whose last word is the one to complete. */
function completeInBash(script: string, line: readonly string[]): string[] {
	const words = line.map((word) => `'${word}'`).join(" ");
	const program = `${script}\nCOMP_WORDS=(${words}); COMP_CWORD=${line.length - 1}; _httpeek; printf '%s\\n' "\${COMPREPLY[@]}"`;
	const { status, stdout, stderr } = spawnSync("bash", ["-c", program], { encoding: "utf8" });
	assert.deepEqual([status, stderr], [0, ""]);
	return stdout.trimEnd().split("\n");
}

test("bash completes commands, flags and values", async () => {
	const { stdout, exitCode } = await runCli(["completion", "bash"]);
	assert.equal(exitCode, 0);
	assert.deepEqual(completeInBash(stdout, ["httpeek", "st"]), ["stat"]);
	assert.deepEqual(completeInBash(stdout, ["httpeek", "stat", "--fa"]), ["--fail-if"]);
	assert.deepEqual(completeInBash(stdout, ["httpeek", "stat", "-o", "j"]), ["json"]);
	assert.deepEqual(completeInBash(stdout, ["httpeek", "stat", "--output", "j"]), ["json"]);
	assert.deepEqual(completeInBash(stdout, ["httpeek", "--rol"]), ["--role"]);
	assert.deepEqual(completeInBash(stdout, ["httpeek", "completion", "f"]), ["fish"]);
	assert.deepEqual(completeInBash(stdout, ["httpeek", "doctor", "--sort"]), [""]);
});

test("zsh and fish scripts name every command and flag, with quotes that close", async () => {
	for (const shell of ["zsh", "fish"]) {
		const { stdout } = await runCli(["completion", shell]);
		for (const name of ["top", "stat", "demo", "run", "doctor", "completion", "fail-if", "min-latency", "report"]) {
			assert.ok(stdout.includes(name), `${shell}: ${name}`);
		}
		assert.equal(stdout.split("'").length % 2, 1, shell);
	}
	// Where the shells are installed they are the judge.
	for (const [shell, flag] of [
		["zsh", "-n"],
		["fish", "--no-execute"],
	] as const) {
		const { stdout } = await runCli(["completion", shell]);
		const { error, status, stderr } = spawnSync(shell, [flag, "/dev/stdin"], { input: stdout, encoding: "utf8" });
		assert.ok(error !== undefined || status === 0, stderr);
	}
});
