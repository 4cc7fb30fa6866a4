/**
 * Turns what the kernel's tables hold into rows that only grow: cells of several stripes, and endpoints that have equal
 * labels once their services are named, become one row. No I/O: the tables come in as an interface.
 */
import type { EndpointLabels, EndpointRow } from "../model/snapshot.js";
import { EndpointGroup, type RowTotals } from "./endpoint-group.js";
import { type CellIdentity, type EndpointRecord, LATENCY_WORDS, type OwnerRecord, type SlotRange } from "./tables.js";

/** What is read of the tables; see Tables for the meanings. */
export interface TableReader {
	cellSlots(): readonly SlotRange[];
	endpointSlots(): readonly SlotRange[];
	cellCount(slot: number): number;
	cellSumNs(slot: number): number;
	cellIdentity(slot: number): CellIdentity;
	copyLatencies(slot: number, words: Uint32Array): void;
	started(slot: number): number;
	endpoint(slot: number): EndpointRecord;
}

/** Names the service behind a socket: ServiceNames, or a fake. */
export interface ServiceResolver {
	resolve(owner: OwnerRecord): string;
}

/** A cell as it was when it was last read. */
interface CellState {
	readonly slot: number;
	readonly totals: RowTotals;
	count: number;
	sumNs: number;
	readonly latencies: Uint32Array;
	/** A read found nothing new: the kernel counts an exchange in several steps, and the last one seen may be half done. */
	isSettled: boolean;
}

/** An endpoint slot with the cells that count for it. */
interface EndpointState {
	readonly slot: number;
	readonly group: EndpointGroup;
	readonly cells: CellState[];
}

export class Accumulator {
	readonly #tables: TableReader;
	readonly #names: ServiceResolver;
	readonly #endpoints = new Map<number, EndpointState>();
	readonly #cells = new Set<number>();
	readonly #groups = new Map<string, EndpointGroup>();
	readonly #latencies = new Uint32Array(LATENCY_WORDS);

	constructor(tables: TableReader, names: ServiceResolver) {
		this.#tables = tables;
		this.#names = names;
	}

	/**
	 * Reads the tables once. Costs a few memory accesses for each endpoint and cell in use, and a copy of about 1 KB for each
	 * cell that counted since the last read.
	 *
	 * @returns rows, most counted first; a row in which nothing changed is the same object as last time
	 */
	read(): readonly EndpointRow[] {
		this.#findNewCells();
		this.#findNewEndpoints();
		for (const group of this.#groups.values()) group.inFlight = 0;
		for (const endpoint of this.#endpoints.values()) this.#readEndpoint(endpoint);
		const rows: EndpointRow[] = [];
		for (const group of this.#groups.values()) rows.push(...group.rows());
		// a stable sort: rows with equal counts keep the order in which they were first seen
		return rows.sort((a, b) => b.count - a.count);
	}

	#findNewCells(): void {
		for (const { from, to } of this.#tables.cellSlots()) {
			for (let slot = from; slot < to; slot++) {
				if (this.#cells.has(slot) || this.#tables.cellCount(slot) === 0) continue;
				this.#cells.add(slot);
				const { endpoint, status, outcome } = this.#tables.cellIdentity(slot);
				const state = this.#endpointState(endpoint);
				state.cells.push({
					slot,
					totals: state.group.totals(status, outcome),
					count: 0,
					sumNs: 0,
					latencies: new Uint32Array(LATENCY_WORDS),
					isSettled: false,
				});
			}
		}
	}

	/** Endpoints of which nothing has ended yet. */
	#findNewEndpoints(): void {
		for (const { from, to } of this.#tables.endpointSlots()) {
			for (let slot = from; slot < to; slot++) {
				if (!this.#endpoints.has(slot) && this.#tables.started(slot) > 0) this.#endpointState(slot);
			}
		}
	}

	#endpointState(slot: number): EndpointState {
		const known = this.#endpoints.get(slot);
		if (known !== undefined) return known;
		const { owner, labels } = this.#tables.endpoint(slot);
		const group = this.#group({ service: this.#names.resolve(owner), ...labels });
		const state: EndpointState = { slot, group, cells: [] };
		this.#endpoints.set(slot, state);
		return state;
	}

	#group(labels: EndpointLabels): EndpointGroup {
		const { service, role, protocol, tls, port, peer, method, route } = labels;
		const key = JSON.stringify([service, role, protocol, tls, port, peer, method, route]);
		let group = this.#groups.get(key);
		if (group === undefined) {
			group = new EndpointGroup(labels);
			this.#groups.set(key, group);
		}
		return group;
	}

	#readEndpoint(endpoint: EndpointState): void {
		// straight after one another, because requests go on beginning and ending meanwhile
		let inFlight = this.#tables.started(endpoint.slot);
		for (const cell of endpoint.cells) {
			const count = this.#tables.cellCount(cell.slot);
			inFlight -= count;
			if (count === cell.count && cell.isSettled) continue;
			cell.isSettled = !this.#readCell(cell, count);
		}
		endpoint.group.inFlight += Math.max(inFlight, 0);
	}

	/** Adds what is new in a cell to its row. True if anything was. */
	#readCell(cell: CellState, count: number): boolean {
		const sumNs = this.#tables.cellSumNs(cell.slot);
		this.#tables.copyLatencies(cell.slot, this.#latencies);
		let isChanged = count !== cell.count || sumNs !== cell.sumNs;
		const { totals, latencies: before } = cell;
		for (let i = 0; i < LATENCY_WORDS; i++) {
			const now = this.#latencies[i] ?? 0;
			// the kernel's counter has 32 bits and may have wrapped since
			const added = (now - (before[i] ?? 0)) >>> 0;
			if (added === 0) continue;
			totals.latencies[i] = (totals.latencies[i] ?? 0) + added;
			before[i] = now;
			isChanged = true;
		}
		totals.count += count - cell.count;
		totals.sumNs += sumNs - cell.sumNs;
		totals.isChanged ||= isChanged;
		cell.count = count;
		cell.sumNs = sumNs;
		return isChanged;
	}
}
