/**
 * Turns what the kernel's tables hold into rows that only grow: cells of several stripes, and endpoints that have equal
 * labels once their services are named, become one row. No I/O: the tables come in as an interface.
 */
import type { EndpointLabels, EndpointRow } from "../model/snapshot.js";
import { EndpointGroup } from "./endpoint-group.js";
import { type CellReader, type CellState, MAY_WRAP_FROM, type RowTotals } from "./row-totals.js";
import type { CellIdentity, EndpointRecord, OwnerRecord, SlotRange } from "./tables.js";

/** What is read of the tables; see Tables for the meanings. */
export interface TableReader extends CellReader {
	cellSlots(): readonly SlotRange[];
	endpointSlots(): readonly SlotRange[];
	cellIdentity(slot: number): CellIdentity;
	started(slot: number): number;
	endpoint(slot: number): EndpointRecord;
}

/** Names the service behind a socket: ServiceNames, or a fake. */
export interface ServiceResolver {
	resolve(owner: OwnerRecord): string;
}

/** An endpoint slot with the cells that count for it. */
interface EndpointState {
	readonly slot: number;
	readonly group: EndpointGroup;
	readonly cells: { readonly cell: CellState; readonly totals: RowTotals }[];
}

export class Accumulator {
	readonly #tables: TableReader;
	readonly #names: ServiceResolver;
	/** By slot. */
	readonly #endpoints: EndpointState[] = [];
	readonly #areCellsKnown: boolean[] = [];
	readonly #groups = new Map<string, EndpointGroup>();

	constructor(tables: TableReader, names: ServiceResolver) {
		this.#tables = tables;
		this.#names = names;
	}

	/**
	 * Reads the tables once. Costs a few memory accesses for each endpoint and cell in use, and one for each bucket in use of
	 * the cells that counted since the last read.
	 *
	 * @returns rows, most counted first; a row in which nothing changed is the same object as last time
	 */
	read(): readonly EndpointRow[] {
		this.#findNewCells();
		this.#findNewEndpoints();
		for (const group of this.#groups.values()) group.inFlight = 0;
		// slots are numbered from 0 on with gaps, which forEach() leaves out
		this.#endpoints.forEach((endpoint) => void this.#look(endpoint));
		const rows: EndpointRow[] = [];
		for (const group of this.#groups.values()) group.appendRows(rows, this.#tables);
		// a stable sort: rows with equal counts keep the order in which they were first seen
		return rows.sort((a, b) => b.count - a.count);
	}

	/**
	 * What cannot wait until the next read, at most some minutes: services are named while their processes live, and counters of
	 * 32 bits are read before they wrap twice. Costs a memory access for each cell in use.
	 */
	keepUp(): void {
		this.#findNewCells();
		this.#findNewEndpoints();
		this.#endpoints.forEach(({ cells }) => {
			for (const { cell, totals } of cells) {
				if (this.#tables.cellCount(cell.slot) >= MAY_WRAP_FROM) totals.read(this.#tables);
			}
		});
	}

	#findNewCells(): void {
		for (const { from, to } of this.#tables.cellSlots()) {
			for (let slot = from; slot < to; slot++) {
				if (this.#areCellsKnown[slot] === true || this.#tables.cellCount(slot) === 0) continue;
				this.#areCellsKnown[slot] = true;
				const { endpoint, status, outcome } = this.#tables.cellIdentity(slot);
				const state = this.#endpointState(endpoint);
				const totals = state.group.totals(status, outcome);
				state.cells.push({ cell: totals.addCell(slot), totals });
			}
		}
	}

	/** Endpoints of which nothing has ended yet. */
	#findNewEndpoints(): void {
		for (const { from, to } of this.#tables.endpointSlots()) {
			for (let slot = from; slot < to; slot++) {
				if (this.#endpoints[slot] === undefined && this.#tables.started(slot) > 0) this.#endpointState(slot);
			}
		}
	}

	#endpointState(slot: number): EndpointState {
		const known = this.#endpoints[slot];
		if (known !== undefined) return known;
		const { owner, labels } = this.#tables.endpoint(slot);
		const group = this.#group({ service: this.#names.resolve(owner), ...labels });
		const state: EndpointState = { slot, group, cells: [] };
		this.#endpoints[slot] = state;
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

	#look(endpoint: EndpointState): void {
		// straight after one another, because requests go on beginning and ending meanwhile
		let inFlight = this.#tables.started(endpoint.slot);
		for (const { cell, totals } of endpoint.cells) {
			const count = this.#tables.cellCount(cell.slot);
			inFlight -= count;
			if (count !== cell.count || !cell.isSettled) totals.isStale = true;
		}
		endpoint.group.inFlight += Math.max(inFlight, 0);
	}
}
