/** What happened between two snapshots of one session. */
import { EMPTY_HISTOGRAM, subtract } from "./histogram.js";
import { peerDifference } from "./peers.js";
import { endpointKey, labelsOf, rowKey, sortRows } from "./rows.js";
import type { ConnectionRow, EndpointRow, KernelCost, Losses, Snapshot } from "./snapshot.js";

/**
 * The interval from `before` to `after` as a snapshot of its own: it starts when `before` was taken, and holds only what
 * was counted since; rows of which nothing was are left out. Requests in flight are those of `after`: a level, not a sum.
 */
export function difference(before: Snapshot, after: Snapshot): Snapshot {
	return {
		startedAt: before.takenAt,
		takenAt: after.takenAt,
		durationSeconds: after.durationSeconds - before.durationSeconds,
		endpoints: endpointDifference(before.endpoints, after.endpoints),
		connections: connectionDifference(before.connections, after.connections),
		peers: peerDifference(before.peers, after.peers),
		...(after.samples && { samples: after.samples.filter(({ time }) => time > before.takenAt) }),
		losses: lossDifference(before.losses, after.losses),
		facts: counterDifference(before.facts, after.facts),
		// without a cost before, nobody knows how much of it is older than the interval
		...(before.cost === undefined || after.cost === undefined ? {} : { cost: costDifference(before.cost, after.cost) }),
	};
}

/** Never below 0: a session that began anew in between must not show negative rates. */
function less(after: number, before: number | undefined): number {
	return Math.max(0, after - (before ?? 0));
}

function endpointDifference(before: readonly EndpointRow[], after: readonly EndpointRow[]): EndpointRow[] {
	const earlier = new Map(before.map((row) => [rowKey(row), row]));
	const inFlight = new Map<string, { total: number; row: EndpointRow }>();
	const changed: EndpointRow[] = [];
	for (const row of after) {
		const past = earlier.get(rowKey(row));
		const count = less(row.count, past?.count);
		if (row.inFlight > 0) {
			inFlight.set(endpointKey(row), { total: row.inFlight, row });
		}
		if (count > 0) {
			const latency = past === undefined ? row.latency : subtract(row.latency, past.latency);
			changed.push({ ...row, count, inFlight: 0, latency });
		}
	}
	return withInFlight(sortRows(changed), inFlight);
}

/** Puts each endpoint's number in flight on its first row, which need not be the one that had it in `after`. */
function withInFlight(
	sorted: readonly EndpointRow[],
	inFlight: Map<string, { total: number; row: EndpointRow }>,
): EndpointRow[] {
	const rows = sorted.map((row) => {
		const key = endpointKey(row);
		const found = inFlight.get(key);
		inFlight.delete(key);
		return found === undefined ? row : { ...row, inFlight: found.total };
	});
	const idle = [...inFlight.values()].map(
		({ total, row }): EndpointRow => ({
			...labelsOf(row),
			status: 0,
			outcome: "in_flight",
			count: 0,
			inFlight: total,
			latency: EMPTY_HISTOGRAM,
		}),
	);
	return [...rows, ...sortRows(idle)];
}

function connectionKey({ service, role, peer, outcome }: ConnectionRow): string {
	return JSON.stringify([role, outcome, peer, service]);
}

function connectionDifference(before: readonly ConnectionRow[], after: readonly ConnectionRow[]): ConnectionRow[] {
	const earlier = new Map(before.map((row) => [connectionKey(row), row.count]));
	return after
		.map((row) => ({ ...row, count: less(row.count, earlier.get(connectionKey(row))) }))
		.filter(({ count }) => count > 0)
		.sort((a, b) => b.count - a.count);
}

function counterDifference(
	before: Readonly<Record<string, number>>,
	after: Readonly<Record<string, number>>,
): Record<string, number> {
	return Object.fromEntries(Object.entries(after).map(([name, value]) => [name, less(value, before[name])]));
}

function costDifference(before: KernelCost, after: KernelCost): KernelCost {
	return { runs: less(after.runs, before.runs), seconds: less(after.seconds, before.seconds) };
}

function lossDifference(before: Losses, after: Losses): Losses {
	return {
		requests: less(after.requests, before.requests),
		responses: less(after.responses, before.responses),
		endpoints_other: less(after.endpoints_other, before.endpoints_other),
		detail: counterDifference(before.detail, after.detail),
	};
}
