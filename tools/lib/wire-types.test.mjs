import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { compileBpf, findClang } from "./bpf-compiler.mjs";
import { Btf } from "./btf.mjs";
import { ToolFailure } from "./failure.mjs";
import { layoutSource } from "./layout-source.mjs";
import { wireTypes } from "./wire-types.mjs";

/** Compiles C and generates TypeScript from its types. */
function generate(/** @type {import("node:test").TestContext} */ context, /** @type {string} */ source) {
	const folder = mkdtempSync(join(tmpdir(), "httpeek-layout-"));
	context.after(() => rmSync(folder, { recursive: true, force: true }));
	const file = join(folder, "snippet.bpf.c");
	const object = join(folder, "snippet.bpf.o");
	writeFileSync(file, `#include <stdbool.h>\n#include <linux/types.h>\n${source}\n`);
	compileBpf({ clang: findClang(), source: file, object });
	return layoutSource(wireTypes(Btf.ofFile(object)), "// header");
}

const REFUSED = [
	["implicit padding between members", "struct s { __u8 a; __u32 b; } s;", /s\.b with .*3 bytes of implicit padding/],
	["implicit padding at the end", "struct s { __u32 a; __u8 b; } s;", /share s with .*3 bytes of implicit padding/],
	["a bitfield", "struct s { __u32 a : 3; __u32 b : 29; } s;", /s\.a with .*bitfields/],
	["a pointer", "struct s { void *a; } s;", /s\.a with .*a pointer/],
	["a union", "struct s { union { __u32 x; __s32 y; } a; } s;", /s\.a with .*a union/],
	["a struct without a name", "struct s { struct { __u32 x; } a; } s;", /s\.a with .*a struct without a name/],
	["an enum, whose size the compiler chooses", "enum e { E_A }; struct s { enum e a; } s;", /s\.a with .*an enum/],
	["long", "struct s { unsigned long a; } s;", /s\.a with .*not of the same size everywhere/],
	[
		"an array of structs",
		"struct t { __u8 x; }; struct s { struct t a[2]; } s;",
		/s\.a with .*only arrays of integers/,
	],
	["an array of arrays", "struct s { __u8 a[2][2]; } s;", /s\.a with .*only arrays of integers/],
	["a pointer in a struct inside a struct", "struct t { char *p; }; struct s { struct t a; } s;", /t\.p with/],
	["a plain integer", "__u32 plain;", /share plain with .*neither a struct nor an enum/],
];

for (const [name, source, message] of REFUSED) {
	test(`refuses ${name}, by name`, (context) => {
		assert.throws(
			() => generate(context, /** @type {string} */ (source)),
			(error) => error instanceof ToolFailure && /** @type {RegExp} */ (message).test(error.message),
		);
	});
}

test("hides padding and keeps the offsets behind it", (context) => {
	const text = generate(context, "struct s { __u8 a; __u8 _pad[3]; __u32 b; __u16 c; __u16 _pad2; } s;");
	assert.match(text, /S_SIZE = 12;/);
	assert.match(text, /S_OFFSET = \{\n\ta: 0,\n\tb: 4,\n\tc: 8,\n\}/);
	assert.doesNotMatch(text, /pad: /i);
});

test("amounts of 64 bits are numbers, all else of 64 bits is a bigint", (context) => {
	const members = ["sum_ns", "body_bytes", "count", "retry_counts", "id", "counter", "turns"];
	const text = generate(context, `struct s { ${members.map((name) => `__u64 ${name};`).join(" ")} } s;`);
	const types = [...text.matchAll(/readonly (\w+): (\w+);/g)].map(([, name, type]) => `${name}: ${type}`);
	assert.deepEqual(types, [
		"sumNs: number",
		"bodyBytes: number",
		"count: number",
		"retryCounts: number",
		"id: bigint",
		"counter: bigint",
		"turns: bigint",
	]);
});

test("reads every kind of member with the accessor of its size and sign", (context) => {
	const text = generate(
		context,
		"struct t { __u16 x; __u16 y; }; struct s { __s64 a; __u32 b[2]; struct t c; __s16 d; __s8 e; bool f; } s;",
	);
	for (const line of [
		"a: view.getBigInt64(at, true),",
		"b: readUint32Array(view, at + 8, 2),",
		"c: readT(view, at + 16),",
		"d: view.getInt16(at + 20, true),",
		"e: view.getInt8(at + 22),",
		"f: view.getUint8(at + 23) !== 0,",
		"view.setUint8(at + 23, value.f ? 1 : 0);",
	]) {
		assert.ok(text.includes(`\t${line}\n`), `${line}\n${text}`);
	}
	assert.ok(text.indexOf("interface T ") < text.indexOf("interface S "), "what is used stands before its user");
});

test("enum constants lose the prefix of their enum, and nothing else", (context) => {
	const text = generate(context, "enum end_kind { END_KIND_OK, END_KIND_BAD = -2, END_KINDS, END_KIND_2X } k;");
	assert.match(text, /export const EndKind = \{\n\tOK: 0,\n\tBAD: -2,\n\tEND_KINDS: -1,\n\t"2X": 0,\n\} as const;/);
	assert.match(text, /export type EndKind = \(typeof EndKind\)\[keyof typeof EndKind\];/);
});
