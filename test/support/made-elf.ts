/** ELF files made for tests: small, and with exactly what a test is about. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** Where a made file is loaded: the address of its first byte. */
export const LOAD_ADDRESS = 0x40_0000;

const SHT_DYNAMIC = 6;

export interface MadeSection {
	readonly name: string;
	readonly bytes: Buffer;
	/** SHT_*; SHT_PROGBITS where it is left out. */
	readonly type?: number;
	/** Name of the section that belongs to it. */
	readonly link?: string;
}

export interface MadeSymbol {
	readonly name: string;
	readonly address: number;
	readonly sizeBytes?: number;
	readonly isFunction?: boolean;
	readonly isDefined?: boolean;
	readonly isLocal?: boolean;
}

/** A file whose sections follow each other from `LOAD_ADDRESS + 256`, all of it executable. */
export function makeElf(sections: readonly MadeSection[], machine: "x86-64" | "arm64" = "x86-64"): Buffer {
	const names = Buffer.from(`\0${[...sections.map(({ name }) => name), ".shstrtab"].join("\0")}\0`);
	const all: MadeSection[] = [{ name: "", bytes: Buffer.alloc(0), type: 0 }, ...sections];
	all.push({ name: ".shstrtab", bytes: names, type: 3 });
	const offsets = placesOf(sections.map(({ bytes }) => bytes));
	const end = offsets.at(-1) ?? 0;
	const headersAt = end + align(names.length);
	const headers = all.map(({ name, bytes, type = 1, link }, index) => {
		const offset = index === 0 ? 0 : (offsets[index - 1] ?? 0);
		const header = Buffer.alloc(64);
		header.writeUInt32LE(name === "" ? 0 : names.indexOf(`\0${name}\0`) + 1, 0);
		header.writeUInt32LE(type, 4);
		header.writeBigUInt64LE(BigInt(LOAD_ADDRESS + offset), 16);
		header.writeBigUInt64LE(BigInt(offset), 24);
		header.writeBigUInt64LE(BigInt(bytes.length), 32);
		header.writeUInt32LE(link === undefined ? 0 : all.findIndex((section) => section.name === link), 40);
		return header;
	});
	const file = Buffer.alloc(headersAt + headers.length * 64);
	const programHeaders = [loadHeader(file.length)];
	const dynamic = sections.findIndex(({ type }) => type === SHT_DYNAMIC);
	if (dynamic >= 0) programHeaders.push(dynamicHeader(offsets[dynamic] ?? 0, sections[dynamic]?.bytes.length ?? 0));
	fileHeader(machine, headersAt, [programHeaders.length, headers.length]).copy(file);
	Buffer.concat(programHeaders).copy(file, 64);
	for (const [index, { bytes }] of sections.entries()) bytes.copy(file, offsets[index]);
	names.copy(file, end);
	for (const [index, header] of headers.entries()) header.copy(file, headersAt + index * 64);
	return file;
}

/** Where the sections' bytes are in the file, and after them where the next would be. */
export function placesOf(pieces: readonly Buffer[]): number[] {
	const places = [256];
	for (const piece of pieces) places.push((places.at(-1) ?? 0) + align(piece.length));
	return places;
}

function align(bytes: number): number {
	return Math.ceil(bytes / 16) * 16;
}

function fileHeader(machine: string, sectionsAt: number, [segmentCount, sectionCount]: [number, number]): Buffer {
	const header = Buffer.alloc(64);
	header.write("\x7fELF\x02\x01\x01", "latin1");
	header.writeUInt16LE(3, 16);
	header.writeUInt16LE(machine === "arm64" ? 183 : 62, 18);
	header.writeBigUInt64LE(64n, 32);
	header.writeBigUInt64LE(BigInt(sectionsAt), 40);
	for (const [at, value] of [
		[54, 56],
		[56, segmentCount],
		[58, 64],
		[60, sectionCount],
		[62, sectionCount - 1],
	] as const) {
		header.writeUInt16LE(value, at);
	}
	return header;
}

function loadHeader(fileBytes: number): Buffer {
	const header = Buffer.alloc(56);
	header.writeUInt32LE(1, 0);
	header.writeUInt32LE(5, 4);
	header.writeBigUInt64LE(BigInt(LOAD_ADDRESS), 16);
	header.writeBigUInt64LE(BigInt(fileBytes), 32);
	return header;
}

function dynamicHeader(offset: number, sizeBytes: number): Buffer {
	const header = Buffer.alloc(56);
	header.writeUInt32LE(2, 0);
	header.writeBigUInt64LE(BigInt(offset), 8);
	header.writeBigUInt64LE(BigInt(LOAD_ADDRESS + offset), 16);
	header.writeBigUInt64LE(BigInt(sizeBytes), 32);
	return header;
}

/** What a file tells the dynamic linker; folders as a path. */
export interface MadeDynamic {
	readonly needed?: readonly string[];
	readonly rpath?: string;
	readonly runpath?: string;
	readonly soname?: string;
}

/** The table for the dynamic linker and its names. They have to be the file's first sections. */
export function dynamicSections({ needed = [], rpath, runpath, soname }: MadeDynamic): MadeSection[] {
	const texts = [...needed.map((name) => [1, name]), [15, rpath], [29, runpath], [14, soname]] as [number, string?][];
	const present = texts.flatMap(([tag, text]) => (text === undefined ? [] : [[tag, text] as const]));
	const names = Buffer.from(`\0${present.map(([, text]) => text).join("\0")}\0`);
	const placed = present.map(([tag, text]) => [tag, names.indexOf(`\0${text}\0`) + 1]);
	const numbers = [[5, LOAD_ADDRESS + (placesOf([])[0] ?? 0)], ...placed, [0, 0]].flat().map(BigInt);
	return [
		{ name: ".dynstr", bytes: names, type: 3 },
		{ name: ".dynamic", bytes: Buffer.from(new BigUint64Array(numbers).buffer), type: SHT_DYNAMIC, link: ".dynstr" },
	];
}

/** `.dynsym` with `.dynstr` and, unless it is to be missing, `.gnu.hash`; or `.symtab` with `.strtab`. */
export function symbolSections(
	symbols: readonly MadeSymbol[],
	options: { isDynamic: boolean; hasHashes?: boolean },
): MadeSection[] {
	const [table, names] = options.isDynamic ? [".dynsym", ".dynstr"] : [".symtab", ".strtab"];
	const text = Buffer.from(`\0${symbols.map(({ name }) => name).join("\0")}\0`);
	const entries = symbols.map(
		({ name, address, sizeBytes = 16, isFunction = true, isDefined = true, isLocal = false }) => {
			const entry = Buffer.alloc(24);
			entry.writeUInt32LE(text.indexOf(`\0${name}\0`) + 1, 0);
			entry[4] = (isLocal ? 0 : 0x10) + (isFunction ? 2 : 1);
			entry.writeUInt16LE(isDefined ? 1 : 0, 6);
			entry.writeBigUInt64LE(BigInt(address), 8);
			entry.writeBigUInt64LE(BigInt(sizeBytes), 16);
			return entry;
		},
	);
	const sections: MadeSection[] = [
		{
			name: table,
			bytes: Buffer.concat([Buffer.alloc(24), ...entries]),
			type: options.isDynamic ? 11 : 2,
			link: names,
		},
		{ name: names, bytes: text, type: 3 },
	];
	if (options.hasHashes === true) sections.push({ name: ".gnu.hash", bytes: hashTable(symbols), link: table });
	return sections;
}

/** All symbols in one bucket: the chain is the table. */
function hashTable(symbols: readonly MadeSymbol[]): Buffer {
	const hashes = symbols.map(({ name }, index) => {
		let hash = 5381;
		for (const byte of Buffer.from(name)) hash = (hash * 33 + byte) % 2 ** 32;
		return hash - (hash % 2) + (index === symbols.length - 1 ? 1 : 0);
	});
	// one bucket, symbols from 1 on, one word of the filter, whose bits nobody here looks at
	return Buffer.from(new Uint32Array([1, 1, 1, 6, 0xffffffff, 0xffffffff, 1, ...hashes]).buffer);
}

/** Writes a file for one test. */
export function writeMade(context: TestContext, bytes: Uint8Array): string {
	const folder = mkdtempSync(join(tmpdir(), "httpeek-tls-"));
	context.after(() => rmSync(folder, { recursive: true, force: true }));
	const path = join(folder, "made");
	writeFileSync(path, bytes);
	return path;
}
