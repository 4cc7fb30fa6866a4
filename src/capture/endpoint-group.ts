/** The rows of one set of labels: one for each status and outcome, made anew only when something in it changed. */
import { EMPTY_HISTOGRAM, type Histogram } from "../model/histogram.js";
import type { EndpointLabels, EndpointRow, Outcome } from "../model/snapshot.js";
import { HistogramLayout } from "../wire/layout.js";
import { LATENCY_WORDS } from "./tables.js";

const NS_PER_SECOND = 1e9;

/** What was counted for one status and outcome; only grows. */
export interface RowTotals {
	readonly status: number;
	readonly outcome: Outcome;
	count: number;
	sumNs: number;
	/** Below, above, then the buckets: see Tables.copyLatencies. */
	readonly latencies: Float64Array;
	/** Since the row was made. */
	isChanged: boolean;
	row: EndpointRow | undefined;
}

export class EndpointGroup {
	readonly labels: EndpointLabels;
	/** Requests without an answer, of all endpoints of the group. */
	inFlight = 0;
	readonly #totals = new Map<string, RowTotals>();
	#waiting: EndpointRow | undefined;

	constructor(labels: EndpointLabels) {
		this.labels = Object.freeze({ ...labels });
	}

	/** Where to add what is counted for a status and outcome. */
	totals(status: number, outcome: Outcome): RowTotals {
		const key = `${status} ${outcome}`;
		let totals = this.#totals.get(key);
		if (totals === undefined) {
			const latencies = new Float64Array(LATENCY_WORDS);
			totals = { status, outcome, count: 0, sumNs: 0, latencies, isChanged: true, row: undefined };
			this.#totals.set(key, totals);
		}
		return totals;
	}

	/** The rows as they are now, most counted first, then lowest status; the first one carries `inFlight`. */
	rows(): EndpointRow[] {
		const counted = [...this.#totals.values()].filter((totals) => totals.count > 0);
		if (counted.length === 0) return this.inFlight > 0 ? [this.#waitingRow()] : [];
		this.#waiting = undefined;
		counted.sort((a, b) => b.count - a.count || a.status - b.status);
		return counted.map((totals, place) => this.#row(totals, place === 0 ? this.inFlight : 0));
	}

	#row(totals: RowTotals, inFlight: number): EndpointRow {
		if (totals.row === undefined || totals.isChanged || totals.row.inFlight !== inFlight) {
			const { status, outcome, count } = totals;
			const latency = totals.row === undefined || totals.isChanged ? histogramOf(totals) : totals.row.latency;
			totals.row = Object.freeze({ ...this.labels, status, outcome, count, inFlight, latency });
			totals.isChanged = false;
		}
		return totals.row;
	}

	#waitingRow(): EndpointRow {
		const { inFlight } = this;
		if (this.#waiting?.inFlight !== inFlight) {
			const nothing = { status: 0, outcome: "in_flight", count: 0, inFlight, latency: EMPTY_HISTOGRAM } as const;
			this.#waiting = Object.freeze({ ...this.labels, ...nothing });
		}
		return this.#waiting;
	}
}

/** Its count is that of the buckets: always consistent in itself, and the row's count once the kernel has finished. */
function histogramOf(totals: RowTotals): Histogram {
	const [below = 0, above = 0] = totals.latencies;
	let first = 2;
	let end = totals.latencies.length;
	while (first < end && totals.latencies[first] === 0) first++;
	while (end > first && totals.latencies[end - 1] === 0) end--;
	const buckets = [...totals.latencies.subarray(first, end)];
	return Object.freeze({
		count: buckets.reduce((sum, count) => sum + count, below + above),
		sum: totals.sumNs / NS_PER_SECOND,
		below,
		above,
		offset: buckets.length === 0 ? 0 : first - 2 + HistogramLayout.OFFSET,
		buckets: Object.freeze(buckets),
	});
}
