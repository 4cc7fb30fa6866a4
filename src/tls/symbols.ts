/** Where the functions of an ELF file are, by name. */
import { UnreadableFile } from "./bounded-file.js";
import { type Elf, findSection, type Section } from "./elf.js";
import { candidatesByHash } from "./gnu-hash.js";

const SYMBOL_BYTES = 24;
const TYPE_MASK = 0xf;
const TYPE_FUNCTION = 2;
const BINDING_LOCAL = 0;
const SECTION_UNDEFINED = 0;
/** A name stands in the table of names once, or a few times as the end of longer ones. */
const MOST_PLACES_OF_A_NAME = 64;
/** node has 110,000 symbols, a browser some millions. */
const MOST_SYMBOLS = 4_000_000;

/** A function's place, before the file is moved as a whole. */
export interface FunctionSymbol {
	readonly address: number;
	readonly sizeBytes: number;
}

interface Entry extends FunctionSymbol {
	readonly nameAt: number;
	/** Not one that other sources of the program can call. */
	readonly isLocal: boolean;
}

/** Functions that other files can link to (`.dynsym`), which is what shared libraries are for. */
export function exportedFunctions(elf: Elf, wanted: readonly string[]): Map<string, FunctionSymbol> {
	const table = findSection(elf, ".dynsym");
	const hashes = findSection(elf, ".gnu.hash");
	if (table === undefined || hashes === undefined) return scan(elf, table, wanted);
	const names = elf.sections[table.link];
	if (names === undefined) return new Map();
	const candidates = candidatesByHash(elf, hashes);
	const found = new Map<string, FunctionSymbol>();
	for (const name of wanted) {
		const entry = candidates(name)
			.map((index) => readEntry(elf, table, index))
			.find((one) => one !== undefined && hasName(elf, names, one.nameAt, name));
		if (entry !== undefined) found.set(name, entry);
	}
	return found;
}

/**
 * Functions of the table with everything (`.symtab`), which is often stripped off. None of them is looked for when no name
 * of `signs` stands in the table of names, as it is with nearly every program.
 */
export function allFunctions(
	elf: Elf,
	wanted: readonly string[],
	signs: readonly string[],
): Map<string, FunctionSymbol> {
	const table = findSection(elf, ".symtab");
	const names = table === undefined ? undefined : elf.sections[table.link];
	if (names === undefined || placesOf(elf, names, signs, 1).size === 0) return new Map();
	return scan(elf, table, wanted);
}

function scan(elf: Elf, table: Section | undefined, wanted: readonly string[]): Map<string, FunctionSymbol> {
	const names = table === undefined ? undefined : elf.sections[table.link];
	if (table === undefined || names === undefined) return new Map();
	const nameAt = placesOf(elf, names, wanted, MOST_PLACES_OF_A_NAME);
	const found = new Map<string, Entry>();
	if (nameAt.size === 0) return found;
	const count = Math.floor(table.sizeBytes / SYMBOL_BYTES);
	if (count > MOST_SYMBOLS) throw new UnreadableFile("too-large", `it has ${count} symbols`);
	const window = elf.file.window(table.offset, table.sizeBytes);
	for (let index = 0; index < count; index++) {
		const name = nameAt.get(window.u32(index * SYMBOL_BYTES));
		const entry = name === undefined ? undefined : readEntry(elf, table, index);
		if (name === undefined || entry === undefined) continue;
		const known = found.get(name);
		// the function of the interface, not one of the same name that a source keeps to itself
		if (known === undefined || (known.isLocal && !entry.isLocal)) found.set(name, entry);
	}
	return found;
}

/** Which name stands where: symbols give places. A name may be the end of a longer one, which linkers make use of. */
function placesOf({ file }: Elf, names: Section, wanted: readonly string[], most: number): Map<number, string> {
	const needles = wanted.map((name) => Buffer.from(`${name}\0`, "latin1"));
	const found = new Map<number, string>();
	const left = wanted.map(() => most);
	for (const { place, index } of file.search(names.offset, names.sizeBytes, needles)) {
		const name = wanted[index];
		if (name === undefined || left[index] === 0) continue;
		left[index] = (left[index] ?? 0) - 1;
		found.set(place, name);
		if (found.size === most * wanted.length) break;
	}
	return found;
}

/** A symbol, if it is a function that this file defines. */
function readEntry({ file }: Elf, table: Section, index: number): Entry | undefined {
	if ((index + 1) * SYMBOL_BYTES > table.sizeBytes) return undefined;
	const window = file.window(table.offset + index * SYMBOL_BYTES, SYMBOL_BYTES);
	// from the lowest bit: type, binding, visibility, the section that defines it
	const word = window.u32(4);
	if ((word & TYPE_MASK) !== TYPE_FUNCTION || word >>> 16 === SECTION_UNDEFINED) return undefined;
	return {
		nameAt: window.u32(0),
		isLocal: ((word >>> 4) & 0xf) === BINDING_LOCAL,
		address: window.u64(8),
		sizeBytes: window.u64(16),
	};
}

function hasName({ file }: Elf, names: Section, at: number, name: string): boolean {
	const expected = Buffer.from(`${name}\0`, "latin1");
	return at + expected.length <= names.sizeBytes && file.read(names.offset + at, expected.length).equals(expected);
}
