/** Sums over a snapshot: what the last line of a report says and what `--fail-if` compares. */
import type { Histogram } from "./histogram.js";
import { atOneEnd, mergedLatency } from "./rows.js";
import type { ConnectionOutcome, EndpointRow, Snapshot } from "./snapshot.js";

export interface Totals {
	/** Exchanges that ended, each at one end (see atOneEnd()). */
	readonly exchanges: number;
	/** Those of them that isError() calls failed. */
	readonly errors: number;
	/** Those of them that ended without a response. */
	readonly unanswered: number;
	readonly inFlight: number;
	/** Exchanges by status; 0 are the unanswered. */
	readonly byStatus: ReadonlyMap<number, number>;
	/** Of the exchanges that had a response. */
	readonly latency: Histogram;
	/** Connections that failed, by how; what never happened is absent. */
	readonly connections: ReadonlyMap<ConnectionOutcome, number>;
	/** Requests and responses that may have been missed. */
	readonly lost: number;
}

/**
 * Whether the exchanges of a row failed, by OpenTelemetry's rule for the status of HTTP spans: for a server 5xx, for a
 * client 4xx too; for both the absence of a response.
 * https://opentelemetry.io/docs/specs/semconv/http/http-spans/#status
 */
export function isError({ role, status, outcome }: Pick<EndpointRow, "role" | "status" | "outcome">): boolean {
	if (outcome === "in_flight") {
		return false;
	}
	return outcome !== "response" || status >= (role === "server" ? 500 : 400);
}

/** Sums up a snapshot (or the difference of two). */
export function totalsOf(snapshot: Snapshot): Totals {
	const rows = atOneEnd(snapshot.endpoints);
	const byStatus = new Map<number, number>();
	let [exchanges, errors, unanswered, inFlight] = [0, 0, 0, 0];
	for (const row of rows) {
		inFlight += row.inFlight;
		if (row.count === 0) {
			continue;
		}
		exchanges += row.count;
		errors += isError(row) ? row.count : 0;
		unanswered += row.outcome === "response" ? 0 : row.count;
		byStatus.set(row.status, (byStatus.get(row.status) ?? 0) + row.count);
	}
	const connections = new Map<ConnectionOutcome, number>();
	for (const { outcome, count } of snapshot.connections) {
		connections.set(outcome, (connections.get(outcome) ?? 0) + count);
	}
	const lost = snapshot.losses.requests + snapshot.losses.responses;
	return { exchanges, errors, unanswered, inFlight, byStatus, latency: mergedLatency(rows), connections, lost };
}
