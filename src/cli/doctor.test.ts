import assert from "node:assert/strict";
import { test } from "node:test";
import type { Check } from "../capture/doctor.js";
import { runCli } from "./testing.js";

const checks: readonly Check[] = [
	{ name: "system", state: "ok", detail: "linux 6.18" },
	{ name: "BPF JIT", state: "warning", detail: "off", hint: "sysctl -w net.core.bpf_jit_enable=1" },
];
const failed: Check = {
	name: "source: plain HTTP",
	state: "failed",
	detail: "refused\nlog \u001b[2J",
	hint: "run as root",
};

test("checks are listed with what to do, and the exit code says whether the main job can run", async () => {
	assert.deepEqual(await runCli(["doctor"], { checks }).then(({ stdout, exitCode }) => [stdout, exitCode]), [
		[
			"STATE    CHECK    DETAIL",
			"ok       system   linux 6.18",
			"warning  BPF JIT  off",
			"         to do: sysctl -w net.core.bpf_jit_enable=1",
			"",
			"httpeek can run here, with one limit: see above",
			"see it work: httpeek demo",
			"",
		].join("\n"),
		0,
	]);
	const bad = await runCli(["doctor"], { checks: [failed] });
	assert.equal(bad.exitCode, 4);
	assert.equal(
		bad.stdout,
		[
			"STATE   CHECK               DETAIL",
			"failed  source: plain HTTP  refused",
			"         log \\x1b[2J",
			"         to do: run as root",
			"",
			"httpeek cannot run here: 1 of 1 checks failed",
			"mend them from top to bottom, one may be the cause of the next; then: httpeek doctor",
			"",
		].join("\n"),
	);
});

test("json is for programs", async () => {
	const { stdout, exitCode } = await runCli(["doctor", "-o", "json"], { checks: [...checks, failed] });
	assert.equal(exitCode, 4);
	assert.deepEqual(JSON.parse(stdout), {
		schema: "httpeek-doctor/1",
		can_run: false,
		checks: [{ ...checks[0], hint: null }, checks[1], failed],
	});
});
