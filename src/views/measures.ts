/** What is known of a group of exchanges: an endpoint, a service, all requests to a peer. */
import { EMPTY_HISTOGRAM, type Histogram, merge } from "../model/histogram.js";
import type { Moment, Tick } from "../model/history.js";
import { endpointKey } from "../model/rows.js";
import type { EndpointRow } from "../model/snapshot.js";
import { isError } from "../model/totals.js";

export const STATUS_CLASSES = ["1xx", "2xx", "3xx", "4xx", "5xx", "none"] as const;
/** The hundreds of a status, or `none` where there was no response. */
export type StatusClass = (typeof STATUS_CLASSES)[number];

export interface Measures {
	/** Since the start or the last reset. */
	readonly count: number;
	readonly errors: number;
	readonly classes: Readonly<Record<StatusClass, number>>;
	/** Now. */
	readonly inFlight: number;
	/** Exchanges a second, of the last seconds. */
	readonly rate: number;
	/** Part of the exchanges that failed, of the last seconds; since the start where there were none. */
	readonly errorShare: number | undefined;
	/** Of answers in the last seconds; since the start where there were none. */
	readonly latency: Histogram;
	/** The last seconds had an answer. */
	readonly isRecent: boolean;
	/** The endpoints in the group: for the last minute. */
	readonly endpointKeys: readonly string[];
}

/** Of a group in which nothing was asked. */
export const NO_MEASURES: Measures = {
	count: 0,
	errors: 0,
	classes: { "1xx": 0, "2xx": 0, "3xx": 0, "4xx": 0, "5xx": 0, none: 0 },
	inFlight: 0,
	rate: 0,
	errorShare: undefined,
	latency: EMPTY_HISTOGRAM,
	isRecent: false,
	endpointKeys: [],
};

export function statusClass({ status, outcome }: Pick<EndpointRow, "status" | "outcome">): StatusClass {
	return outcome === "response" ? (STATUS_CLASSES[Math.floor(status / 100) - 1] ?? "none") : "none";
}

interface Sum {
	count: number;
	errors: number;
	inFlight: number;
	latency: Histogram;
}

interface Building {
	readonly first: EndpointRow;
	readonly since: Sum;
	readonly recent: Sum;
	readonly classes: Record<StatusClass, number>;
	readonly keys: Set<string>;
}

const nothing = (): Sum => ({ count: 0, errors: 0, inFlight: 0, latency: EMPTY_HISTOGRAM });

function add(sum: Sum, row: EndpointRow): void {
	sum.count += row.count;
	sum.errors += isError(row) ? row.count : 0;
	sum.inFlight += row.inFlight;
	if (row.outcome === "response") sum.latency = merge(sum.latency, row.latency);
}

/**
 * Groups what a moment has.
 *
 * @param keyOf the group of a row; undefined: none
 * @param make what becomes of a group: its key, any row of it, and what was measured
 */
export function groupMeasures<Item>(
	{ since, recent, now }: Moment,
	keyOf: (row: EndpointRow) => string | undefined,
	make: (key: string, row: EndpointRow, measures: Measures) => Item,
): Item[] {
	const groups = new Map<string, Building>();
	const groupOf = (row: EndpointRow): Building | undefined => {
		const key = keyOf(row);
		if (key === undefined) return undefined;
		const found = groups.get(key);
		if (found !== undefined) return found;
		const classes = { "1xx": 0, "2xx": 0, "3xx": 0, "4xx": 0, "5xx": 0, none: 0 };
		const made = { first: row, since: nothing(), recent: nothing(), classes, keys: new Set<string>() };
		groups.set(key, made);
		return made;
	};
	// after a reset, what rests is a row of `now` alone: it does not vanish from the screen
	for (const row of since === now ? [] : now.endpoints) groupOf(row)?.keys.add(endpointKey(row));
	for (const row of since.endpoints) {
		const group = groupOf(row);
		if (group === undefined) continue;
		group.keys.add(endpointKey(row));
		group.classes[statusClass(row)] += row.count;
		add(group.since, row);
	}
	for (const row of recent.endpoints) {
		const group = groupOf(row);
		if (group !== undefined) add(group.recent, row);
	}
	return [...groups].map(([key, group]) => make(key, group.first, measuresOf(group, recent.durationSeconds)));
}

function measuresOf({ since, recent, classes, keys }: Building, recentSeconds: number): Measures {
	const { count, errors } = recent.count > 0 ? recent : since;
	const isRecent = recent.latency.count > 0;
	return {
		count: since.count,
		errors: since.errors,
		classes,
		inFlight: since.inFlight,
		rate: recentSeconds > 0 ? recent.count / recentSeconds : 0,
		errorShare: count === 0 ? undefined : errors / count,
		latency: isRecent ? recent.latency : since.latency,
		isRecent,
		endpointKeys: [...keys],
	};
}

/** Exchanges of these endpoints in a tick. */
export function countIn(tick: Tick, endpointKeys: readonly string[]): number {
	return endpointKeys.reduce((sum, key) => sum + (tick.endpoints.get(key)?.count ?? 0), 0);
}

/** Those of them that failed. */
export function errorsIn(tick: Tick, endpointKeys: readonly string[]): number {
	return endpointKeys.reduce((sum, key) => sum + (tick.endpoints.get(key)?.errors ?? 0), 0);
}
