/**
 * How long x86-64 instructions are: enough to walk through a function from one to the next. What it means is not looked
 * at, except where the length depends on it. The tables are those of Intel's manual, volume 2, appendix A (opcode maps)
 * and chapter 2 (prefixes, VEX, EVEX). Extensions that no compiler's default output has (XOP, 3DNow!, APX) are not known:
 * where they would begin, the answer is undefined.
 */

const LONGEST_INSTRUCTION_BYTES = 15;

/** What follows an opcode. `z` is an operand of 4 bytes, or 2 with the prefix 66; `v` one that REX.W makes 8 bytes. */
type Immediate = 0 | 1 | 2 | 3 | "z" | "v" | "near" | "address" | "group3-byte" | "group3";

interface Form {
	readonly hasModRm: boolean;
	readonly immediate: Immediate;
}

const PLAIN: Form = { hasModRm: false, immediate: 0 };
const MODRM: Form = { hasModRm: true, immediate: 0 };
const MODRM_BYTE: Form = { hasModRm: true, immediate: 1 };
const form = (hasModRm: boolean, immediate: Immediate): Form => ({ hasModRm, immediate });

type FormTable = ReadonlyMap<number, Form>;

/** Later entries win. Opcodes that are not listed do not exist in 64-bit mode, or are handled before. */
function table(entries: readonly (readonly [from: number, to: number, form: Form])[]): FormTable {
	const forms = new Map<number, Form>();
	for (const [from, to, one] of entries) for (let opcode = from; opcode <= to; opcode++) forms.set(opcode, one);
	return forms;
}

/** add, or, adc, sbb, and, sub, xor, cmp: each six opcodes at a multiple of eight. */
const ARITHMETIC = [0, 8, 0x10, 0x18, 0x20, 0x28, 0x30, 0x38].flatMap(
	(first) =>
		[
			[first, first + 3, MODRM],
			[first + 4, first + 4, form(false, 1)],
			[first + 5, first + 5, form(false, "z")],
		] as const,
);

/** The map of one-byte opcodes. */
const ONE_BYTE = table([
	...ARITHMETIC,
	[0x50, 0x5f, PLAIN], // push, pop
	[0x63, 0x63, MODRM], // movslq
	[0x68, 0x68, form(false, "z")], // push
	[0x69, 0x69, form(true, "z")], // imul
	[0x6a, 0x6a, form(false, 1)], // push
	[0x6b, 0x6b, MODRM_BYTE], // imul
	[0x6c, 0x6f, PLAIN], // ins, outs
	[0x70, 0x7f, form(false, 1)], // jcc
	[0x80, 0x80, MODRM_BYTE],
	[0x81, 0x81, form(true, "z")],
	[0x83, 0x83, MODRM_BYTE],
	[0x84, 0x8e, MODRM], // test, xchg, mov, lea
	[0x90, 0x99, PLAIN], // xchg, cltq, cqto
	[0x9b, 0x9f, PLAIN], // fwait, pushf, popf, sahf, lahf
	[0xa0, 0xa3, form(false, "address")], // mov
	[0xa4, 0xa7, PLAIN], // movs, cmps
	[0xa8, 0xa8, form(false, 1)], // test
	[0xa9, 0xa9, form(false, "z")],
	[0xaa, 0xaf, PLAIN], // stos, lods, scas
	[0xb0, 0xb7, form(false, 1)], // mov
	[0xb8, 0xbf, form(false, "v")],
	[0xc0, 0xc1, MODRM_BYTE], // shifts
	[0xc2, 0xc2, form(false, 2)], // ret
	[0xc3, 0xc3, PLAIN],
	[0xc6, 0xc6, MODRM_BYTE], // mov
	[0xc7, 0xc7, form(true, "z")],
	[0xc8, 0xc8, form(false, 3)], // enter
	[0xc9, 0xc9, PLAIN], // leave
	[0xca, 0xca, form(false, 2)], // lret
	[0xcb, 0xcc, PLAIN], // lret, int3
	[0xcd, 0xcd, form(false, 1)], // int
	[0xcf, 0xcf, PLAIN], // iret
	[0xd0, 0xd3, MODRM], // shifts
	[0xd7, 0xd7, PLAIN], // xlat
	[0xd8, 0xdf, MODRM], // x87
	[0xe0, 0xe7, form(false, 1)], // loop, jrcxz, in, out
	[0xe8, 0xe9, form(false, "near")], // call, jmp
	[0xeb, 0xeb, form(false, 1)], // jmp
	[0xec, 0xef, PLAIN], // in, out
	[0xf1, 0xf1, PLAIN], // int1
	[0xf4, 0xf5, PLAIN], // hlt, cmc
	[0xf6, 0xf6, form(true, "group3-byte")], // test, not, neg, mul, div
	[0xf7, 0xf7, form(true, "group3")],
	[0xf8, 0xfd, PLAIN], // flags
	[0xfe, 0xff, MODRM], // inc, dec, call, jmp, push
]);

/** Opcodes of the map 0F that have an operand byte, in their SSE, VEX and EVEX forms alike. */
const MAP_0F_BYTE = table([
	[0x70, 0x73, MODRM_BYTE], // shuffles and shifts
	[0xc2, 0xc2, MODRM_BYTE], // cmpps
	[0xc4, 0xc6, MODRM_BYTE], // pinsrw, pextrw, shufps
]);

/** The map of opcodes after 0F. */
const MAP_0F = table([
	[0x00, 0x03, MODRM],
	[0x05, 0x09, PLAIN], // syscall, clts, sysret, invd, wbinvd
	[0x0b, 0x0b, PLAIN], // ud2
	[0x0d, 0x0d, MODRM], // prefetch
	[0x10, 0x23, MODRM], // moves, nop with operands, control registers
	[0x28, 0x2f, MODRM],
	[0x30, 0x35, PLAIN], // wrmsr, rdtsc, rdmsr, rdpmc, sysenter, sysexit
	[0x37, 0x37, PLAIN], // getsec
	[0x40, 0x76, MODRM], // cmov, SSE
	[0x77, 0x77, PLAIN], // emms
	[0x78, 0x79, MODRM], // vmread, vmwrite
	[0x7c, 0x7f, MODRM],
	[0x80, 0x8f, form(false, "near")], // jcc
	[0x90, 0x9f, MODRM], // setcc
	[0xa0, 0xa2, PLAIN], // push, pop, cpuid
	[0xa3, 0xa3, MODRM], // bt
	[0xa4, 0xa4, MODRM_BYTE], // shld
	[0xa5, 0xa5, MODRM],
	[0xa8, 0xaa, PLAIN], // push, pop, rsm
	[0xab, 0xab, MODRM], // bts
	[0xac, 0xac, MODRM_BYTE], // shrd
	[0xad, 0xb9, MODRM],
	[0xba, 0xba, MODRM_BYTE], // bt
	[0xbb, 0xc7, MODRM],
	[0xc8, 0xcf, PLAIN], // bswap
	[0xd0, 0xff, MODRM],
	...[...MAP_0F_BYTE].map(([opcode, one]) => [opcode, opcode, one] as const),
]);

/** Prefixes that only say how: segments, sizes, locks, repetitions. */
const LEGACY_PREFIXES: ReadonlySet<number> = new Set([
	0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3,
]);
const OPERAND_SIZE = 0x66;
const ADDRESS_SIZE = 0x67;
/** Not before VEX and EVEX, which have them inside. */
const INSIDE_VEX: readonly number[] = [0x66, 0xf0, 0xf2, 0xf3];
const VEX_2 = 0xc5;
const VEX_3 = 0xc4;
const EVEX = 0x62;
/** `pop` with an operand; other values of its field begin an XOP instruction. */
const POP = 0x8f;

/** A step through the bytes of one instruction. */
interface Cursor {
	readonly code: Uint8Array;
	at: number;
	operandSize: boolean;
	addressSize: boolean;
	rexW: boolean;
	insideVex: boolean;
}

/**
 * Bytes of the instruction at a place of some 64-bit code. Undefined when it is not known, or goes beyond the code or the
 * 15 bytes that the processor allows.
 */
export function instructionLength(code: Uint8Array, at: number): number | undefined {
	const cursor: Cursor = { code, at, operandSize: false, addressSize: false, rexW: false, insideVex: false };
	takePrefixes(cursor);
	const found = takeOpcode(cursor);
	if (found === undefined) return undefined;
	const fieldOfModRm = (code[cursor.at] ?? 0) >> 3;
	if (found.hasModRm) takeModRm(cursor);
	const immediateBytes = sizeOf(found.immediate, cursor, fieldOfModRm & 7);
	if (immediateBytes === undefined) return undefined;
	const length = cursor.at + immediateBytes - at;
	return length > LONGEST_INSTRUCTION_BYTES || at + length > code.length ? undefined : length;
}

function takePrefixes(cursor: Cursor): void {
	for (let byte = peek(cursor); LEGACY_PREFIXES.has(byte); byte = peek(cursor)) {
		if (byte === OPERAND_SIZE) cursor.operandSize = true;
		if (byte === ADDRESS_SIZE) cursor.addressSize = true;
		if (INSIDE_VEX.includes(byte)) cursor.insideVex = true;
		cursor.at += 1;
	}
}

function takeOpcode(cursor: Cursor): Form | undefined {
	let opcode = take(cursor);
	const hasRex = opcode >= 0x40 && opcode <= 0x4f;
	if (hasRex) {
		cursor.rexW = (opcode & 8) !== 0;
		opcode = take(cursor);
	}
	if (opcode === 0x0f) return takeOpcodeAfter0f(cursor);
	if (opcode === VEX_2 || opcode === VEX_3 || opcode === EVEX) {
		return hasRex || cursor.insideVex ? undefined : takeVex(cursor, opcode);
	}
	if (opcode === POP) return (peek(cursor) & 0x38) === 0 ? MODRM : undefined;
	return ONE_BYTE.get(opcode);
}

function takeOpcodeAfter0f(cursor: Cursor): Form | undefined {
	const opcode = take(cursor);
	if (opcode === 0x38 || opcode === 0x3a) {
		cursor.at += 1;
		return opcode === 0x38 ? MODRM : MODRM_BYTE;
	}
	// extrq and insertq, which have two operand bytes
	const isSse4a = opcode === 0x78 && cursor.insideVex;
	return isSse4a ? undefined : MAP_0F.get(opcode);
}

function takeVex(cursor: Cursor, kind: number): Form | undefined {
	const first = peek(cursor);
	const map = kind === VEX_2 ? 1 : kind === VEX_3 ? first & 0x1f : first & 7;
	cursor.at += kind === VEX_2 ? 1 : kind === VEX_3 ? 2 : 3;
	const opcode = take(cursor);
	if (map === 1) return opcode === 0x77 && kind !== EVEX ? PLAIN : (MAP_0F_BYTE.get(opcode) ?? MODRM);
	if (map === 2) return MODRM;
	if (map === 3) return MODRM_BYTE;
	// half-precision numbers of AVX-512
	return kind === EVEX && (map === 5 || map === 6) ? MODRM : undefined;
}

/** The byte that names registers or memory, and what it says follows: an index, a displacement. */
function takeModRm(cursor: Cursor): void {
	const modRm = take(cursor);
	const mode = modRm >> 6;
	if (mode === 3) return;
	let base = modRm & 7;
	if (base === 4) base = take(cursor) & 7;
	if (mode === 1) cursor.at += 1;
	if (mode === 2 || (mode === 0 && base === 5)) cursor.at += 4;
}

/** @param field bits 3-5 of the ModRM byte */
function sizeOf(immediate: Immediate, { operandSize, addressSize, rexW }: Cursor, field: number): number | undefined {
	const word = operandSize && !rexW ? 2 : 4;
	switch (immediate) {
		case "z":
			return word;
		case "v":
			return rexW ? 8 : word;
		case "near":
			// processors disagree on what the prefix does here
			return word === 2 ? undefined : 4;
		case "address":
			return addressSize ? 4 : 8;
		case "group3-byte":
			return field < 2 ? 1 : 0;
		case "group3":
			return field < 2 ? word : 0;
		default:
			return immediate;
	}
}

/** The next byte; -1, which is no opcode, after the end. */
function peek({ code, at }: Cursor): number {
	return code[at] ?? -1;
}

function take(cursor: Cursor): number {
	const byte = peek(cursor);
	cursor.at += 1;
	return byte;
}
