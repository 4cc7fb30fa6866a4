/**
 * The outline of an ELF file, as System V's gABI lays it down (https://refspecs.linuxfoundation.org/elf/gabi4+/): which
 * machine it is for, where its sections are, and where in the file a virtual address lies.
 */
import { type BoundedFile, toNumber, UnreadableFile } from "./bounded-file.js";

const FILE_HEADER_BYTES = 64;
const SECTION_HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
/** ET_EXEC and ET_DYN: what a process can map. */
const FILE_TYPES = [2, 3];
const MACHINES: ReadonlyMap<number, Machine> = new Map([
	[62, "x86-64"],
	[183, "arm64"],
]);
const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const EXECUTABLE_SEGMENT = 1;
const SHT_NOBITS = 8;
/** A program of many languages has some fifty sections; -ffunction-sections in a linked file is not sensible. */
const MOST_SECTIONS = 4096;
const MOST_SEGMENTS = 256;
const MOST_NAME_BYTES = 64 * 1024;

export type Machine = "x86-64" | "arm64";

/** A part of the file by name. */
export interface Section {
	readonly name: string;
	/** SHT_*. */
	readonly type: number;
	/** Where it is in memory, before the file is moved as a whole; 0 for what is not loaded. */
	readonly address: number;
	/** In the file, bytes. */
	readonly offset: number;
	readonly sizeBytes: number;
	/** Index of the section that belongs to it: of a symbol table, its names. */
	readonly link: number;
}

/** A range of the file that is loaded. */
interface Segment {
	readonly offset: number;
	readonly address: number;
	readonly fileBytes: number;
	readonly isExecutable: boolean;
}

/** What a loader looks at in a 64-bit little-endian program or shared library. */
export interface ElfImage {
	readonly file: BoundedFile;
	readonly machine: Machine;
	readonly segments: readonly Segment[];
	/** Address of its first instruction; 0 where it has none. */
	readonly entry: number;
	/** Where the table for the dynamic linker is in the file, bytes; undefined where nothing has to be linked. */
	readonly dynamic: { readonly offset: number; readonly sizeBytes: number } | undefined;
}

/** The same with what only linkers and debuggers look at. */
export interface Elf extends ElfImage {
	/** Empty where they were stripped off. */
	readonly sections: readonly Section[];
}

/** Reads the outline. Throws UnreadableFile for what is not such a file. */
export function readElf(file: BoundedFile): Elf {
	const header = readHeader(file);
	return { ...imageOf(file, header), sections: readSections(file, header) };
}

/** Reads the part of the outline that a loader needs, which is quicker. Throws as readElf(). */
export function readElfImage(file: BoundedFile): ElfImage {
	return imageOf(file, readHeader(file));
}

function readHeader(file: BoundedFile): Buffer {
	if (file.sizeBytes < FILE_HEADER_BYTES) throw new UnreadableFile("not-elf", "it is too short for an ELF file");
	const header = file.read(0, FILE_HEADER_BYTES);
	if (header.readUInt32BE(0) !== 0x7f454c46) throw new UnreadableFile("not-elf", "it is not an ELF file");
	if (header[4] !== CLASS_64 || header[5] !== LITTLE_ENDIAN) {
		throw new UnreadableFile("foreign", "it is not a 64-bit little-endian ELF file");
	}
	if (!FILE_TYPES.includes(header.readUInt16LE(16))) {
		throw new UnreadableFile("foreign", "it is neither a program nor a shared library");
	}
	return header;
}

function imageOf(file: BoundedFile, header: Buffer): ElfImage {
	const machine = MACHINES.get(header.readUInt16LE(18));
	if (machine === undefined) throw new UnreadableFile("foreign", "it is neither for x86-64 nor for arm64");
	const table = readTable(file, {
		offset: toNumber(header.readBigUInt64LE(32)),
		entryBytes: header.readUInt16LE(54),
		expectedBytes: PROGRAM_HEADER_BYTES,
		count: header.readUInt16LE(56),
		most: MOST_SEGMENTS,
	});
	const dynamic = table.find((entry) => entry.readUInt32LE(0) === PT_DYNAMIC);
	return {
		file,
		machine,
		entry: toNumber(header.readBigUInt64LE(24)),
		segments: segmentsIn(table, file.sizeBytes),
		dynamic: dynamic && {
			offset: toNumber(dynamic.readBigUInt64LE(8)),
			sizeBytes: toNumber(dynamic.readBigUInt64LE(32)),
		},
	};
}

/** The section of a name; undefined when there is none, or nothing of it is in the file. */
export function findSection({ sections }: Elf, name: string): Section | undefined {
	return sections.find((section) => section.name === name && section.type !== SHT_NOBITS);
}

/** Where a loaded address lies in the file; undefined when it is not loaded from there. */
export function fileOffsetOf({ segments }: Pick<ElfImage, "segments">, address: number): number | undefined {
	return offsetIn(segments, address);
}

/** As fileOffsetOf(), for code only: undefined for addresses where nothing can be executed. */
export function codeOffsetOf({ segments }: Pick<ElfImage, "segments">, address: number): number | undefined {
	return offsetIn(
		segments.filter(({ isExecutable }) => isExecutable),
		address,
	);
}

/** Where the first instruction of a program lies in the file; undefined where it has none. */
export function entryOffsetOf(elf: ElfImage): number | undefined {
	return elf.entry === 0 ? undefined : codeOffsetOf(elf, elf.entry);
}

function offsetIn(segments: readonly Segment[], address: number): number | undefined {
	const segment = segments.find((one) => address >= one.address && address < one.address + one.fileBytes);
	return segment === undefined ? undefined : address - segment.address + segment.offset;
}

function segmentsIn(table: readonly Buffer[], fileBytes: number): Segment[] {
	return table
		.filter((entry) => entry.readUInt32LE(0) === PT_LOAD)
		.map((entry) => ({
			isExecutable: (entry.readUInt32LE(4) & EXECUTABLE_SEGMENT) !== 0,
			offset: toNumber(entry.readBigUInt64LE(8)),
			address: toNumber(entry.readBigUInt64LE(16)),
			fileBytes: toNumber(entry.readBigUInt64LE(32)),
		}))
		.filter((segment) => segment.offset + segment.fileBytes <= fileBytes);
}

function readSections(file: BoundedFile, header: Buffer): Section[] {
	const offset = toNumber(header.readBigUInt64LE(40));
	if (offset === 0) return [];
	const table = readTable(file, {
		offset,
		entryBytes: header.readUInt16LE(58),
		expectedBytes: SECTION_HEADER_BYTES,
		count: header.readUInt16LE(60),
		most: MOST_SECTIONS,
	});
	const sections = table.map((entry) => ({
		nameAt: entry.readUInt32LE(0),
		type: entry.readUInt32LE(4),
		address: toNumber(entry.readBigUInt64LE(16)),
		offset: toNumber(entry.readBigUInt64LE(24)),
		sizeBytes: toNumber(entry.readBigUInt64LE(32)),
		link: entry.readUInt32LE(40),
	}));
	const nameTable = sections[header.readUInt16LE(62)];
	const names =
		nameTable === undefined
			? Buffer.alloc(0)
			: file.read(nameTable.offset, Math.min(nameTable.sizeBytes, MOST_NAME_BYTES));
	return sections.map(({ nameAt, ...section }) => ({ ...section, name: textAt(names, nameAt) }));
}

interface Table {
	readonly offset: number;
	readonly entryBytes: number;
	/** As the format defines an entry; a file that says otherwise is damaged. */
	readonly expectedBytes: number;
	readonly count: number;
	readonly most: number;
}

function readTable(file: BoundedFile, { offset, entryBytes, expectedBytes, count, most }: Table): Buffer[] {
	if (count === 0) return [];
	if (entryBytes !== expectedBytes) {
		throw new UnreadableFile("damaged", `entries of ${entryBytes} bytes where the format has ${expectedBytes}`);
	}
	if (count > most) throw new UnreadableFile("too-large", `${count} entries in a table, where ${most} are read`);
	const bytes = file.read(offset, count * entryBytes);
	return Array.from({ length: count }, (_, index) => bytes.subarray(index * entryBytes, (index + 1) * entryBytes));
}

function textAt(names: Buffer, at: number): string {
	const end = names.indexOf(0, at);
	return at >= names.length || end < 0 ? "" : names.toString("latin1", at, end);
}
