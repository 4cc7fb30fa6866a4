import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { findTlsLibraries } from "./libraries.js";

test("finds the OpenSSL in node's own program", () => {
	const [library, ...others] = findTlsLibraries(process.execPath);
	assert.deepEqual(others, []);
	assert.equal(library?.kind, "openssl");
	assert.equal(library.problem, undefined);
	// as process.versions has it, which may add a build's name
	assert.ok(process.versions.openssl.startsWith(library.version ?? "(none)"));
	for (const program of ["tls_read_begin", "tls_read_end", "tls_write_begin", "tls_write_end", "tls_free"]) {
		assert.ok(library.points.some((point) => point.program === program && point.atReturn === program.endsWith("_end")));
	}
});

test("what is no program holds no library", (context) => {
	const folder = mkdtempSync(join(tmpdir(), "httpeek-tls-"));
	context.after(() => rmSync(folder, { recursive: true }));
	const path = join(folder, "file");
	for (const text of ["", "text", "\x7fELF", `\x7fELF\x02\x01${"\0".repeat(100)}`]) {
		writeFileSync(path, text, "latin1");
		assert.deepEqual(findTlsLibraries(path), []);
	}
	assert.deepEqual(findTlsLibraries(folder), []);
	assert.throws(() => findTlsLibraries(join(folder, "missing")), { code: "ENOENT" });
});
