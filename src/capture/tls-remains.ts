/** What the kernel side keeps of processes that have ended: no hook runs in them any more that would delete it. */
import { readlinkSync } from "node:fs";
import { join } from "node:path";
import type { BpfMap } from "../kernel/map.js";
import { CONNECTION_OFFSET, readTlsKey } from "../wire/layout.js";

/** Maps that are swept, as far as they are used. */
export interface TlsTables {
	/** By caller: calls that were in progress when their process was killed. */
	readonly calls: Pick<BpfMap, "batches" | "delete" | "keySize">;
	/** By object: a socket that was released before it was found to be the object's, which nothing will end any more. */
	readonly connections: Pick<BpfMap, "batches" | "delete" | "keySize">;
	/** By object: how often its socket was looked for. */
	readonly searches: Pick<BpfMap, "batches" | "delete" | "keySize">;
	/** By thread: the kernel gives a task_struct's memory to another thread, which must not be taken for this one. */
	readonly tasks: Pick<BpfMap, "batches" | "delete" | "keySize">;
}

/** Walking the tables takes about a millisecond, so it is not done for each process of a storm. */
const EVERY_SECONDS = 1;
/** A table that is full of the dead keeps nobody from anything before the next time. */
const MOST_A_SWEEP = 16_384;

export class TlsRemains {
	readonly #tables: TlsTables;
	readonly #procRoot: string;
	readonly #gone = new Set<number>();
	#sweptSeconds = Number.NEGATIVE_INFINITY;

	constructor(tables: TlsTables, procRoot = "/proc") {
		this.#tables = tables;
		this.#procRoot = procRoot;
	}

	/** A process that had hooks has ended. */
	add(pid: number): void {
		this.#gone.add(pid);
	}

	/** Deletes what belongs to those that have ended, if it is time. Returns how many entries there were. */
	sweep(nowSeconds: number): number {
		if (this.#gone.size === 0 || nowSeconds - this.#sweptSeconds < EVERY_SECONDS) return 0;
		this.#sweptSeconds = nowSeconds;
		// a number that another process has by now: what is left goes when that one ends
		const dead = new Set([...this.#gone].filter((pid) => !runsProgram(pid, this.#procRoot)));
		this.#gone.clear();
		if (dead.size === 0) return 0;
		const { calls, connections, searches, tasks } = this.#tables;
		return (
			deleteWhere(calls, (key) => dead.has(tgidOf(key))) +
			deleteWhere(connections, (key, value) => dead.has(tgidOf(key)) && !isWaiting(value)) +
			deleteWhere(searches, (key) => dead.has(tgidOf(key))) +
			deleteWhere(tasks, (_, value) => dead.has(tgidOf(value)))
		);
	}
}

/** Not even one that its parent has not asked about yet. */
function runsProgram(pid: number, procRoot: string): boolean {
	try {
		readlinkSync(join(procRoot, String(pid), "exe"));
		return true;
	} catch (error) {
		const code = error instanceof Error && "code" in error ? error.code : undefined;
		return code !== "ENOENT" && code !== "ESRCH";
	}
}

function deleteWhere(
	map: Pick<BpfMap, "batches" | "delete" | "keySize">,
	isDead: (key: DataView, value: DataView) => boolean,
): number {
	const found: Uint8Array[] = [];
	for (const { count, keys, values } of map.batches()) {
		const valueSize = values.length / count;
		for (let i = 0; i < count; i++) {
			const key = keys.subarray(i * map.keySize, (i + 1) * map.keySize);
			const value = values.subarray(i * valueSize, (i + 1) * valueSize);
			if (found.length < MOST_A_SWEEP && isDead(viewOf(key), viewOf(value))) found.push(key.slice());
		}
	}
	return found.filter((key) => map.delete(key)).length;
}

/** Of a `struct tls_key`, or of a `struct tls_caller`, which has it in the same place. */
function tgidOf(key: DataView): number {
	return readTlsKey(key, 0).tgid;
}

/** A request waits for its response: another process has the socket as well, and its end will end both. */
function isWaiting(value: DataView): boolean {
	const { isPipelined, pending } = CONNECTION_OFFSET;
	return value.getUint8(isPipelined) !== 0 || value.getBigUint64(pending, true) !== 0n;
}

function viewOf(bytes: Uint8Array): DataView {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
