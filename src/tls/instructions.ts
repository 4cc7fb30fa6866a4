/** Return instructions in machine code. */
import type { Machine } from "./elf.js";
import { instructionLength } from "./x86-instructions.js";

/** All instructions of arm64 are as long. */
export const ARM64_INSTRUCTION_BYTES = 4;
/** `ret`, which is `ret x30`: what compilers end functions with. */
const ARM64_RETURN = 0xd65f03c0;
const X86_RETURN = 0xc3;
const X86_RETURN_AND_POP = 0xc2;
/** `repz ret`, `bnd ret`: for processors of long ago, and for some that came later. */
const X86_RETURN_PREFIXES = [0xf3, 0xf2];

/**
 * Where the return instructions of a function are, bytes from its beginning, ascending.
 * @param code all of the function, with the padding up to the next one
 * @returns undefined when an instruction is not understood or does not end with the code: then nothing is certain
 */
export function findReturns(machine: Machine, code: Buffer): number[] | undefined {
	return machine === "arm64" ? arm64Returns(code) : x86Returns(code);
}

function arm64Returns(code: Buffer): number[] | undefined {
	if (code.length % ARM64_INSTRUCTION_BYTES !== 0) return undefined;
	const found: number[] = [];
	for (let at = 0; at < code.length; at += ARM64_INSTRUCTION_BYTES) {
		if (code.readUInt32LE(at) === ARM64_RETURN) found.push(at);
	}
	return found;
}

function x86Returns(code: Buffer): number[] | undefined {
	const found: number[] = [];
	let at = 0;
	while (at < code.length) {
		const length = instructionLength(code, at);
		if (length === undefined) return undefined;
		if (isX86Return(code, at)) found.push(at);
		at += length;
	}
	return found;
}

function isX86Return(code: Buffer, at: number): boolean {
	const first = code[at] ?? 0;
	const opcode = X86_RETURN_PREFIXES.includes(first) ? code[at + 1] : first;
	return opcode === X86_RETURN || opcode === X86_RETURN_AND_POP;
}
