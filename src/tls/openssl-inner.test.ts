import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { LOAD_ADDRESS, makeElf, writeMade } from "../../test/support/made-elf.js";
import { BoundedFile } from "./bounded-file.js";
import { readElf } from "./elf.js";
import { innerFunctions } from "./openssl-inner.js";

/** Where the first section of a made file begins. */
const CODE = LOAD_ADDRESS + 256;
const [INNER, OTHER, PLAIN, EXTENDED] = [0, 0x20, 0x40, 0xc0];
const CODE_BYTES = 0x140;

function call(from: number, to: number): number[] {
	const bytes = Buffer.alloc(5, 0xe8);
	bytes.writeInt32LE(to - (from + 5), 1);
	return [...bytes];
}

/** What a compiler makes of the three functions; parts can be exchanged. */
function codeOf(parts: Partial<Record<"inner" | "plainCalls" | "before" | "landing", readonly number[]>>) {
	const code = Buffer.alloc(CODE_BYTES, 0x90);
	const { inner = [0x41, 0x55], before = [], landing = [] } = parts;
	code.set(inner, INNER);
	// sub $0x18,%rsp; test %edx,%edx; js; mov %rsp,%rcx; movslq %edx,%rdx
	const plain = [0x48, 0x83, 0xec, 0x18, 0x85, 0xd2, 0x78, 0x2f, 0x48, 0x89, 0xe1, 0x48, 0x63, 0xd2];
	code.set([...plain, ...(parts.plainCalls ?? call(PLAIN + plain.length, INNER))], PLAIN);
	const extended = [...landing, ...before, 0x48, 0x83, 0xec, 0x08];
	code.set([...extended, ...call(EXTENDED + extended.length, INNER)], EXTENDED);
	return code;
}

function innerOf(context: TestContext, code: Buffer, machine: "x86-64" | "arm64" = "x86-64") {
	const path = writeMade(context, makeElf([{ name: ".text", bytes: code }], machine));
	using file = new BoundedFile(path);
	const places = new Map([
		["SSL_read", CODE + PLAIN],
		["SSL_read_ex", CODE + EXTENDED],
	]);
	return innerFunctions(readElf(file), (symbol) => places.get(symbol));
}

test("the function that both call is hooked in their place", (context) => {
	const expected = [{ replaces: ["SSL_read", "SSL_read_ex"], atEntry: "tls_read_ex", address: CODE + INNER }];
	assert.deepEqual(innerOf(context, codeOf({})), expected);
	assert.deepEqual(innerOf(context, codeOf({ inner: [0x55] })), expected);
	assert.deepEqual(innerOf(context, codeOf({ landing: [0xf3, 0x0f, 0x1e, 0xfa] })), expected);
});

const DOUBTFUL: readonly (readonly [why: string, parts: Parameters<typeof codeOf>[0]])[] = [
	["it begins with what the kernel does not emulate", { inner: [0x48, 0x83, 0xec, 0x18] }],
	["arguments may have been moved before the call", { before: [0x48, 0x89, 0xf7] }],
	["the other one calls another function first", { plainCalls: call(PLAIN + 14, OTHER) }],
	["the other one begins with what is not understood", { plainCalls: [0x06, ...call(PLAIN + 15, INNER)] }],
	["the call leads out of the file", { plainCalls: call(PLAIN + 14, 2 ** 30) }],
];

for (const [why, parts] of DOUBTFUL) {
	test(`none where ${why}`, (context) => assert.deepEqual(innerOf(context, codeOf(parts)), []));
}

test("none of another machine, and none where the code ends too early", (context) => {
	assert.deepEqual(innerOf(context, codeOf({}), "arm64"), []);
	for (let bytes = 0; bytes < CODE_BYTES; bytes += 7) innerOf(context, codeOf({}).subarray(0, bytes));
});
