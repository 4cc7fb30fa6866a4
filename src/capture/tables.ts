/**
 * The tables of the kernel programs as they lie in memory: which slots may be in use, and what stands in them. The kernel
 * writes while this reads, so every number is read once and whole, and what hangs together is read in the order in which
 * it is written: an endpoint is complete before a request of it is counted, a cell before its count leaves zero.
 */
import { wireText } from "../base/escape.js";
import type { EndpointLabels, Protocol, Role } from "../model/snapshot.js";
import {
	CELL_OFFSET,
	CELL_SIZE,
	Counter,
	ENDPOINT_SIZE,
	HistogramLayout,
	Limit,
	Method,
	Outcome as OutcomeCode,
	OWNER_SIZE,
	Protocol as ProtocolCode,
	Role as RoleCode,
	readEndpoint,
	readOwner,
} from "../wire/layout.js";
import { peerText } from "./address.js";

/** The memory of the maps of the same name; `counters` may be a longer section in which they stand at `countersOffset`. */
export interface TableBuffers {
	/** Cells from `part * CELLS_PER_PART` on, at most CELLS_PER_PART of them: mapped when they are first asked for. */
	readonly cells: (part: number) => ArrayBuffer;
	/** Cells that there are. */
	readonly cellSlots: number;
	readonly endpoints: ArrayBuffer;
	readonly owners: ArrayBuffer;
	readonly starts: ArrayBuffer;
	readonly counters: ArrayBuffer;
	readonly countersOffset: number;
}

/** Who made a socket. */
export interface OwnerRecord {
	readonly cgroupId: bigint;
	readonly pid: number;
	readonly comm: string;
}

/** Labels but for the service, whose name is not the kernel's business. */
export interface EndpointRecord {
	readonly owner: OwnerRecord;
	readonly labels: Omit<EndpointLabels, "service">;
}

/** What a cell counts; fixed from its first count on. */
export interface CellIdentity {
	/** Slot of its endpoint. */
	readonly endpoint: number;
	readonly status: number;
	readonly outcome: "response" | "client_closed" | "server_closed";
}

/** Slots `from` <= slot < `to`. */
export interface SlotRange {
	readonly from: number;
	readonly to: number;
}

/** Latency counters of a cell in one array: below, above, then the buckets. */
export const BUCKET_WORD = 2;
export const LATENCY_WORDS = BUCKET_WORD + HistogramLayout.BUCKETS;

/** Cells that are mapped together: about 1 MB, and whole pages also where pages have 64 KB. */
export const CELLS_PER_PART = 1024;

/** Slots looked at beyond the last one known: the counter of slots in use runs a little behind on other CPUs. */
const SLACK = 64;
const WORD_BYTES = 4;

/** The name of a route that ran out of slots; a real route begins with `/`, `*` or `:`. */
export const OTHER_ROUTE = "(other)";
/** What stands after a route that was longer than the kernel keeps. */
export const CUT_MARK = "…";

const METHOD_NAMES = new Map<number, string>(Object.entries(Method).map(([name, code]) => [code, name]));
METHOD_NAMES.set(Method.OTHER, "_OTHER");

const OUTCOME_NAMES: ReadonlyMap<number, CellIdentity["outcome"]> = new Map([
	[OutcomeCode.RESPONSE, "response"],
	[OutcomeCode.CLIENT_CLOSED, "client_closed"],
	[OutcomeCode.SERVER_CLOSED, "server_closed"],
]);

/** A method by its code; `_OTHER` for one that is not known. */
export function methodName(code: number): string {
	return METHOD_NAMES.get(code) ?? "_OTHER";
}

/** An outcome by its code. */
export function outcomeName(code: number): CellIdentity["outcome"] {
	return OUTCOME_NAMES.get(code) ?? "response";
}

export class Tables {
	readonly #cellsOf: (part: number) => ArrayBuffer;
	readonly #cellParts: Uint32Array[] = [];
	readonly #starts: Uint32Array;
	readonly #counters: Uint32Array;
	readonly #endpoints: DataView;
	readonly #owners: DataView;
	readonly #cellSlots: number;
	readonly #endpointSlots: number;
	readonly #ownerSlots: number;
	readonly #stripes: number;

	/** @param stripes copies of each counter of `starts` */
	constructor(buffers: TableBuffers, stripes: number) {
		this.#cellsOf = buffers.cells;
		this.#starts = new Uint32Array(buffers.starts);
		this.#counters = new Uint32Array(buffers.counters, buffers.countersOffset, Counter.COUNTERS * 2);
		this.#endpoints = new DataView(buffers.endpoints);
		this.#owners = new DataView(buffers.owners);
		this.#cellSlots = buffers.cellSlots;
		this.#endpointSlots = Math.floor(buffers.endpoints.byteLength / ENDPOINT_SIZE);
		this.#ownerSlots = Math.floor(buffers.owners.byteLength / OWNER_SIZE);
		this.#stripes = stripes;
	}

	/** A counter, by its number in enum counter. */
	counter(which: number): number {
		return readInt64(this.#counters, which * 2);
	}

	/** Slots of cells that may be in use, "(other)" ones first. */
	cellSlots(): readonly SlotRange[] {
		const other = this.counter(Counter.OTHER_CELLS_USED);
		const used = this.counter(Counter.CELLS_USED);
		return ranges(other, used, Limit.OTHER_CELLS, this.#cellSlots);
	}

	/** Slots of endpoints that may be in use, "(other)" ones first. */
	endpointSlots(): readonly SlotRange[] {
		const other = this.counter(Counter.OTHER_ENDPOINTS_USED);
		const used = this.counter(Counter.ENDPOINTS_USED);
		return ranges(other, used, Limit.OTHER_ENDPOINTS, this.#endpointSlots);
	}

	/** Exchanges that a cell has counted; 0 while the slot is free. */
	cellCount(slot: number): number {
		return readInt64(this.#cellPart(slot), cellAt(slot) + CELL_OFFSET.count / WORD_BYTES);
	}

	cellSumNs(slot: number): number {
		return readInt64(this.#cellPart(slot), cellAt(slot) + CELL_OFFSET.sumNs / WORD_BYTES);
	}

	/** What a cell counts: only to be asked when its count is not 0. */
	cellIdentity(slot: number): CellIdentity {
		const at = cellAt(slot) * WORD_BYTES;
		const bytes = new DataView(this.#cellPart(slot).buffer);
		return {
			endpoint: bytes.getUint32(at + CELL_OFFSET.endpoint, true),
			status: bytes.getUint16(at + CELL_OFFSET.status, true),
			outcome: outcomeName(bytes.getUint8(at + CELL_OFFSET.outcome)),
		};
	}

	/**
	 * Copies latency counters of a cell into `words` (LATENCY_WORDS long): below, above, and of the buckets those with
	 * `from` <= word < `to`. They wrap at 2^32.
	 */
	copyLatencies(slot: number, words: Uint32Array, from = BUCKET_WORD, to = LATENCY_WORDS): void {
		const at = cellAt(slot);
		const cells = this.#cellPart(slot);
		words[0] = cells[at + CELL_OFFSET.below / WORD_BYTES] ?? 0;
		words[1] = cells[at + CELL_OFFSET.above / WORD_BYTES] ?? 0;
		const buckets = at + CELL_OFFSET.buckets / WORD_BYTES - BUCKET_WORD;
		for (let word = from; word < to; word++) words[word] = cells[buckets + word] ?? 0;
	}

	/** The part of the table in which a cell stands. */
	#cellPart(slot: number): Uint32Array {
		const part = Math.floor(slot / CELLS_PER_PART);
		let cells = this.#cellParts[part];
		if (cells === undefined) {
			cells = new Uint32Array(this.#cellsOf(part));
			this.#cellParts[part] = cells;
		}
		return cells;
	}

	/** Requests of an endpoint that have begun. */
	started(slot: number): number {
		let sum = 0;
		for (let stripe = 0; stripe < this.#stripes; stripe++) {
			// a stripe alone can be negative: a request may be taken back on another CPU than the one that counted it
			sum += readInt64(this.#starts, (stripe * this.#endpointSlots + slot) * 2);
		}
		return sum;
	}

	/** What an endpoint is: only to be asked when a request of it was counted. */
	endpoint(slot: number): EndpointRecord {
		const record = readEndpoint(this.#endpoints, slot * ENDPOINT_SIZE);
		const isServer = record.role !== RoleCode.CLIENT;
		const role: Role = isServer ? "server" : "client";
		const protocol: Protocol = record.protocol === ProtocolCode.HTTP_1_0 ? "http/1.0" : "http/1.1";
		const route = wireText(record.route.subarray(0, record.routeBytes));
		const isOther = record.isOther !== 0 || record.routeBytes === 0;
		return {
			owner: this.owner(record.owner),
			labels: {
				role,
				protocol,
				tls: record.tls !== 0,
				port: record.port,
				peer: isServer ? null : peerText(record.peer, record.port),
				method: isOther ? "_OTHER" : methodName(record.method),
				route: isOther ? OTHER_ROUTE : record.routeCut === 0 ? route : route + CUT_MARK,
			},
		};
	}

	/** Who is recorded at a slot of owners; nobody at slot 0, which is for those that are not known. */
	owner(slot: number): OwnerRecord {
		if (slot === 0 || slot >= this.#ownerSlots) return { cgroupId: 0n, pid: 0, comm: "" };
		const { cgroupId, pid, comm } = readOwner(this.#owners, slot * OWNER_SIZE);
		const end = comm.indexOf(0);
		return { cgroupId, pid, comm: wireText(comm.subarray(0, end < 0 ? comm.length : end)) };
	}
}

/** Where a cell stands in its part, in words. */
function cellAt(slot: number): number {
	return ((slot % CELLS_PER_PART) * CELL_SIZE) / WORD_BYTES;
}

/**
 * Slots are handed out in rising order, each counted, and a few are put back unused: those in use are below the counter,
 * but for the ones being handed out at this moment.
 */
function ranges(other: number, used: number, otherSlots: number, slots: number): SlotRange[] {
	return [
		// mostly there are none, and looking at the first one would map a part of the table
		{ from: 0, to: other === 0 ? 0 : Math.min(other + SLACK, otherSlots, slots) },
		{ from: Math.min(otherSlots, slots), to: Math.min(otherSlots + used + SLACK, slots) },
	];
}

/**
 * A 64-bit counter that is being written to, as a number. A kernel's u64 below zero is one that was counted down first.
 * Two halves cost no BigInt; the high one is read again in case the low one overflowed in between.
 */
function readInt64(words: Uint32Array, at: number): number {
	let high = Atomics.load(words, at + 1);
	for (;;) {
		const low = Atomics.load(words, at);
		const again = Atomics.load(words, at + 1);
		if (again === high) return (high | 0) * 2 ** 32 + low;
		high = again;
	}
}
