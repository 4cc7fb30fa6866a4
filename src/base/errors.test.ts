import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ERROR_CODES, HttpeekError } from "./errors.js";

test("docs/errors.md has a section for every code, with its exit code, and none for others", () => {
	const documented = [...readFileSync("docs/errors.md", "utf8").matchAll(/^## (HTTPEEK_\w+) \(exit code (\d)\)$/gm)];
	assert.deepEqual(Object.fromEntries(documented.map(([, code, exitCode]) => [code, Number(exitCode)])), ERROR_CODES);
});

test("an error carries its code, hint, cause and exit code", () => {
	const cause = new Error("EPERM");
	const error = new HttpeekError("HTTPEEK_PRIVILEGE", "cannot attach: EPERM", { hint: "run it as root", cause });
	assert.deepEqual(
		[error.name, error.code, error.hint, error.cause, error.exitCode],
		["HttpeekError", "HTTPEEK_PRIVILEGE", "run it as root", cause, 4],
	);
	assert.equal("cause" in new HttpeekError("HTTPEEK_IO", "x"), false);
});
