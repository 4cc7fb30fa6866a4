import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { HttpeekError } from "../base/errors.js";
import { saveNew } from "./save-file.js";

test("files are new, their owner's only, and told by their names", (context) => {
	const folder = mkdtempSync(join(tmpdir(), "httpeek-test-"));
	context.after(() => rmSync(folder, { recursive: true }));
	const now = new Date(2026, 0, 2, 3, 4, 5);
	const stem = join(folder, "httpeek-peers");
	const first = saveNew(stem, "csv", "one\n", now);
	assert.equal(first, `${stem}-20260102-030405.csv`);
	assert.equal(saveNew(stem, "csv", "two\n", now), `${stem}-20260102-030405-2.csv`);
	assert.equal(readFileSync(first, "utf8"), "one\n");
	assert.equal(statSync(first).mode & 0o777, 0o600);
	assert.equal(readdirSync(folder).length, 2);
});

test("what cannot be saved is told", (context) => {
	const folder = mkdtempSync(join(tmpdir(), "httpeek-test-"));
	context.after(() => rmSync(folder, { recursive: true }));
	assert.throws(
		() => saveNew(join(folder, "missing", "x"), "csv", ""),
		(error) =>
			error instanceof HttpeekError && error.code === "HTTPEEK_IO" && /cannot save .*: ENOENT/.test(error.message),
	);
	const now = new Date(2026, 0, 2, 3, 4, 5);
	for (let attempt = 1; attempt <= 100; attempt += 1) {
		mkdirSync(join(folder, `x-20260102-030405${attempt === 1 ? "" : `-${attempt}`}.csv`));
	}
	assert.throws(() => saveNew(join(folder, "x"), "csv", "", now), /there are 100 files of this second already/);
});
