/** Who has no screen does not pay for one: ink and react are not even looked for. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { recordingLine } from "../../src/model/recording.js";
import { makeRow, makeSnapshot } from "../../src/model/testing.js";
import { HTTPEEK } from "../support/httpeek.js";

const HOOKS = `export async function resolve(name, context, next) {
	if (/^(ink|react)$/.test(name)) process._rawDebug("looked for " + name);
	return next(name, context);
}`;
const REGISTER = `import { register } from "node:module"; register("data:text/javascript,${encodeURIComponent(HOOKS)}");`;

/** What is written to standard error by a program that tells what it looks for. */
function stderrOf(...words: readonly string[]): string {
	const told = ["--import", `data:text/javascript,${encodeURIComponent(REGISTER)}`];
	const { status, stderr } = spawnSync(process.execPath, [...told, ...words], { encoding: "utf8" });
	assert.equal(status, 0, stderr);
	return stderr;
}

test("stat and a piped top do without ink and react", (context) => {
	const folder = mkdtempSync(join(tmpdir(), "httpeek-test-"));
	context.after(() => rmSync(folder, { recursive: true }));
	const path = join(folder, "x.jsonl");
	writeFileSync(path, recordingLine({ kind: "snapshot", snapshot: makeSnapshot([makeRow()]) }));
	for (const command of ["stat", "top"]) {
		assert.doesNotMatch(stderrOf(HTTPEEK, command, "--input", path), /looked for/);
	}
	const view = new URL("../../src/views/live-view.js", import.meta.url).href;
	assert.match(stderrOf("--input-type=module", "--eval", `import "${view}"`), /looked for ink/, "it would be noticed");
});
