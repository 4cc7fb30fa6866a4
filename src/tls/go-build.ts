/**
 * The version of Go that a program was built with, from the block that `go version FILE` reads, too
 * (https://pkg.go.dev/debug/buildinfo): it is there in stripped programs as well.
 */
import { toNumber } from "./bounded-file.js";
import { type Elf, fileOffsetOf, findSection } from "./elf.js";

const MAGIC = Buffer.from("\xff Go buildinf:", "latin1");
/** The magic, the size of a pointer, flags, and two pointers. */
const HEADER_BYTES = 32;
const FLAGS_AT = 15;
const POINTERS_AT = 16;
const FLAG_BIG_ENDIAN = 1;
/** Since 1.18 the version itself follows the header; before, a pointer to it stands there. */
const FLAG_INLINE = 2;
/** `go1.21.3`, `devel go1.22-abcdef Mon Jan …`; longer than this no version is. */
const MOST_VERSION_BYTES = 96;
const SECTION = ".go.buildinfo";

/** `go1.19.8`, or what a version built from sources calls itself. Undefined for what was not built by Go. */
export function goVersion(elf: Elf): string | undefined {
	const section = findSection(elf, SECTION);
	if (section === undefined || section.sizeBytes < HEADER_BYTES) return undefined;
	const header = elf.file.read(section.offset, HEADER_BYTES);
	const flags = header[FLAGS_AT] ?? 0;
	if (!header.subarray(0, MAGIC.length).equals(MAGIC) || (flags & FLAG_BIG_ENDIAN) !== 0) return undefined;
	if ((flags & FLAG_INLINE) === 0) return pointedText(elf, toNumber(header.readBigUInt64LE(POINTERS_AT)));
	const at = section.offset + HEADER_BYTES;
	// the length of a version fits the first byte of a varint
	const lengthBytes = elf.file.read(at, 1)[0] ?? 0;
	return lengthBytes > MOST_VERSION_BYTES ? undefined : elf.file.read(at + 1, lengthBytes).toString("latin1");
}

/** The minor number: 19 for `go1.19.8`. Undefined for what is not recognized. */
export function goMinorVersion(version: string): number | undefined {
	const minor = /\bgo1\.(\d{1,4})/.exec(version)?.[1];
	return minor === undefined ? undefined : Number(minor);
}

/** A string of Go: the address of its bytes, and how many they are. Undefined where the loader writes the address. */
function pointedText(elf: Elf, address: number): string | undefined {
	const at = fileOffsetOf(elf, address);
	if (at === undefined) return undefined;
	const string = elf.file.read(at, 16);
	const bytesAt = fileOffsetOf(elf, toNumber(string.readBigUInt64LE(0)));
	const lengthBytes = toNumber(string.readBigUInt64LE(8));
	if (bytesAt === undefined || lengthBytes > MOST_VERSION_BYTES) return undefined;
	return elf.file.read(bytesAt, lengthBytes).toString("latin1");
}
