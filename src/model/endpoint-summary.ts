/** Endpoints as people think of them: all statuses of one together. */
import type { Histogram } from "./histogram.js";
import { endpointKey, labelsOf, mergedLatency } from "./rows.js";
import type { EndpointLabels, EndpointRow } from "./snapshot.js";
import { isError } from "./totals.js";

export interface EndpointSummary {
	readonly labels: EndpointLabels;
	/** The endpoint's rows, in the order they came. */
	readonly rows: readonly EndpointRow[];
	readonly count: number;
	readonly errors: number;
	readonly inFlight: number;
	/** Of the exchanges that had a response. */
	readonly latency: Histogram;
}

/** One summary for each endpoint, by its key, in the order in which the rows first name them. */
export function summarizeEndpoints(rows: readonly EndpointRow[]): Map<string, EndpointSummary> {
	const grouped = new Map<string, EndpointRow[]>();
	for (const row of rows) {
		const key = endpointKey(row);
		const found = grouped.get(key);
		if (found === undefined) {
			grouped.set(key, [row]);
		} else {
			found.push(row);
		}
	}
	return new Map([...grouped].map(([key, ofEndpoint]) => [key, summarize(ofEndpoint)]));
}

function summarize(rows: readonly EndpointRow[]): EndpointSummary {
	let [count, errors, inFlight] = [0, 0, 0];
	for (const row of rows) {
		count += row.count;
		errors += isError(row) ? row.count : 0;
		inFlight += row.inFlight;
	}
	// A group has at least the row that made it.
	const labels = labelsOf(rows[0] as EndpointRow);
	return { labels, rows, count, errors, inFlight, latency: mergedLatency(rows) };
}
