/**
 * /etc/ld.so.cache: where the dynamic linker of glibc finds libraries by name, without looking into folders. The format is
 * that of glibc's sysdeps/generic/dl-cache.h; before glibc 2.32 an older table may stand in front of it.
 */
import { BoundedFile, UnreadableFile } from "./bounded-file.js";

const OLD_MAGIC = "ld.so-1.7.0";
const OLD_HEADER_BYTES = 16;
const OLD_ENTRY_BYTES = 12;
const MAGIC = "glibc-ld.so.cache1.1";
const HEADER_BYTES = 48;
const ENTRY_BYTES = 24;
/** A desktop with everything has a tenth of it. */
const MOST_CACHE_BYTES = 4 * 1024 * 1024;
const MOST_TEXT_BYTES = 4096;
/** Of one name: one for each kind of processor and each machine. */
const MOST_PATHS = 16;

/** Paths of libraries by name. */
export class LinkerCache {
	readonly #bytes: Buffer;
	/** Where the table begins: places of texts count from there. */
	readonly #start: number;
	readonly #count: number;

	/** Throws UnreadableFile when it is no such file, and the error of the system when it cannot be read. */
	constructor(path: string) {
		using file = new BoundedFile(path, MOST_CACHE_BYTES);
		this.#bytes = file.read(0, file.sizeBytes);
		this.#start = this.#startsWith(OLD_MAGIC, 0) ? afterOldTable(this.#bytes) : 0;
		if (!this.#startsWith(MAGIC, this.#start) || this.#bytes.length < this.#start + HEADER_BYTES) {
			throw new UnreadableFile("foreign", "it is not a cache of glibc's dynamic linker");
		}
		const room = Math.floor((this.#bytes.length - this.#start - HEADER_BYTES) / ENTRY_BYTES);
		this.#count = Math.min(this.#bytes.readUInt32LE(this.#start + MAGIC.length), room);
	}

	/** Where libraries of a name are, of all machines, those for special processors first. */
	pathsOf(name: string): string[] {
		const paths: string[] = [];
		for (let index = this.#firstOf(name); index < this.#count && paths.length < MOST_PATHS; index++) {
			if (this.#text(index, 4) !== name) break;
			paths.push(this.#text(index, 8));
		}
		return paths;
	}

	/** The entries are in falling order. */
	#firstOf(name: string): number {
		let [low, high] = [0, this.#count];
		while (low < high) {
			const middle = (low + high) >>> 1;
			if (compareNames(this.#text(middle, 4), name) > 0) low = middle + 1;
			else high = middle;
		}
		return low;
	}

	/** @param field of the entry, with the place of a text */
	#text(index: number, field: number): string {
		const entry = this.#start + HEADER_BYTES + index * ENTRY_BYTES;
		const at = this.#start + this.#bytes.readUInt32LE(entry + field);
		const bytes = this.#bytes.subarray(at, at + MOST_TEXT_BYTES);
		return bytes.toString("utf8", 0, Math.max(0, bytes.indexOf(0)));
	}

	#startsWith(magic: string, at: number): boolean {
		return this.#bytes.toString("latin1", at, at + magic.length) === magic;
	}
}

function afterOldTable(bytes: Buffer): number {
	if (bytes.length < OLD_HEADER_BYTES) return bytes.length;
	const end = OLD_HEADER_BYTES + bytes.readUInt32LE(12) * OLD_ENTRY_BYTES;
	return Math.ceil(end / 8) * 8;
}

/** The order of the cache: as bytes are, but numbers by their value, and after everything else. */
function compareNames(a: string, b: string): number {
	let [i, j] = [0, 0];
	while (i < a.length && j < b.length) {
		const [digits, otherDigits] = [digitsAt(a, i), digitsAt(b, j)];
		if ((digits === 0) !== (otherDigits === 0)) return digits - otherDigits;
		const difference =
			digits === 0
				? a.charCodeAt(i) - b.charCodeAt(j)
				: Number(a.slice(i, i + digits)) - Number(b.slice(j, j + otherDigits));
		if (difference !== 0) return difference;
		i += Math.max(digits, 1);
		j += Math.max(otherDigits, 1);
	}
	return a.length - i - (b.length - j);
}

function digitsAt(text: string, at: number): number {
	let end = at;
	while (text.charCodeAt(end) >= 0x30 && text.charCodeAt(end) <= 0x39) end += 1;
	return end - at;
}
