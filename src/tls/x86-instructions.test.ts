import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { instructionLength } from "./x86-instructions.js";

/** Instructions as an assembler writes them: test/files/instructions.test.ts compares with whole libraries. */
const INSTRUCTIONS = `
	c3 | f3 c3 | f2 c3 | c2 08 00 | cc | 90 | 66 90 | 0f 0b | f3 0f 1e fa
	55 | 41 57 | 48 89 e5 | 48 83 ec 68 | 48 81 ec 00 01 00 00 | 66 81 3c 24 00 01
	8b 04 24 | 8b 44 24 08 | 8b 84 24 00 01 00 00 | 8b 05 00 00 00 00 | 8b 04 25 00 00 00 00 | 8b 45 00 | 8b 00
	8b 04 85 00 00 00 00 | 67 8d 04 08
	b8 00 00 00 00 | 66 b8 00 00 | 48 b8 00 00 00 00 00 00 00 00 | b0 01 | a1 00 00 00 00 00 00 00 00 | 67 a1 00 00 00 00
	e8 00 00 00 00 | 66 66 48 e8 00 00 00 00 | e9 00 00 00 00 | eb 00 | 74 00 | 0f 84 00 00 00 00 | ff d0 | ff 25 00 00 00 00
	f6 c1 01 | f6 d1 | f7 c1 00 00 00 00 | 66 f7 c1 00 00 | 48 f7 d9 | 48 f7 04 24 00 00 00 00
	69 c0 00 00 00 00 | 6b c0 05 | c8 00 01 00 | 8f 00
	0f 1f 44 00 00 | 66 2e 0f 1f 84 00 00 00 00 00 | 0f b6 c0 | 0f a4 c2 03 | 0f ba e0 03 | 0f c8 | 0f a2 | 0f 05
	66 0f 70 c0 00 | 66 0f 3a 0f c1 08 | 66 0f 38 00 c1 | f0 48 0f b1 0a | f3 48 0f b8 c0 | f3 a4
	c5 f8 77 | c5 f9 6f 00 | c4 e2 7d 5a 00 | c4 e3 7d 39 c1 01 | c5 fd 70 c0 00 | c4 e2 f8 f6 c0
	62 f1 fd 48 6f 00 | 62 f1 fd 48 6f 40 01 | 62 f3 7d 48 3b c1 01 | 62 f1 7d 48 70 c0 00 | 62 f5 7c 48 58 c1
`;
const all = INSTRUCTIONS.split(/[|\n]/)
	.map((text) => Buffer.from(text.replace(/\s/g, ""), "hex"))
	.filter(({ length }) => length > 0);

test("knows where instructions end, and that they are cut off when something is missing", () => {
	assert.ok(all.length > 70);
	for (const bytes of all) {
		const shown = bytes.toString("hex");
		assert.equal(instructionLength(Buffer.concat([bytes, Buffer.alloc(16, 0xc3)]), 0), bytes.length, shown);
		assert.equal(instructionLength(bytes, 0), bytes.length, shown);
		assert.notEqual(instructionLength(bytes.subarray(0, -1), 0), bytes.length, shown);
	}
});

test("what it does not know it does not guess", () => {
	const unknown = ["06", "8fe878c2ec0e", "d500", "ea00", "0f04", "0f0f00", "66e800000000", "66c5f96f00", "48c5f96f00"];
	const more = ["f20f78c10203", "62f47c", "4866", "9a"];
	for (const text of [...unknown, ...more]) {
		const code = Buffer.concat([Buffer.from(text, "hex"), Buffer.alloc(16)]);
		assert.equal(instructionLength(code, 0), undefined, text);
	}
	assert.equal(instructionLength(Buffer.alloc(20, 0x66), 0), undefined);
	assert.equal(instructionLength(Buffer.alloc(0), 0), undefined);
});

test("any bytes have a length from 1 to 15, or none", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 24 }), (code) => {
			const length = instructionLength(code, 0);
			assert.ok(length === undefined || (length >= 1 && length <= Math.min(15, code.length)));
		}),
		{ numRuns: 2000 },
	);
});
