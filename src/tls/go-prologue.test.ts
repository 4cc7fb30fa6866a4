import assert from "node:assert/strict";
import { test } from "node:test";
import { afterStackCheck } from "./go-prologue.js";

const x86 = (hex: string) => afterStackCheck("x86-64", Buffer.from(hex.replaceAll(" ", ""), "hex"));
const arm64 = (...words: number[]) => afterStackCheck("arm64", Buffer.from(new Uint32Array(words).buffer));

test("x86-64: behind the jump, in each form that Go's compiler writes", () => {
	// cmp 0x10(%r14),%rsp; jbe near; sub $0x68,%rsp
	assert.equal(x86("493b6610 0f86c2030000 4883ec68"), 10);
	// the same, jbe short; push %rbp
	assert.equal(x86("493b6610 7610 55"), 6);
	// lea -0x68(%rsp),%r12; cmp 0x10(%r14),%r12; jbe near
	assert.equal(x86("4c8d642498 4d3b6610 0f8664070000 4881ece8000000"), 15);
	// lea -0x200(%rsp),%r12
	assert.equal(x86("4c8da42400feffff 4d3b6610 0f8664070000"), 18);
	// mov %rsp,%r12; sub $0x10000,%r12; jb near; cmp 0x10(%r14),%r12; jbe near
	assert.equal(x86("4989e4 4981ec00000100 0f82ffff0000 4d3b6610 0f86ffff0000 55"), 26);
});

test("x86-64: what checks nothing, or jumps otherwise, has no such place", () => {
	assert.equal(x86("4883ec68 c3"), undefined);
	assert.equal(x86("493b6610 7710 55"), undefined);
	assert.equal(x86("493b6610 90 7610"), undefined);
	assert.equal(x86("493b6610"), undefined);
	assert.equal(x86("493b6610 76"), undefined);
	// within another instruction: mov $0x10663b49,%eax
	assert.equal(x86("b8493b6610 7610"), undefined);
	assert.equal(x86(""), undefined);
});

test("arm64: behind the jump, in each form", () => {
	// ldr x16, [x28, #16]; cmp sp, x16; b.ls; str x30, [sp, #-112]!
	assert.equal(arm64(0xf9400b90, 0xeb3063ff, 0x54001b89, 0xf8190ffe), 12);
	// sub x17, sp, #112; cmp x17, x16
	assert.equal(arm64(0xf9400b90, 0xd101c3f1, 0xeb10023f, 0x54003069, 0xf8110ffe), 16);
	// mov x27, #…; subs x17, sp, x27; b.lo; cmp x17, x16; b.ls
	assert.equal(arm64(0xf9400b90, 0xd2a0003b, 0xeb3b63f1, 0x540000a3, 0xeb10023f, 0x54000069, 0xf8110ffe), 24);
});

test("arm64: what checks nothing, or jumps otherwise, has no such place", () => {
	assert.equal(arm64(0xeb3063ff, 0x54001b89), undefined);
	assert.equal(arm64(0xf9400b90, 0xeb3063ff, 0x54001b88), undefined);
	assert.equal(arm64(0xf9400b90), undefined);
	assert.equal(afterStackCheck("arm64", Buffer.from([0x90, 0x0b])), undefined);
});
