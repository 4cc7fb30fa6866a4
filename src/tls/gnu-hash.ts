/**
 * The table by which the dynamic linker finds symbols (`.gnu.hash`, https://flapenguin.me/elf-dt-gnu-hash): a few reads a
 * name, where node's dynamic symbols and their names are seven megabytes.
 */
import { UnreadableFile } from "./bounded-file.js";
import type { Elf, Section } from "./elf.js";

const HEADER_BYTES = 16;
const WORD_BYTES = 4;
const BLOOM_WORD_BYTES = 8;
/** Good tables have chains of two or three; a longer one than this was made to hold somebody up. */
const LONGEST_CHAIN = 1024;

/** Finds the numbers of the symbols that may have a name: those with the same hash, of which the caller checks the name. */
export function candidatesByHash({ file }: Elf, table: Section): (name: string) => number[] {
	const header = file.read(table.offset, HEADER_BYTES);
	const bucketCount = header.readUInt32LE(0);
	const firstSymbol = header.readUInt32LE(4);
	const buckets = HEADER_BYTES + header.readUInt32LE(8) * BLOOM_WORD_BYTES;
	const chains = buckets + bucketCount * WORD_BYTES;
	const word = (at: number): number => {
		if (at + WORD_BYTES > table.sizeBytes) throw new UnreadableFile("damaged", "its hash table is cut off");
		return file.read(table.offset + at, WORD_BYTES).readUInt32LE();
	};
	return (name) => {
		if (bucketCount === 0) return [];
		const hash = gnuHash(name);
		const first = word(buckets + (hash % bucketCount) * WORD_BYTES);
		// 0: an empty bucket
		if (first < firstSymbol) return [];
		const found: number[] = [];
		for (let index = first; index < first + LONGEST_CHAIN; index++) {
			const entry = word(chains + (index - firstSymbol) * WORD_BYTES);
			// the lowest bit marks the end of the chain instead of belonging to the hash
			if ((entry | 1) === (hash | 1)) found.push(index);
			if ((entry & 1) !== 0) return found;
		}
		throw new UnreadableFile("damaged", "its hash table has a chain without an end");
	};
}

function gnuHash(name: string): number {
	let hash = 5381;
	for (const byte of Buffer.from(name, "latin1")) hash = (Math.imul(hash, 33) + byte) >>> 0;
	return hash;
}
