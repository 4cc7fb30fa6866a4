import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { recordingLine } from "../model/recording.js";
import { makeRow, makeSnapshot } from "../model/testing.js";
import { runCli } from "./testing.js";

const snapshots = [1, 2, 3].map((seconds) =>
	makeSnapshot([makeRow({ route: "/a", count: seconds * 2 }), makeRow({ route: "/b", status: 503, count: 1 })], {
		durationSeconds: seconds,
	}),
);
const [first] = snapshots;

function folderOf(context: TestContext): string {
	const folder = mkdtempSync(join(tmpdir(), "httpeek-test-"));
	context.after(() => rmSync(folder, { recursive: true }));
	return folder;
}

test("what stat and top record, both show again, filtered and ended as asked", async (context) => {
	const path = join(folderOf(context), "minute.jsonl");
	const recorded = await runCli(["stat", "-o", "json", "--record", path], { snapshots });
	assert.equal(recorded.exitCode, 0, recorded.stderr);
	assert.equal(statSync(path).mode & 0o777, 0o600);
	const [start, ...lines] = readFileSync(path, "utf8").trimEnd().split("\n");
	assert.equal(JSON.parse(start ?? "").description, "a test");
	assert.equal(lines.length, 3);
	assert.equal(recorded.observed?.lastOnly, false, "every snapshot is recorded");

	const shown = await runCli(["stat", "-o", "json", "--input", path]);
	assert.equal(shown.exitCode, 0, shown.stderr);
	assert.equal(shown.stdout, recorded.stdout);
	assert.equal(
		shown.stderr,
		"httpeek: counting a test, a recording (Ctrl-C ends and reports)\nhttpeek: 7 exchanges, 1 errors, 0 lost\n",
	);
	assert.equal(shown.observed, undefined, "nothing is counted");
	for (const limit of [
		["-n", "2"],
		["-d", "2s"],
	]) {
		const some = await runCli(["top", "--status", "2xx", "--input", path, ...limit]);
		assert.equal(some.stdout, "Endpoint: /a, Status Code: 200, Count: 2\nEndpoint: /a, Status Code: 200, Count: 4\n");
	}

	const again = await runCli(["top", "--record", path, "-n", "1"], { snapshots });
	assert.equal(again.exitCode, 1);
	assert.match(
		again.stderr,
		/cannot write the recording .*: it exists \[HTTPEEK_IO\]\n {2}cause: .*\n {2}hint: name a new file/,
	);
	assert.equal(readFileSync(path, "utf8").split("\n").length, 5, "it is as it was");
});

test("what cannot count leaves no file", async (context) => {
	const path = join(folderOf(context), "x");
	assert.equal((await runCli(["stat", "--record", path], { openError: new Error("x") })).exitCode, 1);
	assert.equal(existsSync(path), false);
});

test("a recording that was cut off is shown up to there", async (context) => {
	assert.ok(first);
	const path = join(folderOf(context), "cut");
	writeFileSync(path, `${recordingLine({ kind: "snapshot", snapshot: first })}{"schema":"httpeek-rec`);
	const { exitCode, stdout, stderr } = await runCli(["stat", "-o", "lines", "--input", path]);
	assert.equal(exitCode, 0);
	assert.match(stdout, /^Endpoint: \/a, Status Code: 200, Count: 2$/m);
	assert.match(stderr, /^httpeek: the last line of .*cut is cut off: it is left out$/m);
});

test("what cannot be read says which line and why", async (context) => {
	const folder = folderOf(context);
	const path = join(folder, "x.jsonl");
	for (const [text, message] of [
		["\n{}\n", /cannot read line 2 of .*x.jsonl: it has no schema, not "httpeek-recording\/1" \[HTTPEEK_RECORDING\]/],
		["", /cannot read the recording .*x.jsonl: it holds no snapshot \[HTTPEEK_RECORDING\]/],
	] as const) {
		writeFileSync(path, text);
		const { exitCode, stderr } = await runCli(["stat", "--input", path]);
		assert.equal(exitCode, 1);
		assert.match(stderr, message);
	}
	assert.match(
		(await runCli(["stat", "--input", join(folder, "missing")])).stderr,
		/cannot read the recording .*missing: there is no such file or folder \[HTTPEEK_IO\]/,
	);
	assert.match((await runCli(["top", "--input", folder])).stderr, /it is a folder \[HTTPEEK_IO\]/);
});

test("flags about counting make no sense with a recording", async () => {
	for (const [flag, value] of [
		["--cgroup", "/x"],
		["--pid", "1"],
		["--record", "y"],
		["--min-latency", "1s"],
		["--max-endpoints", "5"],
		["--interval", "1s"],
	] as const) {
		const { exitCode, stderr } = await runCli(["top", "--input", "x", flag, value]);
		assert.equal(exitCode, 2);
		assert.ok(stderr.startsWith(`httpeek: ${flag} cannot be used with --input: nothing is counted [HTTPEEK_USAGE]\n`));
	}
});
