/** What is recorded is what was counted: a report of the recording is the report itself. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { skipReason } from "../support/capture.js";
import { HTTPEEK, Stage } from "../support/httpeek.js";

test("stat records, and reports the same of its recording, from a file and from a pipe", {
	skip: skipReason,
}, async (context) => {
	const folder = mkdtempSync(join(tmpdir(), "httpeek-test-"));
	context.after(() => rmSync(folder, { recursive: true }));
	const stage = await Stage.set(context);
	const path = join(folder, "x.jsonl");
	const counted = await stage.statOf(
		["/users/1", "/missing", "/broken", "/slow"],
		"-i",
		"100ms",
		"-o",
		"json",
		"--record",
		path,
	);
	assert.equal(counted.child.exitCode, 0, counted.stderr);
	assert.equal(JSON.parse(counted.stdout).endpoints.length, 8, "four, at both ends");

	for (const [words, input] of [
		[["--input", path], ""],
		[["--input", "-"], readFileSync(path)],
	] as const) {
		const shown = spawnSync(process.execPath, [HTTPEEK, "stat", "-o", "json", ...words], { input, encoding: "utf8" });
		assert.equal(shown.status, 0, shown.stderr);
		assert.equal(shown.stdout, counted.stdout);
	}
	const lines = spawnSync(process.execPath, [HTTPEEK, "top", "--input", path, "--status", "404", "-q"], {
		encoding: "utf8",
	});
	assert.equal(lines.stdout.split("\n").at(-2), "Endpoint: /missing, Status Code: 404, Count: 1");
});
