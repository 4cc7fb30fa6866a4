/** Rows of a snapshot as values: what makes two of them the same, and the orders they are shown in. */
import { EMPTY_HISTOGRAM, type Histogram, merge, quantile } from "./histogram.js";
import type { EndpointLabels, EndpointRow } from "./snapshot.js";

// Rows do not change and most of them live on in the next snapshot, so a key is made once.
const endpointKeys = new WeakMap<EndpointLabels, string>();

/** One string for all labels: equal for two rows exactly when they are of one endpoint. */
export function endpointKey(labels: EndpointLabels): string {
	let key = endpointKeys.get(labels);
	if (key === undefined) {
		const { service, role, protocol, tls, port, peer, method, route } = labels;
		// JSON, because service and route may hold any character that could serve as a separator.
		key = JSON.stringify([role, port, protocol, tls, peer, method, service, route]);
		endpointKeys.set(labels, key);
	}
	return key;
}

/** As endpointKey(), with status and outcome: unique within a snapshot. */
export function rowKey(row: EndpointRow): string {
	return `${row.status} ${row.outcome} ${endpointKey(row)}`;
}

/** The labels alone, without what was counted. */
export function labelsOf({ service, role, protocol, tls, port, peer, method, route }: EndpointLabels): EndpointLabels {
	return { service, role, protocol, tls, port, peer, method, route };
}

function compareText(a: string, b: string): number {
	return a < b ? -1 : a > b ? 1 : 0;
}

/** A total order for rows that are otherwise equal, so that they do not change places from one interval to the next. */
function compareLabels(a: EndpointRow, b: EndpointRow): number {
	return compareText(a.route, b.route) || a.status - b.status || compareText(rowKey(a), rowKey(b));
}

const orders = {
	count: (a, b) => b.count - a.count,
	status: (a, b) => b.status - a.status || b.count - a.count,
	p50: byQuantile(0.5),
	p90: byQuantile(0.9),
	p99: byQuantile(0.99),
	mean: (a, b) => meanOrNothing(b.latency) - meanOrNothing(a.latency),
	route: (a, b) => compareText(a.route, b.route),
	service: (a, b) => compareText(a.service, b.service),
} as const satisfies Record<string, (a: EndpointRow, b: EndpointRow) => number>;

/** What rows can be ordered by: numbers from large to small, names from A to Z. */
export type SortKey = keyof typeof orders;
export const SORT_KEYS = Object.keys(orders) as readonly SortKey[];

function byQuantile(q: number): (a: EndpointRow, b: EndpointRow) => number {
	// One sort compares a row many times.
	const found = new WeakMap<Histogram, number>();
	const of = (row: EndpointRow): number => {
		let value = found.get(row.latency);
		if (value === undefined) {
			value = quantile(row.latency, q) ?? -1;
			found.set(row.latency, value);
		}
		return value;
	};
	return (a, b) => of(b) - of(a);
}

function meanOrNothing({ sum, count }: Histogram): number {
	return count === 0 ? -1 : sum / count;
}

/** The rows in the order of `key`; equal ones by count, then by their labels. A new array. */
export function sortRows(rows: readonly EndpointRow[], key: SortKey = "count"): EndpointRow[] {
	const order = orders[key];
	return rows.toSorted((a, b) => order(a, b) || b.count - a.count || compareLabels(a, b));
}

/**
 * The rows with each exchange at one end only: a client's row is left out where a server's row of the same port and route
 * is among them. On loopback and between containers of a host an exchange is seen at both ends, as two rows; adding them
 * up would count it twice. (A client's exchanges with another host are left out too where a server here has a route of
 * that name on that port: `--role client` shows them.)
 */
export function atOneEnd<Row extends Pick<EndpointRow, "role" | "port" | "route">>(
	rows: readonly Row[],
): readonly Row[] {
	const place = ({ port, route }: Row): string => `${port} ${route}`;
	const served = new Set(rows.filter(({ role }) => role === "server").map(place));
	return rows.filter((row) => row.role === "server" || !served.has(place(row)));
}

/**
 * The latencies of all responses of the rows together. What was never answered has a time too, from the request to the
 * end of waiting; it stays on its own rows, because it says nothing about how fast answers are.
 */
export function mergedLatency(rows: readonly EndpointRow[]): Histogram {
	return rows
		.filter(({ outcome }) => outcome === "response")
		.reduce((latency, row) => merge(latency, row.latency), EMPTY_HISTOGRAM);
}
