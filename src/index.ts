/**
 * The library: what HTTP endpoints of this host are doing, as an async iterator of immutable snapshots.
 *
 *     import { observe } from "httpeek";
 *
 *     for await (const snapshot of observe({ intervalSeconds: 5 })) {
 *         for (const { route, status, count } of snapshot.endpoints) console.log(route, status, count);
 *     }
 */
import { systemClock } from "./base/clock.js";
import { type ObservedSession, observeSession, type ScheduleOptions } from "./capture/observe.js";
import { resolveScope, type ScopeOptions } from "./capture/scope.js";
import { CaptureSession } from "./capture/session.js";
import { ContainerNames } from "./identity/container-engine.js";
import { ServiceNames } from "./identity/service-names.js";
import type { Snapshot } from "./model/snapshot.js";

export { ERROR_CODES, type ErrorCode, HttpeekError } from "./base/errors.js";
export { escapeText } from "./base/escape.js";
export type { CountingInfo } from "./capture/observe.js";
export type { ScopeOptions } from "./capture/scope.js";
export { difference } from "./model/difference.js";
export { type EndpointSummary, summarizeEndpoints } from "./model/endpoint-summary.js";
export { type Expression, parseExpression } from "./model/expression.js";
export { type Filter, rowFilter, snapshotFilter } from "./model/filter.js";
export { bucketBounds, type Histogram, mean, merge, quantile, subtract } from "./model/histogram.js";
export { type PeerMeans, peerMeans } from "./model/peers.js";
export { atOneEnd, endpointKey, rowKey, SORT_KEYS, type SortKey, sortRows } from "./model/rows.js";
export type {
	ConnectionOutcome,
	ConnectionRow,
	EndpointLabels,
	EndpointRow,
	Losses,
	Outcome,
	PeerRow,
	Protocol,
	Role,
	Snapshot,
} from "./model/snapshot.js";
export { isError, type Totals, totalsOf } from "./model/totals.js";

export interface ObserveOptions extends ScheduleOptions {
	/** What is watched. Default: the whole host. */
	readonly scope?: ScopeOptions;
	/** Only exchanges that took at least this long are counted, seconds. Default: all. */
	readonly minLatencySeconds?: number;
	/** How many endpoints are told apart; those beyond are counted under the route `(other)`. Default: 4096. */
	readonly maxEndpoints?: number;
}

/**
 * Counts the HTTP/1.x exchanges of the scope in the kernel, and yields what was counted so far: after every interval, and
 * once more at the end (duration over, count reached, signal aborted). Numbers are cumulative; difference() of two
 * snapshots is what happened between them. Leaving the loop takes the programs out of the kernel.
 *
 * Needs root or CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON.
 *
 * @throws HttpeekError before the first snapshot: HTTPEEK_USAGE for options that cannot be, HTTPEEK_SCOPE_NOT_FOUND and
 * HTTPEEK_PROCESS_NOT_FOUND for a scope that does not exist, and the codes of ERROR_CODES with exit code 4 where this
 * machine does not allow it.
 */
export async function* observe(options: ObserveOptions = {}): AsyncGenerator<Snapshot, void, undefined> {
	const containers = await ContainerNames.ask();
	yield* observeSession(() => openSession(options, containers), options, systemClock);
}

function openSession(
	{ scope: scopeOptions, minLatencySeconds, maxEndpoints }: ObserveOptions,
	containers: ContainerNames,
): ObservedSession {
	const scope = resolveScope(scopeOptions);
	const session = CaptureSession.open({
		scope,
		names: new ServiceNames({ containers }),
		limits: maxEndpoints === undefined ? {} : { maxEndpoints },
		minLatencySeconds: minLatencySeconds ?? 0,
	});
	return {
		description: scope.description,
		read: () => session.read(),
		close: () => session.close(),
	};
}
