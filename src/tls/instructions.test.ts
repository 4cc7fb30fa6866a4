import assert from "node:assert/strict";
import { test } from "node:test";
import { findReturns } from "./instructions.js";

const x86 = (hex: string) => findReturns("x86-64", Buffer.from(hex.replaceAll(" ", ""), "hex"));

test("x86-64: each return, with its prefixes, and none that is part of another instruction", () => {
	// mov $0xc3c3c3c3,%eax; ret; repz ret; ret $8; int3
	assert.deepEqual(x86("b8 c3c3c3c3 c3 f3c3 c20800 cc cc"), [5, 6, 8]);
	// repz stos is no return
	assert.deepEqual(x86("f3 ab c3"), [2]);
	assert.deepEqual(x86(""), []);
});

test("x86-64: what is not understood, or goes on after the end, has no answer", () => {
	assert.equal(x86("c3 06"), undefined);
	assert.equal(x86("c3 e8 00 00"), undefined);
});

test("arm64: each ret", () => {
	const code = Buffer.alloc(16);
	code.writeUInt32LE(0xd65f03c0, 4);
	code.writeUInt32LE(0xd65f03c0, 12);
	assert.deepEqual(findReturns("arm64", code), [4, 12]);
	// br x30 is none
	code.writeUInt32LE(0xd61f03c0, 4);
	assert.deepEqual(findReturns("arm64", code), [12]);
	assert.equal(findReturns("arm64", code.subarray(0, 14)), undefined);
});
