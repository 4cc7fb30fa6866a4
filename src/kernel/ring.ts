/** A BPF ring buffer: records that programs wrote one after another, read where they lie. */
import { HttpeekError } from "../base/errors.js";
import { native } from "./libbpf.js";
import { MappedMemory } from "./memory.js";
import type { PollHandle } from "./native.js";

/** In front of each record: its length with the two highest bits as flags, then a word of the kernel's own. */
const HEADER_BYTES = 8;
/** The record is still being written: nothing behind it can be read yet. */
const BUSY = 0x8000_0000;
/** The program that reserved the record thought better of it. */
const DISCARDED = 0x4000_0000;
const LENGTH_MASK = 0x3fff_ffff;
/** Without a handle that says when there is something to read. */
const FALLBACK_POLL_MS = 50;

/** Looks at a record: `length` bytes from byte `at` of `view` on. They are gone when it returns. */
export type RecordVisitor = (view: DataView, at: number, length: number) => void;

/**
 * Layout: a page with the position up to which was read (written here), a page with the position up to which was written
 * (by the kernel), then the data, mapped twice in a row so that no record is cut by the end. Positions only grow.
 * https://docs.kernel.org/bpf/ringbuf.html
 */
export class Ring {
	readonly #sizeBytes: number;
	readonly #name: string;
	readonly #readPage: MappedMemory;
	readonly #written: MappedMemory;
	#readPosition: BigUint64Array | undefined;
	readonly #writtenPosition: BigUint64Array;
	readonly #headers: Uint32Array;
	readonly #data: DataView;
	readonly #poll: PollHandle | undefined;
	#position = 0;

	/**
	 * @param fd of a map of type BPF_MAP_TYPE_RINGBUF, @param sizeBytes its max_entries
	 * @throws HttpeekError HTTPEEK_BPF when the kernel refuses to map it
	 */
	constructor(fd: number, sizeBytes: number, name: string) {
		const pageBytes = native().pageBytes();
		this.#sizeBytes = sizeBytes;
		this.#name = name;
		this.#readPage = new MappedMemory(fd, pageBytes, name, 0, true);
		try {
			this.#written = new MappedMemory(fd, pageBytes + 2 * sizeBytes, name, pageBytes);
		} catch (error) {
			this.#readPage.close();
			throw error;
		}
		this.#readPosition = new BigUint64Array(this.#readPage.buffer, 0, 1);
		this.#writtenPosition = new BigUint64Array(this.#written.buffer, 0, 1);
		this.#headers = new Uint32Array(this.#written.buffer, pageBytes);
		this.#data = new DataView(this.#written.buffer, pageBytes);
		this.#poll = native().pollHandle(fd);
		this.#position = Number(Atomics.load(this.#readPosition, 0));
	}

	/** How many records there are to be read. Costs a memory access for each. */
	count(): number {
		return this.#walk(this.#position, Number.POSITIVE_INFINITY, () => undefined).records;
	}

	/** Shows up to `most` records to `visit`, oldest first, and gives their room back. Returns how many there were. */
	read(most: number, visit: RecordVisitor): number {
		const { records, position } = this.#walk(this.#position, most, visit);
		this.#moveTo(position);
		return records;
	}

	/** Gives up to `most` records back unread, oldest first. */
	skip(most: number): number {
		return this.read(most, () => undefined);
	}

	/** Resolves when there is something to read, after `mostMs`, or when the signal is aborted. */
	wait(mostMs: number, signal?: AbortSignal): Promise<void> {
		return new Promise((resolve) => {
			const poll = this.#readPosition === undefined ? undefined : this.#poll;
			const done = (): void => {
				if (this.#readPosition !== undefined) poll?.stop();
				clearTimeout(timer);
				signal?.removeEventListener("abort", done);
				resolve();
			};
			const timer = setTimeout(done, poll === undefined ? Math.min(mostMs, FALLBACK_POLL_MS) : mostMs);
			signal?.addEventListener("abort", done, { once: true });
			poll?.start(done);
			if (signal?.aborted === true) done();
		});
	}

	close(): void {
		if (this.#readPosition === undefined) return;
		this.#readPosition = undefined;
		this.#poll?.close();
		this.#written.close();
		this.#readPage.close();
	}

	/** Walks over records that are complete, from `position` on. Those that were discarded are not counted. */
	#walk(position: number, most: number, visit: RecordVisitor): { records: number; position: number } {
		if (this.#readPosition === undefined) {
			throw new HttpeekError("HTTPEEK_INTERNAL", `cannot read the ring ${this.#name}: it is closed`);
		}
		const end = Number(Atomics.load(this.#writtenPosition, 0));
		let records = 0;
		while (position < end && records < most) {
			const at = position % this.#sizeBytes;
			const header = Atomics.load(this.#headers, at / 4);
			if (header >= BUSY) break;
			const length = header & LENGTH_MASK;
			const next = position + Math.ceil((HEADER_BYTES + length) / 8) * 8;
			if (next > end) {
				throw new HttpeekError(
					"HTTPEEK_INTERNAL",
					`the ring ${this.#name} has a record of ${length} bytes behind its end`,
				);
			}
			if ((header & DISCARDED) === 0) {
				visit(this.#data, at + HEADER_BYTES, length);
				records++;
			}
			position = next;
		}
		return { records, position };
	}

	#moveTo(position: number): void {
		if (this.#readPosition === undefined || position === this.#position) return;
		this.#position = position;
		Atomics.store(this.#readPosition, 0, BigInt(position));
	}
}
