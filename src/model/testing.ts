/** Builders of rows and snapshots for tests: only what a test is about has to be said. */
import { EMPTY_HISTOGRAM, type Histogram, histogramOf } from "./histogram.js";
import { sortRows } from "./rows.js";
import type { EndpointRow, Losses, Snapshot, WatchedExchange } from "./snapshot.js";

export function makeRow(fields: Partial<EndpointRow> = {}): EndpointRow {
	const count = fields.count ?? 1;
	const status = fields.status ?? 200;
	const outcome = fields.outcome ?? (status === 0 ? "client_closed" : "response");
	return {
		service: "shop",
		role: "server",
		protocol: "http/1.1",
		tls: false,
		port: 8080,
		peer: fields.role === "client" ? "127.0.0.1:8080" : null,
		method: "GET",
		route: "/",
		status,
		outcome,
		count,
		inFlight: 0,
		latency: outcome === "response" ? latencyOf(count) : EMPTY_HISTOGRAM,
		...fields,
	};
}

/** `count` latencies of 1 ms each. */
function latencyOf(count: number): Histogram {
	const one = histogramOf([1_000_000]);
	return count === 0 ? EMPTY_HISTOGRAM : { ...one, count, sum: count / 1000, buckets: [count] };
}

export function makeLosses(fields: Partial<Losses> = {}): Losses {
	return { requests: 0, responses: 0, endpoints_other: 0, detail: {}, ...fields };
}

export function makeSnapshot(rows: readonly EndpointRow[] = [], fields: Partial<Snapshot> = {}): Snapshot {
	const durationSeconds = fields.durationSeconds ?? 10;
	const startedAt = new Date("2026-01-02T03:04:05.678Z");
	return {
		startedAt,
		takenAt: new Date(startedAt.getTime() + durationSeconds * 1000),
		durationSeconds,
		endpoints: sortRows(rows),
		connections: [],
		peers: [],
		losses: makeLosses(),
		facts: {},
		...fields,
	};
}

export function makeExchange(fields: Partial<WatchedExchange> = {}): WatchedExchange {
	return {
		time: new Date("2026-01-02T03:04:05.678Z"),
		service: "shop",
		role: "server",
		protocol: "http/1.1",
		tls: false,
		port: 8080,
		peer: fields.role === "client" ? "127.0.0.1:8080" : null,
		method: "GET",
		path: "/",
		route: "/",
		status: 200,
		outcome: "response",
		latencySeconds: 0.001,
		...fields,
	};
}
