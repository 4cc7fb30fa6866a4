/**
 * The functions within OpenSSL that do the work of `SSL_read` and `SSL_read_ex`, and of `SSL_write` and `SSL_write_ex`.
 *
 * A uprobe replaces an instruction, and the kernel has to carry that out as well. Some it emulates, a `push` among them;
 * for others it lets the processor take a single step, which is a second trap and a far dearer one. Compilers begin
 * `SSL_read` with `sub $24, %rsp`, and the function that it calls, which has more to do, with a `push`. So that is hooked
 * instead, where it is certain which one it is: the only thing that `SSL_read_ex` does before it calls it is to move the
 * stack pointer, so its own arguments are in the registers still, and `SSL_read` calls the same function first of all. It
 * returns what `SSL_read_ex` would: 1, or an error.
 */
import { codeOffsetOf, type Elf } from "./elf.js";
import type { Hook } from "./hooks.js";
import { instructionLength } from "./x86-instructions.js";

/** A pair of functions, and the program for what both call: it has the arguments of `extended`. */
interface Pair {
	readonly plain: string;
	readonly extended: string;
	readonly atEntry: Hook["atEntry"];
}

const PAIRS: readonly Pair[] = [
	{ plain: "SSL_read", extended: "SSL_read_ex", atEntry: "tls_read_ex" },
	{ plain: "SSL_write", extended: "SSL_write_ex", atEntry: "tls_write_ex" },
];

/** `SSL_read` calls the function some 30 bytes on. */
const BYTES_LOOKED_AT = 64;
const LANDING_PAD = Buffer.from([0xf3, 0x0f, 0x1e, 0xfa]);
/** `sub $n, %rsp`, with n in the fourth byte. */
const MOVE_STACK = Buffer.from([0x48, 0x83, 0xec]);
const MOVE_STACK_BYTES = 4;
const CALL = 0xe8;
const CALL_BYTES = 5;
/** `push` of one of the first eight registers; with the prefix of the others. */
const PUSHES = { first: 0x50, last: 0x57, prefix: 0x41 } as const;

/** A function that is hooked in place of the two that call it. */
export interface InnerFunction {
	readonly replaces: readonly [string, string];
	readonly atEntry: Hook["atEntry"];
	readonly address: number;
}

/** None where anything is not as expected: then the functions themselves are hooked. */
export function innerFunctions(elf: Elf, addressOf: (symbol: string) => number | undefined): InnerFunction[] {
	if (elf.machine !== "x86-64") return [];
	return PAIRS.flatMap(({ plain, extended, atEntry }) => {
		const [plainAt, extendedAt] = [addressOf(plain), addressOf(extended)];
		if (plainAt === undefined || extendedAt === undefined) return [];
		const address = calledUnchanged(codeAt(elf, extendedAt), extendedAt);
		if (address === undefined || firstCalled(codeAt(elf, plainAt), plainAt) !== address) return [];
		return isPush(codeAt(elf, address)) ? [{ replaces: [plain, extended], atEntry, address }] : [];
	});
}

function codeAt(elf: Elf, address: number): Buffer {
	const offset = codeOffsetOf(elf, address);
	if (offset === undefined) return Buffer.alloc(0);
	return elf.file.read(offset, Math.min(BYTES_LOOKED_AT, elf.file.sizeBytes - offset));
}

/** The address of the function that this code calls with its own arguments, having done nothing else. */
function calledUnchanged(code: Buffer, address: number): number | undefined {
	const at = code.subarray(0, LANDING_PAD.length).equals(LANDING_PAD) ? LANDING_PAD.length : 0;
	if (!code.subarray(at, at + MOVE_STACK.length).equals(MOVE_STACK)) return undefined;
	return targetOf(code, at + MOVE_STACK_BYTES, address);
}

/** The address of the function that is called first. */
function firstCalled(code: Buffer, address: number): number | undefined {
	for (let at = 0; at < code.length; ) {
		if (code[at] === CALL) return targetOf(code, at, address);
		const length = instructionLength(code, at);
		if (length === undefined) return undefined;
		at += length;
	}
	return undefined;
}

function targetOf(code: Buffer, at: number, address: number): number | undefined {
	if (code[at] !== CALL || at + CALL_BYTES > code.length) return undefined;
	return address + at + CALL_BYTES + code.readInt32LE(at + 1);
}

function isPush(code: Buffer): boolean {
	const opcode = (code[0] === PUSHES.prefix ? code[1] : code[0]) ?? 0;
	return opcode >= PUSHES.first && opcode <= PUSHES.last;
}
