/** The rows of one set of labels: one for each status and outcome, made anew only when something in it changed. */
import { EMPTY_HISTOGRAM } from "../model/histogram.js";
import type { EndpointLabels, EndpointRow, Outcome } from "../model/snapshot.js";
import { type CellReader, RowTotals } from "./row-totals.js";

export class EndpointGroup {
	readonly labels: EndpointLabels;
	/** Requests without an answer, of all endpoints of the group. */
	inFlight = 0;
	readonly #totals: RowTotals[] = [];
	#waiting: EndpointRow | undefined;

	constructor(labels: EndpointLabels) {
		this.labels = Object.freeze({ ...labels });
	}

	/** Where to add what is counted for a status and outcome. */
	totals(status: number, outcome: Outcome): RowTotals {
		let totals = this.#totals.find((known) => known.status === status && known.outcome === outcome);
		if (totals === undefined) {
			totals = new RowTotals(status, outcome);
			this.#totals.push(totals);
		}
		return totals;
	}

	/**
	 * Reads what is stale, and appends the rows as they are now, most counted first, then lowest status; the first one carries
	 * `inFlight`.
	 */
	appendRows(rows: EndpointRow[], cells: CellReader): void {
		for (const totals of this.#totals) if (totals.isStale) totals.read(cells);
		if (this.#totals.length > 1) this.#totals.sort((a, b) => b.count - a.count || a.status - b.status);
		if ((this.#totals[0]?.count ?? 0) === 0) {
			if (this.inFlight > 0) rows.push(this.#waitingRow());
			return;
		}
		this.#waiting = undefined;
		let { inFlight } = this;
		for (const totals of this.#totals) {
			if (totals.count === 0) continue;
			rows.push(this.#row(totals, inFlight));
			inFlight = 0;
		}
	}

	#row(totals: RowTotals, inFlight: number): EndpointRow {
		if (totals.row?.inFlight === inFlight) return totals.row;
		const { status, outcome, count, latency } = totals;
		const { service, role, protocol, tls, port, peer, method, route } = this.labels;
		// member by member: with a spread among them this takes from five to a hundred times as long
		const row = { service, role, protocol, tls, port, peer, method, route, status, outcome, count, inFlight, latency };
		totals.row = Object.freeze(row);
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
