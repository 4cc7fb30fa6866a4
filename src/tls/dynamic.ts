/** What a program or shared library tells the dynamic linker: which libraries it needs, and where they are. */
import { type ElfImage, fileOffsetOf } from "./elf.js";

const ENTRY_BYTES = 16;
const WORDS_OF_ENTRY = 4;
const DT_NULL = 0;
const DT_NEEDED = 1;
const DT_STRTAB = 5;
const DT_SONAME = 14;
const DT_RPATH = 15;
const DT_RUNPATH = 29;
const TEXT_TAGS = [DT_NEEDED, DT_SONAME, DT_RPATH, DT_RUNPATH];
const TAGS = new Set([...TEXT_TAGS, DT_STRTAB]);
/** An entry for each library, and some thirty others. */
const MOST_ENTRIES = 512;
/** PATH_MAX: of a name, or of all folders. */
const MOST_TEXT_BYTES = 4096;
/** Some hundred bytes hold all texts of nearly every file; of LLVM they are four million apart. */
const MOST_BYTES_OF_A_PIECE = 16 * 1024;
/** All names together: they are remembered. */
const MOST_NAMES_BYTES = 16 * 1024;

/** Comes from the file: escape it. */
export interface Dynamic {
	/** Names of libraries, in order. */
	readonly needed: readonly string[];
	/** Folders in which its libraries and theirs are looked for, `$ORIGIN` and the like as written. */
	readonly rpath: readonly string[];
	/** Folders in which only its own libraries are looked for; undefined where there is no such entry. */
	readonly runpath: readonly string[] | undefined;
	/** What it is called by those that need it. */
	readonly soname: string | undefined;
}

/** Reads the table. Everything is empty where there is none. Throws UnreadableFile where it is damaged. */
export function readDynamic(image: ElfImage): Dynamic {
	const places = readPlaces(image);
	const textAt = textReader(image, places);
	let leftBytes = MOST_NAMES_BYTES;
	const textsOf = (tag: number) =>
		(places.get(tag) ?? []).map(textAt).filter((text) => {
			leftBytes -= text?.length ?? 0;
			return text !== undefined && leftBytes >= 0;
		}) as string[];
	const pathOf = (tag: number) => textsOf(tag)[0]?.split(":");
	const [soname] = textsOf(DT_SONAME);
	const [rpath, runpath] = [pathOf(DT_RPATH) ?? [], pathOf(DT_RUNPATH)];
	return { needed: textsOf(DT_NEEDED), rpath, runpath, soname };
}

type Places = ReadonlyMap<number, readonly number[]>;

/** The values of the table by tag: addresses, or places in the table of names. */
function readPlaces({ file, dynamic }: ElfImage): Places {
	const places = new Map<number, number[]>();
	if (dynamic === undefined) return places;
	const count = Math.min(Math.floor(dynamic.sizeBytes / ENTRY_BYTES), MOST_ENTRIES);
	// as words, because a new process is waiting: the first search runs in V8's interpreter, which is slow with calls
	const words = new Uint32Array(count * WORDS_OF_ENTRY);
	file.fill(Buffer.from(words.buffer), dynamic.offset, words.byteLength);
	for (let at = 0; at < words.length; at += WORDS_OF_ENTRY) {
		// the lower half first: httpeek runs on little-endian machines only
		const tag = words[at] ?? DT_NULL;
		const isWide = words[at + 1] !== 0;
		if (tag === DT_NULL && !isWide) break;
		if (isWide || !TAGS.has(tag)) continue;
		const known = places.get(tag);
		// beyond the safe integers it is outside every file, exact or not
		const place = (words[at + 3] ?? 0) * 2 ** 32 + (words[at + 2] ?? 0);
		if (known === undefined) places.set(tag, [place]);
		else known.push(place);
	}
	return places;
}

/** Reads texts of the table of names: in one piece where they stand close to each other, as linkers put them mostly. */
function textReader({ file, segments }: ElfImage, places: Places): (place: number) => string | undefined {
	const start = fileOffsetOf({ segments }, places.get(DT_STRTAB)?.[0] ?? -1);
	const wanted = TEXT_TAGS.flatMap((tag) => places.get(tag) ?? []);
	if (start === undefined || wanted.length === 0) return () => undefined;
	const [first, last] = [Math.min(...wanted), Math.max(...wanted)];
	const read = (place: number, lengthBytes: number) =>
		file.read(start + place, Math.min(lengthBytes, file.sizeBytes - start - place));
	const piece = last - first <= MOST_BYTES_OF_A_PIECE ? read(first, last - first + MOST_TEXT_BYTES) : undefined;
	return (place) => {
		const text = piece?.subarray(place - first, place - first + MOST_TEXT_BYTES) ?? read(place, MOST_TEXT_BYTES);
		const length = text.indexOf(0);
		return length < 0 ? undefined : text.toString("utf8", 0, length);
	};
}
