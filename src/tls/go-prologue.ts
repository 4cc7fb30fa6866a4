/**
 * How Go's functions begin: they compare the stack with the current goroutine's limit, and jump to their end if there is too
 * little left, where the runtime finds more, or lets another goroutine run. Then they begin again. So an instruction of the
 * beginning may be executed twice for one call; the one behind the jump is executed once.
 * The forms are in Go's sources: src/cmd/internal/obj/x86/obj6.go and arm64/obj7.go, stacksplit().
 */
import type { Machine } from "./elf.js";
import { ARM64_INSTRUCTION_BYTES } from "./instructions.js";
import { instructionLength } from "./x86-instructions.js";

/** Longer than the longest form: of frames that are larger than what lies below any stack. */
export const MOST_BYTES_OF_PROLOGUE = 48;

/** `cmp 0x10(%r14),%rsp`; functions with larger frames compare `%r12`, what the stack pointer will be. */
const X86_COMPARISONS = [Buffer.from([0x49, 0x3b, 0x66, 0x10]), Buffer.from([0x4d, 0x3b, 0x66, 0x10])];
/** `jbe`, with a distance of one byte or, after a byte 0F, of four. */
const X86_JUMP = 0x76;
const X86_TWO_BYTES = 0x0f;
const X86_JUMP_FAR = 0x86;

/** `ldr x16, [x28, #16]` */
const ARM64_LIMIT = 0xf9400b90;
/** `b.ls`: all bits but those of the distance. */
const ARM64_JUMP = 0x54000009;
const ARM64_JUMP_MASK = 0xff00001f;

/**
 * Where a function has found its stack large enough, bytes from its beginning: arguments are still in their registers there.
 * @param code its first bytes, MOST_BYTES_OF_PROLOGUE of them if there are so many
 * @returns undefined for what does not begin like this: none of Go's functions, or one of the smallest
 */
export function afterStackCheck(machine: Machine, code: Buffer): number | undefined {
	return machine === "arm64" ? afterCheckOfArm64(code) : afterCheckOfX86(code);
}

function afterCheckOfX86(code: Buffer): number | undefined {
	let isCompared = false;
	for (let at = 0; at < code.length; ) {
		const length = instructionLength(code, at);
		if (length === undefined) return undefined;
		const instruction = code.subarray(at, at + length);
		at += length;
		if (isCompared) return isX86Jump(instruction) ? at : undefined;
		isCompared = X86_COMPARISONS.some((comparison) => comparison.equals(instruction));
	}
	return undefined;
}

function isX86Jump(instruction: Buffer): boolean {
	const [first, second] = instruction;
	return first === X86_JUMP || (first === X86_TWO_BYTES && second === X86_JUMP_FAR);
}

function afterCheckOfArm64(code: Buffer): number | undefined {
	let isLoaded = false;
	for (let at = 0; at + ARM64_INSTRUCTION_BYTES <= code.length; at += ARM64_INSTRUCTION_BYTES) {
		const instruction = code.readUInt32LE(at);
		if (isLoaded && (instruction & ARM64_JUMP_MASK) === ARM64_JUMP) return at + ARM64_INSTRUCTION_BYTES;
		isLoaded ||= instruction === ARM64_LIMIT;
	}
	return undefined;
}
