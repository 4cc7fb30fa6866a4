/**
 * Reading pieces of files that strangers made: never the whole file, never outside it, and never more than a limit, so
 * that no file can make httpeek slow or large.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

const MIB = 1024 * 1024;
/** What may be read of one file, in all: node's binary needs a tenth of it. */
const MOST_BYTES_OF_A_FILE = 256 * MIB;
/** One piece, held in memory. */
const MOST_BYTES_OF_A_PIECE = 16 * MIB;
/** What search() and a window hold in memory. */
const CHUNK_BYTES = 64 * 1024;

/** A hold on a file, without opening it. Node has no name for it; it is the same on x86-64 and arm64. */
export const O_PATH = 0o10000000;

/** Why a file cannot be examined. */
export type UnreadableReason = "not-elf" | "foreign" | "damaged" | "too-large";

/** A file is not what httpeek can read: no ELF file, one for other machines, damaged, or beyond the limits. */
export class UnreadableFile extends Error {
	override readonly name = "UnreadableFile";
	readonly reason: UnreadableReason;

	constructor(reason: UnreadableReason, message: string) {
		super(message);
		this.reason = reason;
	}
}

/** An open regular file. Every read throws UnreadableFile when it asks for bytes that are not there, or for too many. */
export class BoundedFile implements Disposable {
	readonly sizeBytes: number;
	readonly #descriptor: number;
	#bytesLeft: number;

	/** Throws the error of the system when the file cannot be opened, UnreadableFile when it is not a regular file. */
	constructor(path: string, mostBytes = MOST_BYTES_OF_A_FILE) {
		const { descriptor, sizeBytes } = openRegular(path);
		this.#descriptor = descriptor;
		this.#bytesLeft = mostBytes;
		this.sizeBytes = sizeBytes;
	}

	[Symbol.dispose](): void {
		closeSync(this.#descriptor);
	}

	/** @param offset in the file, bytes */
	read(offset: number, lengthBytes: number): Buffer {
		if (lengthBytes > MOST_BYTES_OF_A_PIECE) {
			throw new UnreadableFile("too-large", `a piece of ${lengthBytes} bytes is more than httpeek reads at once`);
		}
		this.#check(offset, lengthBytes);
		return this.fill(Buffer.allocUnsafe(lengthBytes), offset, lengthBytes);
	}

	/** As read(), into memory that is used again. Returns the part of it with the bytes. */
	fill(memory: Buffer, offset: number, lengthBytes: number): Buffer {
		this.#check(offset, lengthBytes);
		this.#bytesLeft -= lengthBytes;
		for (let done = 0; done < lengthBytes; ) {
			const count = readSync(this.#descriptor, memory, done, lengthBytes - done, offset + done);
			// the file has become shorter meanwhile
			if (count === 0) throw outside(offset, lengthBytes);
			done += count;
		}
		return memory.subarray(0, lengthBytes);
	}

	/** A reader for many small pieces of one range that lie close to each other, or follow each other. */
	window(offset: number, lengthBytes: number): Window {
		this.#check(offset, 0);
		return new Window(this, offset, Math.min(offset + lengthBytes, this.sizeBytes));
	}

	/**
	 * Where some texts stand in a range. It reads on only as long as it is asked for more.
	 * @returns for each place the bytes from the beginning of the range, and which of the texts stands there; in order for
	 * each text
	 */
	*search(offset: number, lengthBytes: number, texts: readonly Buffer[]): Generator<{ place: number; index: number }> {
		const longest = Math.max(...texts.map(({ length }) => length));
		const end = Math.min(offset + lengthBytes, this.sizeBytes);
		const memory = Buffer.allocUnsafe(Math.max(0, Math.min(CHUNK_BYTES + longest - 1, end - offset)));
		for (let at = offset; at < end; at += CHUNK_BYTES) {
			// what begins in this chunk may end in the next one
			const chunk = this.fill(memory, at, Math.min(memory.length, end - at));
			for (const [index, text] of texts.entries()) {
				for (let place = chunk.indexOf(text); place >= 0; place = chunk.indexOf(text, place + 1)) {
					if (place < CHUNK_BYTES) yield { place: at - offset + place, index };
				}
			}
		}
	}

	#check(offset: number, lengthBytes: number): void {
		const isInside =
			Number.isSafeInteger(offset) &&
			Number.isSafeInteger(lengthBytes) &&
			offset >= 0 &&
			lengthBytes >= 0 &&
			offset + lengthBytes <= this.sizeBytes;
		if (!isInside) throw outside(offset, lengthBytes);
		if (lengthBytes > this.#bytesLeft) {
			throw new UnreadableFile("too-large", "its tables are larger than httpeek reads of one file");
		}
	}
}

/** Numbers at places in a range of a file, read in chunks. */
export class Window {
	readonly #file: BoundedFile;
	readonly #start: number;
	readonly #end: number;
	#memory: Buffer = Buffer.alloc(0);
	/** The part of the memory that holds bytes of the file. */
	#chunk: Buffer = Buffer.alloc(0);
	#chunkStart = 0;

	constructor(file: BoundedFile, start: number, end: number) {
		this.#file = file;
		this.#start = start;
		this.#end = end;
	}

	/** @param at bytes from the beginning of the range */
	u32(at: number): number {
		const place = this.#load(at, 4);
		return this.#chunk.readUInt32LE(place);
	}

	u64(at: number): number {
		const place = this.#load(at, 8);
		return toNumber(this.#chunk.readBigUInt64LE(place));
	}

	/** Makes sure that the bytes are in the chunk, and says where. */
	#load(at: number, lengthBytes: number): number {
		const offset = this.#start + at;
		if (offset >= this.#chunkStart && offset + lengthBytes <= this.#chunkStart + this.#chunk.length) {
			return offset - this.#chunkStart;
		}
		if (at < 0 || offset + lengthBytes > this.#end) throw outside(offset, lengthBytes);
		const chunkBytes = Math.min(CHUNK_BYTES, this.#end - offset);
		if (this.#memory.length < chunkBytes) this.#memory = Buffer.allocUnsafe(chunkBytes);
		this.#chunk = this.#file.fill(this.#memory, offset, chunkBytes);
		this.#chunkStart = offset;
		return 0;
	}
}

/**
 * Opens a file only if it is a regular one. Opening alone makes a watchdog run or a tape wind, and a pipe waits for its
 * other end, so what it is has to be known before: O_PATH holds it without opening it.
 */
function openRegular(path: string): { descriptor: number; sizeBytes: number } {
	const hold = openSync(path, O_PATH);
	try {
		const stat = fstatSync(hold);
		if (!stat.isFile()) throw new UnreadableFile("not-elf", "it is not a regular file");
		// O_NONBLOCK: a file that somebody has a lease on is not waited for
		const descriptor = openSync(`/proc/self/fd/${hold}`, constants.O_RDONLY | constants.O_NONBLOCK);
		return { descriptor, sizeBytes: stat.size };
	} finally {
		closeSync(hold);
	}
}

/** A 64-bit field. Those that no file can have are as good as infinite: whatever is asked for there is outside. */
export function toNumber(value: bigint): number {
	return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.POSITIVE_INFINITY : Number(value);
}

function outside(offset: number, lengthBytes: number): UnreadableFile {
	return new UnreadableFile("damaged", `${lengthBytes} bytes at ${offset} are outside the file`);
}
