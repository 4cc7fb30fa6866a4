/** A BPF map of a loaded object. */
import { HttpeekError } from "../base/errors.js";
import { Errno } from "./errno.js";
import { native } from "./libbpf.js";
import { MappedMemory } from "./memory.js";
import type { Pointer } from "./native.js";
import { bpfRefused } from "./refusal.js";
import { Ring } from "./ring.js";

/** enum of include/uapi/linux/bpf.h: what `update` does when the key is (not) there. */
export const UpdateFlag = { any: 0, noExist: 1, exist: 2 } as const;
export type UpdateFlag = (typeof UpdateFlag)[keyof typeof UpdateFlag];

const BPF_F_MMAPABLE = 1 << 10;

/** A run of entries read by `lookupBatch`: `count` keys and values, packed. */
export interface Batch {
	readonly count: number;
	readonly keys: Uint8Array;
	readonly values: Uint8Array;
}

/**
 * Keys and values are byte arrays of exactly `keySize` and `valueSize` bytes. Owned by its BpfObject, which closes it.
 * Every method throws HttpeekError HTTPEEK_BPF (or HTTPEEK_PRIVILEGE) when the kernel refuses for a reason that is not
 * part of its result.
 */
export class BpfMap {
	readonly name: string;
	readonly keySize: number;
	readonly valueSize: number;
	readonly maxEntries: number;
	readonly #fd: number;
	readonly #isMappable: boolean;
	/** Mapped parts, by where they begin. */
	readonly #mapped = new Map<number, MappedMemory>();
	#ring: Ring | undefined;

	/** @param map a `struct bpf_map *` of a loaded object */
	constructor(name: string, map: Pointer) {
		this.name = name;
		this.#fd = native().mapFd(map);
		this.keySize = native().mapKeySize(map);
		this.valueSize = native().mapValueSize(map);
		this.maxEntries = native().mapMaxEntries(map);
		this.#isMappable = (native().mapFlags(map) & BPF_F_MMAPABLE) !== 0;
	}

	/**
	 * Makes a map of an object that is not loaded yet be this one.
	 * @param map a `struct bpf_map *`
	 */
	share(map: Pointer): void {
		const error = native().mapReuseFd(map, this.#fd);
		if (error < 0) throw bpfRefused(`share the map ${this.name}`, error);
	}

	/** A copy of the value of `key`; undefined when there is none. */
	lookup(key: Uint8Array): Uint8Array | undefined {
		const value = new Uint8Array(this.valueSize);
		const error = native().lookup(this.#fd, this.#checkedKey(key), value);
		return this.#present(error, "look up in") ? value : undefined;
	}

	/** True when it was written; false when `flag` forbids it (the key is there, or is not). */
	update(key: Uint8Array, value: Uint8Array, flag: UpdateFlag = UpdateFlag.any): boolean {
		const error = native().update(this.#fd, this.#checkedKey(key), this.#checkedValue(value), flag);
		if (error === -Errno.EEXIST && flag === UpdateFlag.noExist) return false;
		if (error === -Errno.ENOENT && flag === UpdateFlag.exist) return false;
		if (error < 0) throw bpfRefused(`update the map ${this.name}`, error);
		return true;
	}

	/** True when there was such a key. */
	delete(key: Uint8Array): boolean {
		return this.#present(native().delete(this.#fd, this.#checkedKey(key)), "delete from");
	}

	/** The key after `key`, or the first one; undefined after the last. */
	nextKey(key?: Uint8Array): Uint8Array | undefined {
		const next = new Uint8Array(this.keySize);
		const error = native().nextKey(this.#fd, key === undefined ? null : this.#checkedKey(key), next);
		return this.#present(error, "walk") ? next : undefined;
	}

	/** Appends to a queue or stack. */
	push(value: Uint8Array): void {
		const error = native().update(this.#fd, null, this.#checkedValue(value), UpdateFlag.any);
		if (error < 0) throw bpfRefused(`push to the map ${this.name}`, error);
	}

	/** Takes the next value of a queue or stack; undefined when it is empty. */
	pop(): Uint8Array | undefined {
		const value = new Uint8Array(this.valueSize);
		const error = native().lookupAndDelete(this.#fd, null, value);
		return this.#present(error, "pop from") ? value : undefined;
	}

	/**
	 * All entries, `entriesPerCall` a system call. Entries that come or go meanwhile may be missed or seen twice. Each batch is
	 * overwritten by the next.
	 */
	*batches(entriesPerCall = 512): Generator<Batch> {
		const keys = new Uint8Array(entriesPerCall * this.keySize);
		const values = new Uint8Array(entriesPerCall * this.valueSize);
		// the position is opaque: a key for arrays, an u32 bucket number for hashes
		const position = new Uint8Array(Math.max(this.keySize, 4));
		const count = new Uint32Array(1);
		for (let isFirst = true; ; isFirst = false) {
			count[0] = entriesPerCall;
			const error = native().lookupBatch(this.#fd, isFirst ? null : position, position, keys, values, count);
			if (error < 0 && error !== -Errno.ENOENT) throw bpfRefused(`read the map ${this.name}`, error);
			const read = count[0] ?? 0;
			if (read > 0) {
				yield {
					count: read,
					keys: keys.subarray(0, read * this.keySize),
					values: values.subarray(0, read * this.valueSize),
				};
			}
			if (error < 0) return;
		}
	}

	/**
	 * The memory of an array made with BPF_F_MMAPABLE, or of a `.bss` map: element `i` starts at `i * stride`, stride being
	 * `valueSize` rounded up to 8. Mapped once, unmapped when the object is closed.
	 */
	memory(): MappedMemory {
		return this.#map(0, this.#memoryBytes);
	}

	/**
	 * A part of that memory: every page of a map counts as this process's own from the moment it is mapped, so a large table
	 * is mapped as far as it is in use. @param partBytes size of all parts: whole pages of any architecture (64 KB)
	 */
	memoryPart(part: number, partBytes: number): MappedMemory {
		const offsetBytes = part * partBytes;
		return this.#map(offsetBytes, Math.min(partBytes, this.#memoryBytes - offsetBytes));
	}

	/** The records of a ring buffer. One ring for each map, closed with it. */
	ring(): Ring {
		this.#ring ??= new Ring(this.#fd, this.maxEntries, this.name);
		return this.#ring;
	}

	get #memoryBytes(): number {
		return Math.ceil(this.valueSize / 8) * 8 * this.maxEntries;
	}

	#map(offsetBytes: number, lengthBytes: number): MappedMemory {
		if (!this.#isMappable) {
			throw new HttpeekError("HTTPEEK_INTERNAL", `cannot map the memory of ${this.name}: it lacks BPF_F_MMAPABLE`);
		}
		let mapped = this.#mapped.get(offsetBytes);
		if (mapped === undefined) {
			// the kernel rounds lengths up to whole pages itself
			mapped = new MappedMemory(this.#fd, lengthBytes, this.name, offsetBytes);
			this.#mapped.set(offsetBytes, mapped);
		}
		return mapped;
	}

	/** Unmaps what was mapped. The map itself lives as long as its object. */
	close(): void {
		for (const mapped of this.#mapped.values()) mapped.close();
		this.#mapped.clear();
		this.#ring?.close();
		this.#ring = undefined;
	}

	#present(error: number, verb: string): boolean {
		if (error === -Errno.ENOENT) return false;
		if (error < 0) throw bpfRefused(`${verb} the map ${this.name}`, error);
		return true;
	}

	#checkedKey(key: Uint8Array): Uint8Array {
		return this.#checked(key, this.keySize, "key");
	}

	#checkedValue(value: Uint8Array): Uint8Array {
		return this.#checked(value, this.valueSize, "value");
	}

	// the kernel reads that many bytes whatever the array holds
	#checked(bytes: Uint8Array, size: number, what: string): Uint8Array {
		if (bytes.length === size) return bytes;
		throw new HttpeekError("HTTPEEK_INTERNAL", `a ${what} of ${this.name} has ${size} bytes, not ${bytes.length}`);
	}
}
