import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { compileBpf, findClang } from "./bpf-compiler.mjs";
import { hotFirst } from "./hot-first.mjs";

/** @param {string[]} lines */
const ir = (...lines) => lines.join("\n");

describe("rare blocks behind the others", () => {
	it("moves what only a rare edge leads to, with all that follows from it", () => {
		const moved = hotFirst(
			ir(
				"define i32 @f(i32 %x) {",
				"entry:",
				"  br i1 %rare, label %cold, label %hot, !prof !1",
				"",
				"cold:                ; preds = %entry",
				"  br label %colder",
				"",
				"colder:",
				"  ret i32 1",
				"",
				"hot:",
				"  ret i32 0",
				"}",
				'!1 = !{!"branch_weights", !"expected", i32 1, i32 2000}',
			),
		);
		assert.deepEqual(moved.match(/^\w+(?=:)/gm), ["entry", "hot", "cold", "colder"]);
	});

	it("leaves alone what is reached some other way, or by a way that is not rare", () => {
		const text = ir(
			"define void @f() {",
			"  switch i32 %n, label %a [",
			"    i32 1, label %b",
			"    i32 2, label %c",
			"  ], !prof !7",
			"a:",
			"  ret void",
			"b:",
			"  br label %c",
			"c:",
			"  ret void",
			"}",
			'!7 = !{!"branch_weights", i32 2000, i32 1000, i32 1}',
		);
		assert.equal(hotFirst(text), text);
	});

	it("gives names to what is numbered by its place, and touches nothing outside of functions", () => {
		const moved = hotFirst(
			ir("%0 = type { i32 }", "define i32 @f(i32 %0) {", "  %2 = add i32 %0, 1", "  ret i32 %2", "}", ""),
		);
		assert.equal(
			moved,
			ir("%0 = type { i32 }", "define i32 @f(i32 %n0) {", "  %n2 = add i32 %n0, 1", "  ret i32 %n2", "}", ""),
		);
	});

	it("refuses what it does not understand", () => {
		assert.throws(() => hotFirst("define void @f() {\nentry:\n  call void @g()\n}"), /without an exit: entry/);
		assert.throws(() => hotFirst("define void @f() {"), /without an end/);
	});

	it("is what the compiler's own order is not: a rare block stands behind the function's last", () => {
		const folder = mkdtempSync(join(tmpdir(), "httpeek-hot-first-"));
		try {
			const [source, object] = [join(folder, "f.c"), join(folder, "f.o")];
			writeFileSync(
				source,
				`int f(int *p)
				{
					if (__builtin_expect(p[0] == 7, 0))
						p[1] = p[2] * 17;
					p[3]++;
					return p[4];
				}`,
			);
			compileBpf({ clang: findClang(), source, object });
			assert.ok(firstAt(object, MULTIPLY) > firstAt(object, EXIT), "the multiplication is behind the exit");
		} finally {
			rmSync(folder, { recursive: true, force: true });
		}
	});
});

/** Operation codes of BPF: linux/bpf.h. */
const MULTIPLY = 0x24; // BPF_ALU | BPF_MUL | BPF_K
const EXIT = 0x95; // BPF_JMP | BPF_EXIT

/** @param {string} object @param {number} operation @returns {number} where its code has the first such instruction */
function firstAt(object, operation) {
	const bytes = readFileSync(object);
	// the code is behind the header of a 64-bit ELF file, and made of words of eight bytes
	for (let at = 64; at < bytes.length; at += 8) if (bytes[at] === operation) return at;
	assert.fail(`no operation ${operation}`);
}
