import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { symbolSections, writeMade } from "../../test/support/made-elf.js";
import { GO_ENTRY, MAGIC_1_16, type MadeGo, makeGo } from "../../test/support/made-go.js";
import { findTlsLibraries } from "./libraries.js";

/** jmp over a ret that is data of another instruction, ret, ret. */
const READ = [0xb8, 0xc3, 0, 0, 0, 0xc3, 0x90, 0xc3, 0xcc];
const FUNCTIONS = {
	"crypto/tls.(*Conn).Writev": [0xc3],
	"crypto/tls.(*Conn).Read": READ,
	"x/crypto/tls.(*Conn).Close": [0xc3],
	"crypto/tls.(*Conn).Write": [0xc3],
	"crypto/tls.(*Conn).Close": [0xc3],
};

function librariesOf(context: TestContext, made: Partial<MadeGo> = {}) {
	const { bytes, offsets } = makeGo({ functions: FUNCTIONS, ...made });
	return { libraries: findTlsLibraries(writeMade(context, bytes)), offsets };
}

/** What is expected of FUNCTIONS. */
function points(offsets: Record<string, number>) {
	const body = (name: string) => (offsets[name] ?? 0) + GO_ENTRY["x86-64"].length;
	const read = body("crypto/tls.(*Conn).Read");
	return [
		{ program: "go_read", offset: read, atReturn: false, symbol: "crypto/tls.(*Conn).Read" },
		...[read + 5, read + 7].map((offset) => ({
			program: "tls_end",
			offset,
			atReturn: false,
			symbol: "crypto/tls.(*Conn).Read",
		})),
		...(["Write", "Close"] as const).map((name) => ({
			program: `go_${name.toLowerCase()}`,
			offset: body(`crypto/tls.(*Conn).${name}`),
			atReturn: false,
			symbol: `crypto/tls.(*Conn).${name}`,
		})),
	];
}

const FORMS: [string, Partial<MadeGo>][] = [
	["of now", {}],
	["of Go 1.17", { version: "go1.17.13", magic: MAGIC_1_16 }],
	["of Go 1.18", { version: "go1.18", magic: 0xfffffff0 }],
	["built from sources", { version: "devel go1.22-0123abc Mon Jan 1" }],
	["with C code in front of Go's", { foreignCode: Array(64).fill(0x90) }],
	[
		"position-independent",
		{ textStart: 0, isRelocated: true, foreignCode: Array(64).fill(0x90), tableSection: ".data.rel.ro.gopclntab" },
	],
	["whose table another linker merged", { tableSection: ".data.rel.ro" }],
	["all of whose code is Go's, without a beginning in the table", { textStart: 0 }],
	["with a beginning in the table that is not right", { textStart: 0x123 }],
];
for (const [name, made] of FORMS) {
	test(`a stripped program ${name}: behind stack checks, and every return of Read`, (context) => {
		const { libraries, offsets } = librariesOf(context, made);
		const version = made.version ?? "go1.21.3";
		assert.deepEqual(libraries, [{ kind: "go", version, points: points(offsets), problem: undefined }]);
	});
}

test("where the code begins is taken from the symbol where nothing else says it", (context) => {
	const foreignCode = Array(64).fill(0x90);
	const made = { textStart: 0, foreignCode };
	const without = librariesOf(context, made);
	assert.deepEqual(without.libraries[0]?.points, []);
	assert.match(without.libraries[0]?.problem ?? "", /table of functions is not understood/);
	const address = (at: number) => symbolSections([{ name: "runtime.text", address: at }], { isDynamic: false });
	const { offsets } = makeGo({ functions: FUNCTIONS, ...made, before: address(0) });
	const goText = 0x40_0000 + (offsets["crypto/tls.(*Conn).Writev"] ?? 0);
	const { libraries } = librariesOf(context, { ...made, before: address(goText) });
	assert.deepEqual(libraries[0]?.points, points(offsets));
});

test("arm64: returns are words", (context) => {
	const ret = [0xc0, 0x03, 0x5f, 0xd6];
	const functions = { "crypto/tls.(*Conn).Read": [...ret, ...ret], "crypto/tls.(*Conn).Write": ret };
	const { libraries, offsets } = librariesOf(context, { functions, machine: "arm64" });
	const read = offsets["crypto/tls.(*Conn).Read"] ?? 0;
	assert.deepEqual(
		libraries[0]?.points.filter(({ program }) => program === "tls_end").map(({ offset }) => offset),
		[read + GO_ENTRY.arm64.length, read + GO_ENTRY.arm64.length + 4],
	);
});

test("arm64: arguments are in registers since Go 1.18", (context) => {
	const old = { version: "go1.17.1", magic: MAGIC_1_16, machine: "arm64" } as const;
	assert.match(librariesOf(context, old).libraries[0]?.problem ?? "", /built with Go 1.17, and 1.18 is needed/);
	assert.deepEqual(librariesOf(context, { ...old, machine: "x86-64" }).libraries[0]?.problem, undefined);
});

test("an old or unknown version is named, where the program has TLS", (context) => {
	const problem = (made: Partial<MadeGo>) => librariesOf(context, made).libraries.map((library) => library.problem);
	assert.deepEqual(problem({ version: "go1.16.3", magic: MAGIC_1_16 }), [
		"it was built with Go 1.16, and 1.17 is needed",
	]);
	// tables of Go 1.16 and 1.17 look the same
	assert.deepEqual(problem({ version: "", magic: MAGIC_1_16 }), ["it was built with Go 1.16, and 1.17 is needed"]);
	assert.deepEqual(problem({ version: "" }), [undefined]);
	assert.deepEqual(problem({ version: "go1.16.3", functions: { "main.main": [0xc3] } }), []);
	assert.deepEqual(problem({ functions: { "main.main": [0xc3] } }), []);
});

test("a function with an instruction that is not understood, or with no or very many returns, is not hooked, nor are the others", (context) => {
	const functions = { ...FUNCTIONS, "crypto/tls.(*Conn).Read": [0xc3, 0x06, 0xc3] };
	const { libraries } = librariesOf(context, { functions });
	assert.deepEqual(libraries[0]?.points, []);
	assert.match(libraries[0]?.problem ?? "", /instructions of its functions are not understood/);
	const returns = { ...FUNCTIONS, "crypto/tls.(*Conn).Read": Array(65).fill(0xc3) };
	assert.deepEqual(librariesOf(context, { functions: returns }).libraries[0]?.points, []);
	const endless = { ...FUNCTIONS, "crypto/tls.(*Conn).Read": [0x90] };
	assert.deepEqual(librariesOf(context, { functions: endless }).libraries[0]?.points, []);
});
