import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { SORT_KEYS } from "../model/rows.js";
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
	const offers = (...line: readonly string[]): string[] => completeInBash(stdout, ["httpeek", ...line]);
	assert.deepEqual(offers("st"), ["stat"]);
	assert.deepEqual(offers("stat", "--fa"), ["--fail-if"]);
	assert.deepEqual(offers("stat", "-o", "j"), ["json"]);
	assert.deepEqual(offers("stat", "--output", "m"), ["markdown"]);
	assert.deepEqual(offers("top", "--output", "m"), [""]);
	assert.deepEqual(offers("stat", "--output", "=", "j"), ["json"]);
	assert.deepEqual(offers("stat", "--role", "="), ["server", "client"]);
	assert.deepEqual(offers("stat", "--sort", ""), [...SORT_KEYS]);
	assert.deepEqual(offers("--rol"), ["--role"]);
	assert.deepEqual(offers("--port", "80", "--role", "s"), ["server"]);
	assert.deepEqual(offers("stat", "--interval", ""), [""]);
	assert.deepEqual(offers("completion", "f"), ["fish"]);
	assert.deepEqual(offers("help", "do"), ["doctor"]);
	assert.deepEqual(offers("doctor", "--sort"), [""]);
	assert.ok(offers("stat", "-p", String(process.pid)).includes(String(process.pid)));
	assert.ok(offers("run", "-q", "--", "bas").includes("bash"), "the name of a command");
	assert.deepEqual(offers("stat", "--cgroup", "/pro"), ["/proc"]);
});

test("every script names every command and flag", async () => {
	for (const shell of ["bash", "zsh", "fish"]) {
		const { stdout } = await runCli(["completion", shell]);
		for (const name of ["top", "stat", "demo", "run", "doctor", "completion", "fail-if", "min-latency", "report"]) {
			assert.ok(stdout.includes(name), `${shell}: ${name}`);
		}
	}
});
