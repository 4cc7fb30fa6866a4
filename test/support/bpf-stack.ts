/**
 * How much stack the functions of a BPF object take together, as verifiers of kernels before 6.9 count it: a call counts with
 * a multiple of 32 bytes (check_max_stack_depth() in the kernel's verifier.c), of 512 for a hook and all that it calls. Later
 * ones count in steps of 16 unless the JIT is off (round_up_stack_depth() there), so what loads on one of them says nothing
 * about the others.
 *
 * Read from the instructions, which is an upper bound: a verifier passes over what a configuration makes unreachable.
 * https://www.rfc-editor.org/rfc/rfc9669 for the encoding.
 */
const INSTRUCTION_BYTES = 8;
const FRAME_POINTER = 10;
/** Classes of instructions: the low three bits. */
const CLASS = { load: 1, storeNumber: 2, store: 3, alu: 4, alu64: 7 } as const;
const OPCODE = { wideLoad: 0x18, addNumber: 0x07, move: 0xbf, call: 0x85 } as const;
/** The source register of a call of another function of the program: BPF_PSEUDO_CALL. */
const CALL_OF_FUNCTION = 1;

const SECTION = { symbols: 2, relocations: 9 } as const;
const SYMBOL = { function: 2, section: 3 } as const;

const GRANULE_BYTES = 32;
/** MAX_BPF_STACK. */
export const STACK_BYTES = 512;

interface Section {
	readonly type: number;
	readonly offset: number;
	readonly bytes: number;
	readonly link: number;
	readonly info: number;
}

interface Symbol {
	readonly name: string;
	readonly type: number;
	readonly section: number;
	readonly at: number;
	readonly bytes: number;
}

interface Frame {
	readonly name: string;
	readonly bytes: number;
	/** Keys of the functions that are called. */
	readonly calls: ReadonlySet<string>;
}

/** A hook's deepest way through the functions that it calls. */
export interface StackUse {
	readonly bytes: number;
	/** `name:bytes` of each function on the way, the hook first. */
	readonly calls: readonly string[];
}

/** @param object an ELF file for BPF. @returns one for each function that no other calls, the deepest first */
export function stackUse(object: Buffer): StackUse[] {
	const frames = framesOf(object);
	const called = new Set([...frames.values()].flatMap(({ calls }) => [...calls]));
	const known = new Map<string, StackUse>();
	const deepest = (key: string): StackUse => {
		const before = known.get(key);
		if (before !== undefined) return before;
		const frame = frames.get(key);
		if (frame === undefined) throw new Error(`a call leads to ${key}, where no function begins`);
		const rest = [...frame.calls].map(deepest).reduce(deeper, { bytes: 0, calls: [] });
		const use = {
			bytes: Math.ceil(Math.max(frame.bytes, 1) / GRANULE_BYTES) * GRANULE_BYTES + rest.bytes,
			calls: [`${frame.name}:${frame.bytes}`, ...rest.calls],
		};
		known.set(key, use);
		return use;
	};
	return [...frames.keys()]
		.filter((key) => !called.has(key))
		.map(deepest)
		.sort((a, b) => b.bytes - a.bytes);
}

function deeper(a: StackUse, b: StackUse): StackUse {
	return b.bytes > a.bytes ? b : a;
}

function keyOf(section: number, at: number): string {
	return `${section}:${at}`;
}

function framesOf(object: Buffer): Map<string, Frame> {
	const sections = sectionsOf(object);
	const symbols = symbolsOf(object, sections);
	const relocations = new Map<string, Symbol>();
	for (const { type, offset, bytes, info } of sections) {
		if (type !== SECTION.relocations) continue;
		for (let at = offset; at < offset + bytes; at += 16) {
			const symbol = symbols[Number(object.readBigUInt64LE(at + 8) >> 32n)];
			if (symbol !== undefined) relocations.set(keyOf(info, Number(object.readBigUInt64LE(at))), symbol);
		}
	}
	const frames = new Map<string, Frame>();
	for (const symbol of symbols) {
		const section = sections[symbol.section];
		if (symbol.type !== SYMBOL.function || section === undefined) continue;
		const code = object.subarray(section.offset, section.offset + section.bytes);
		frames.set(keyOf(symbol.section, symbol.at), frameOf(code, symbol, relocations));
	}
	return frames;
}

function frameOf(code: Buffer, symbol: Symbol, relocations: ReadonlyMap<string, Symbol>): Frame {
	let bytes = 0;
	const calls = new Set<string>();
	/** Registers that point into the frame, and where. */
	const pointers = new Map<number, number>([[FRAME_POINTER, 0]]);
	const touch = (offset: number): void => {
		bytes = Math.max(bytes, -offset);
	};
	for (let at = symbol.at; at < symbol.at + symbol.bytes; at += INSTRUCTION_BYTES) {
		const opcode = code.readUInt8(at);
		const target = code.readUInt8(at + 1) & 15;
		const source = code.readUInt8(at + 1) >> 4;
		const offset = code.readInt16LE(at + 2);
		const number = code.readInt32LE(at + 4);
		const kind = opcode & 7;
		const pointer = pointers.get(target);
		if (opcode === OPCODE.wideLoad) {
			pointers.delete(target);
			at += INSTRUCTION_BYTES;
		} else if (opcode === OPCODE.call) {
			if (source === CALL_OF_FUNCTION) calls.add(calledBy(symbol.section, at, number, relocations));
		} else if (kind === CLASS.store || kind === CLASS.storeNumber) {
			if (pointer !== undefined) touch(pointer + offset);
		} else if (kind === CLASS.load) {
			const from = pointers.get(source);
			if (from !== undefined) touch(from + offset);
			pointers.delete(target);
		} else if (opcode === OPCODE.move && pointers.has(source)) {
			pointers.set(target, pointers.get(source) ?? 0);
		} else if (opcode === OPCODE.addNumber && pointer !== undefined) {
			pointers.set(target, pointer + number);
			touch(pointer + number);
		} else if (kind === CLASS.alu || kind === CLASS.alu64) {
			pointers.delete(target);
		}
	}
	return { name: symbol.name, bytes, calls };
}

/** The function that a call leads to: what a relocation says, or else so many instructions on. */
function calledBy(section: number, at: number, number: number, relocations: ReadonlyMap<string, Symbol>): string {
	const symbol = relocations.get(keyOf(section, at));
	const instructionsOn = (number + 1) * INSTRUCTION_BYTES;
	if (symbol === undefined) return keyOf(section, at + instructionsOn);
	return keyOf(symbol.section, symbol.type === SYMBOL.section ? symbol.at + instructionsOn : symbol.at);
}

function sectionsOf(object: Buffer): Section[] {
	const offset = Number(object.readBigUInt64LE(40));
	const [each, count] = [object.readUInt16LE(58), object.readUInt16LE(60)];
	return Array.from({ length: count }, (_, index) => {
		const at = offset + index * each;
		return {
			type: object.readUInt32LE(at + 4),
			offset: Number(object.readBigUInt64LE(at + 24)),
			bytes: Number(object.readBigUInt64LE(at + 32)),
			link: object.readUInt32LE(at + 40),
			info: object.readUInt32LE(at + 44),
		};
	});
}

function symbolsOf(object: Buffer, sections: readonly Section[]): Symbol[] {
	const table = sections.find(({ type }) => type === SECTION.symbols);
	const names = sections[table?.link ?? -1];
	if (table === undefined || names === undefined) throw new Error("the object has no symbols");
	return Array.from({ length: table.bytes / 24 }, (_, index) => {
		const at = table.offset + index * 24;
		const from = names.offset + object.readUInt32LE(at);
		return {
			name: object.toString("latin1", from, object.indexOf(0, from)),
			type: object.readUInt8(at + 4) & 15,
			section: object.readUInt16LE(at + 6),
			at: Number(object.readBigUInt64LE(at + 8)),
			bytes: Number(object.readBigUInt64LE(at + 16)),
		};
	});
}
