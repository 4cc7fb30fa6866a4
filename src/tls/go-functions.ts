/**
 * Where Go's functions are: the table that the Go runtime itself needs for its stack traces (`.gopclntab`), so that it is
 * there in stripped programs, too. Its form is in Go's sources: src/runtime/symtab.go (pcHeader, functab),
 * src/debug/gosym/pclntab.go.
 */
import { UnreadableFile, type Window } from "./bounded-file.js";
import { type Elf, findSection, type Section } from "./elf.js";
import { allFunctions } from "./symbols.js";

/** Go 1.16 and 1.17: addresses are whole. Tables before that are of versions that are not supported anyway. */
const MAGIC_1_16 = 0xfffffffa;
/** Since 1.18 addresses count from the beginning of the code. */
const MAGIC_1_18 = 0xfffffff0;
const MAGIC_1_20 = 0xfffffff1;
/** Smallest distance of two instructions. */
const QUANTUM = { "x86-64": 1, arm64: 4 } as const;
const POINTER_BYTES = 8;
/** Kubernetes' largest programs have 150,000. */
const MOST_FUNCTIONS = 2_000_000;
const HEADER_BYTES = 72;
/** Positions in the header, which the two forms have in the same order; `text` is where the code begins. */
const FIELDS_1_16 = { functions: 8, text: undefined, names: 24, namesEnd: 32, table: 56 };
const FIELDS_1_18 = { functions: 8, text: 24, names: 32, namesEnd: 40, table: 64 };
const RELOCATION_BYTES = 24;
const SECTION_NAMES = [".gopclntab", ".data.rel.ro.gopclntab"];
/** Where the table is when a linker that is not Go's has merged it with others. */
const MERGED_SECTION_NAMES = [".data.rel.ro", ".rodata"];

/** The code of a function: addresses before the file is moved as a whole. `end` is where the next function begins. */
export interface GoFunction {
	readonly start: number;
	readonly end: number;
}

/** The table, opened. */
interface FunctionTable {
	readonly window: Window;
	readonly nameWindow: Window;
	readonly isRelative: boolean;
	readonly functionCount: number;
	/** From the beginning of the table, bytes. */
	readonly names: number;
	readonly namesEnd: number;
	readonly table: number;
	/** In the file. */
	readonly offset: number;
	readonly sizeBytes: number;
	/** What the header has for it: 0 when it is the loader that writes it, and in versions that have it elsewhere. */
	readonly textStart: number;
	/** In memory, where the header's field of textStart is. */
	readonly textStartAt: number;
}

/** What a table has. */
export interface GoFunctions {
	readonly byName: ReadonlyMap<string, GoFunction>;
	/** Since which version of Go, 1.N, tables have this form. */
	readonly sinceMinorVersion: number;
}

/** Whether a program has such a table, in a section of its own or in one that says that Go built it. */
export function isGoProgram(elf: Elf): boolean {
	return [...SECTION_NAMES, ".go.buildinfo"].some((name) => findSection(elf, name) !== undefined);
}

/**
 * Finds functions by their full names.
 * @param isRight whether a function really is where it was found: where the code begins is not always written down, and
 * of what it may be the first is taken with which every function found is right
 * @returns undefined when the file has no such table, or when the functions found are right with no beginning
 */
export function findGoFunctions(
	elf: Elf,
	wanted: readonly string[],
	isRight: (start: number) => boolean,
): GoFunctions | undefined {
	const table = openTable(elf);
	if (table === undefined) return undefined;
	const found = scan(table, placesOf(elf, table, wanted));
	for (const textStart of possibleTextStarts(elf, table)) {
		const moved = [...found].map(
			([name, { start, end }]) => [name, { start: start + textStart, end: end + textStart }] as const,
		);
		if (!moved.every(([, { start }]) => isRight(start))) continue;
		return { byName: new Map(moved), sinceMinorVersion: table.isRelative ? 18 : 16 };
	}
	return undefined;
}

/** Whether a function's name stands in a table of any version, also of those that findGoFunctions() does not know. */
export function mentionsGoFunction(elf: Elf, name: string): boolean {
	const sections = [...SECTION_NAMES, ...MERGED_SECTION_NAMES]
		.map((section) => findSection(elf, section))
		.filter((section) => section !== undefined);
	return sections.some(
		({ offset, sizeBytes }) => elf.file.search(offset, sizeBytes, [Buffer.from(`\0${name}\0`)]).next().done !== true,
	);
}

function openTable(elf: Elf): FunctionTable | undefined {
	for (const name of SECTION_NAMES) {
		const section = findSection(elf, name);
		const table = section === undefined ? undefined : tableAt(elf, section, 0);
		if (table !== undefined) return table;
	}
	for (const name of MERGED_SECTION_NAMES) {
		const section = findSection(elf, name);
		const table = section === undefined ? undefined : searchTable(elf, section);
		if (table !== undefined) return table;
	}
	return undefined;
}

function searchTable(elf: Elf, section: Section): FunctionTable | undefined {
	const beginnings = [MAGIC_1_16, MAGIC_1_18, MAGIC_1_20].map((magic) => {
		const bytes = Buffer.from([0, 0, 0, 0, 0, 0, QUANTUM[elf.machine], POINTER_BYTES]);
		bytes.writeUInt32LE(magic);
		return bytes;
	});
	for (const { place } of elf.file.search(section.offset, section.sizeBytes, beginnings)) {
		const table = tableAt(elf, section, place);
		if (table !== undefined) return table;
	}
	return undefined;
}

/** @param at from the beginning of the section */
function tableAt(elf: Elf, section: Section, at: number): FunctionTable | undefined {
	const sizeBytes = section.sizeBytes - at;
	if (sizeBytes < HEADER_BYTES) return undefined;
	const offset = section.offset + at;
	const window = elf.file.window(offset, sizeBytes);
	const magic = window.u32(0);
	if (magic !== MAGIC_1_16 && magic !== MAGIC_1_18 && magic !== MAGIC_1_20) return undefined;
	if (window.u32(4) !== (QUANTUM[elf.machine] << 16) + POINTER_BYTES * 2 ** 24) return undefined;
	const isRelative = magic !== MAGIC_1_16;
	const fields = isRelative ? FIELDS_1_18 : FIELDS_1_16;
	const functionCount = window.u64(fields.functions);
	const names = window.u64(fields.names);
	const namesEnd = window.u64(fields.namesEnd);
	const table = window.u64(fields.table);
	if (names > namesEnd || namesEnd > sizeBytes || table > sizeBytes) return undefined;
	if (functionCount > MOST_FUNCTIONS) throw new UnreadableFile("too-large", `it has ${functionCount} functions`);
	return {
		window,
		nameWindow: elf.file.window(offset, sizeBytes),
		isRelative,
		functionCount,
		names,
		namesEnd,
		table,
		offset,
		sizeBytes,
		textStart: fields.text === undefined ? 0 : window.u64(fields.text),
		textStartAt: section.address + at + FIELDS_1_18.text,
	};
}

/** Which name begins where among the names. Each stands there once. */
function placesOf({ file }: Elf, table: FunctionTable, wanted: readonly string[]): Map<number, string> {
	const needles = wanted.map((name) => Buffer.from(`\0${name}\0`, "latin1"));
	const found = new Map<number, string>();
	for (const { place, index } of file.search(table.offset + table.names, table.namesEnd - table.names, needles)) {
		const name = wanted[index];
		if (name !== undefined) found.set(place + 1, name);
		if (found.size >= wanted.length) break;
	}
	return found;
}

/** Addresses of the functions whose names begin at the places given, from the beginning of the code. */
function scan(table: FunctionTable, nameAt: ReadonlyMap<number, string>): Map<string, GoFunction> {
	const { window, nameWindow, isRelative, functionCount } = table;
	const found = new Map<string, GoFunction>();
	if (nameAt.size === 0) return found;
	const fieldBytes = isRelative ? 4 : POINTER_BYTES;
	// an entry is the function's address and the place of its description, in which its name's place follows the address
	const field = (at: number): number => (isRelative ? window.u32(at) : window.u64(at));
	for (let index = 0; index < functionCount; index++) {
		const at = table.table + index * 2 * fieldBytes;
		const description = table.table + field(at + fieldBytes);
		const name = nameAt.get(nameWindow.u32(description + fieldBytes));
		if (name === undefined) continue;
		found.set(name, { start: field(at), end: field(at + 2 * fieldBytes) });
		if (found.size === nameAt.size) break;
	}
	return found;
}

/** What the beginning of the code may be, the surest first. */
function* possibleTextStarts(elf: Elf, table: FunctionTable): Generator<number> {
	if (!table.isRelative) {
		yield 0;
		return;
	}
	if (table.textStart !== 0) yield table.textStart;
	// position-independent programs: the loader writes it, and the file says what
	const relocated = relocatedValue(elf, table.textStartAt);
	if (relocated !== undefined) yield relocated;
	const symbol = allFunctions(elf, ["runtime.text"], ["runtime.text"]).get("runtime.text");
	if (symbol !== undefined) yield symbol.address;
	// right where all of the code is Go's
	const text = findSection(elf, ".text");
	if (text !== undefined) yield text.address;
}

/** What the loader writes to an address, before the file is moved as a whole. */
function relocatedValue(elf: Elf, address: number): number | undefined {
	const section = findSection(elf, ".rela.dyn");
	if (section === undefined) return undefined;
	const window = elf.file.window(section.offset, section.sizeBytes);
	const low = address % 2 ** 32;
	for (let at = 0; at + RELOCATION_BYTES <= section.sizeBytes; at += RELOCATION_BYTES) {
		if (window.u32(at) === low && window.u64(at) === address) return window.u64(at + 16);
	}
	return undefined;
}
