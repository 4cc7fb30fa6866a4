/**
 * What was counted for one row: the cells of all stripes and endpoints that belong to it, added up. Buckets are read from
 * the kernel's memory as they are, and no copy is kept: with ten thousand endpoints copies would be most of httpeek's memory,
 * and fetching them most of its time. Of 256 buckets a row fills some twenty, so only those are read that were filled before,
 * as long as they add up to what was counted.
 */
import { EMPTY_HISTOGRAM, type Histogram } from "../model/histogram.js";
import type { EndpointRow, Outcome } from "../model/snapshot.js";
import { HistogramLayout } from "../wire/layout.js";
import { BUCKET_WORD, LATENCY_WORDS } from "./tables.js";

const NS_PER_SECOND = 1e9;
/** A cell that has counted less has no bucket of 32 bits that wrapped. */
export const MAY_WRAP_FROM = 2 ** 31;

/** What is read of a cell: see Tables. */
export interface CellReader {
	cellCount(slot: number): number;
	cellSumNs(slot: number): number;
	copyLatencies(slot: number, words: Uint32Array, from: number, to: number): void;
}

/** A cell as it was when it was last read. */
export interface CellState {
	readonly slot: number;
	count: number;
	/** A read found nothing new: the kernel counts an exchange in several steps, and the last one seen may be half done. */
	isSettled: boolean;
	/** Its latency counters as if they had more than 32 bits, once they are about to wrap. */
	unwrapped: Float64Array | undefined;
}

/** Room for the words of one cell, and for the sum of a row: used within one read. */
const words = new Uint32Array(LATENCY_WORDS);
const sums: number[] = new Array(LATENCY_WORDS).fill(0);

export class RowTotals {
	readonly status: number;
	readonly outcome: Outcome;
	count = 0;
	latency: Histogram = EMPTY_HISTOGRAM;
	/** A cell of it has counted, or may not have finished to. */
	isStale = true;
	/** As last given out. */
	row: EndpointRow | undefined;
	readonly #cells: CellState[] = [];
	/** Words of the buckets in use: `from` <= word < `to`. */
	#from = BUCKET_WORD;
	#to = BUCKET_WORD;

	constructor(status: number, outcome: Outcome) {
		this.status = status;
		this.outcome = outcome;
	}

	addCell(slot: number): CellState {
		const cell: CellState = { slot, count: 0, isSettled: false, unwrapped: undefined };
		this.#cells.push(cell);
		this.isStale = true;
		return cell;
	}

	/** Reads its cells. The row is to be made anew if anything has changed. */
	read(cells: CellReader): void {
		this.isStale = false;
		const { count, sumNs, latencies } = this.#addUpKnown(cells) ?? this.#addUpAll(cells);
		const sum = sumNs / NS_PER_SECOND;
		if (count === this.count && latencies === this.latency.count && sum === this.latency.sum) return;
		this.count = count;
		this.latency = this.#histogram(latencies, sum);
		this.row = undefined;
	}

	/** Sums up the cells from the buckets that are known to be in use; undefined if those do not hold everything. */
	#addUpKnown(cells: CellReader): Total | undefined {
		const [from, to] = [this.#from, this.#to];
		return from === to ? undefined : this.#addUp(cells, from, to, true);
	}

	/** Sums up the cells from all buckets, and finds those in use: their range only widens. */
	#addUpAll(cells: CellReader): Total {
		const total = this.#addUp(cells, BUCKET_WORD, LATENCY_WORDS, false) ?? NOTHING;
		let [from, to] = [BUCKET_WORD, LATENCY_WORDS];
		while (from < to && sums[from] === 0) from++;
		while (to > from && sums[to - 1] === 0) to--;
		[this.#from, this.#to] = [from, to];
		return total;
	}

	/** Sums up the cells, the buckets with `from` <= word < `to` into `sums`. */
	#addUp(cells: CellReader, from: number, to: number, mustBeAll: boolean): Total | undefined {
		sums.fill(0, 0, BUCKET_WORD);
		sums.fill(0, from, to);
		const total = { count: 0, sumNs: 0, latencies: 0 };
		for (const cell of this.#cells) {
			const latencies = addLatencies(cells, cell, from, to);
			// after the buckets: what they lack is then never hidden by exchanges that were counted meanwhile
			const count = cells.cellCount(cell.slot);
			if (mustBeAll && latencies !== count) return undefined;
			total.sumNs += cells.cellSumNs(cell.slot);
			total.count += count;
			total.latencies += latencies;
			// a second look, at what was known already: for the first one the last exchange may have been half counted
			cell.isSettled = mustBeAll && count === cell.count && latencies === count;
			cell.count = count;
			if (count >= MAY_WRAP_FROM) cell.unwrapped ??= Float64Array.from(copied(cells, cell.slot));
		}
		return total;
	}

	#histogram(count: number, sum: number): Histogram {
		const [from, to] = [this.#from, this.#to];
		return Object.freeze({
			// that of the buckets: always consistent in itself, and the row's count once the kernel has finished
			count,
			sum,
			below: sums[0] ?? 0,
			above: sums[1] ?? 0,
			offset: from === to ? 0 : from - BUCKET_WORD + HistogramLayout.OFFSET,
			buckets: Object.freeze(sums.slice(from, to)),
		});
	}
}

interface Total {
	count: number;
	sumNs: number;
	/** Exchanges in the latency counters. */
	latencies: number;
}

const NOTHING: Total = { count: 0, sumNs: 0, latencies: 0 };

/** Adds a cell's latency counters to `sums`, and returns how many exchanges they hold. */
function addLatencies(cells: CellReader, cell: CellState, from: number, to: number): number {
	const counts =
		cell.unwrapped === undefined ? copied(cells, cell.slot, from, to) : unwrap(cells, cell.slot, cell.unwrapped);
	const below = counts[0] ?? 0;
	const above = counts[1] ?? 0;
	sums[0] = (sums[0] ?? 0) + below;
	sums[1] = (sums[1] ?? 0) + above;
	let count = below + above;
	for (let word = from; word < to; word++) {
		const added = counts[word] ?? 0;
		sums[word] = (sums[word] ?? 0) + added;
		count += added;
	}
	return count;
}

function copied(cells: CellReader, slot: number, from = BUCKET_WORD, to = LATENCY_WORDS): Uint32Array {
	cells.copyLatencies(slot, words, from, to);
	return words;
}

/** Adds to `counts`, which have no limit, what was added to the words of a cell since, which wrap at 2^32. */
function unwrap(cells: CellReader, slot: number, counts: Float64Array): Float64Array {
	copied(cells, slot).forEach((now, word) => {
		const before = counts[word] ?? 0;
		counts[word] = before + ((now - before) >>> 0);
	});
	return counts;
}
