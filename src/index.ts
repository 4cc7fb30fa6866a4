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
import { resolveScope, type Scope, type ScopeOptions } from "./capture/scope.js";
import { type CaptureOptions, CaptureSession } from "./capture/session.js";
import { type WatchBatch, type WatchScheduleOptions, watchSession } from "./capture/watch.js";
import { ContainerNames } from "./identity/container-engine.js";
import { ServiceNames } from "./identity/service-names.js";
import { exchangeFilter, type SampleOptions, type WatchFilter } from "./model/exchange.js";
import type { Snapshot } from "./model/snapshot.js";
import type { TargetOptions } from "./model/target.js";

export { ERROR_CODES, type ErrorCode, HttpeekError } from "./base/errors.js";
export { escapeText } from "./base/escape.js";
export type { CountingInfo } from "./capture/observe.js";
export type { ScopeOptions } from "./capture/scope.js";
export type { WatchBatch } from "./capture/watch.js";
export { difference } from "./model/difference.js";
export { type EndpointSummary, summarizeEndpoints } from "./model/endpoint-summary.js";
export type { SampleOptions, WatchFilter } from "./model/exchange.js";
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
	KernelCost,
	Losses,
	Outcome,
	PeerRow,
	Protocol,
	Role,
	Snapshot,
	WatchedExchange,
} from "./model/snapshot.js";
export type { TargetOptions } from "./model/target.js";
export { isError, type Totals, totalsOf } from "./model/totals.js";

export interface ObserveOptions extends ScheduleOptions {
	/** What is watched. Default: the whole host. */
	readonly scope?: ScopeOptions;
	/** Only exchanges that took at least this long are counted, seconds. Default: all. */
	readonly minLatencySeconds?: number;
	/** Encrypted connections are read where it is known how (docs/tls.md). Default: true. */
	readonly tls?: boolean;
	/** How many endpoints are told apart; those beyond are counted under the route `(other)`. Default: 4096. */
	readonly maxEndpoints?: number;
	/** Snapshots hold the last exchanges that failed or were slow, one by one: `snapshot.samples`. Default: they do not. */
	readonly samples?: SampleOptions;
}

export interface WatchOptions extends WatchScheduleOptions, TargetOptions {
	/** What is watched. Default: the whole host. */
	readonly scope?: ScopeOptions;
	/** Which exchanges are shown. All are counted. Default: all. */
	readonly filter?: WatchFilter;
	/** As for observe(). */
	readonly tls?: boolean;
	/** How many endpoints are told apart: as for observe(). */
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

/**
 * The exchanges of the scope one by one, in batches, as they end; each once per end that is watched. Counts them all as
 * observe() does; the last batch has the totals.
 *
 *     for await (const { exchanges } of watch({ filter: { errorsOnly: true } })) {
 *         for (const { method, path, status } of exchanges) console.log(method, path, status);
 *     }
 *
 * All of the filter but paths and services is applied in the kernel, so what it leaves out costs next to nothing. What
 * came faster than it could be handed out is counted: `dropped`, `skipped`. Paths and services are hostile text.
 *
 * @throws HttpeekError as observe() does
 */
export async function* watch(options: WatchOptions = {}): AsyncGenerator<WatchBatch, void, undefined> {
	const containers = await ContainerNames.ask();
	const { scope: scopeOptions, filter = {}, query = false, raw = false, maxEndpoints, tls } = options;
	const { paths, services } = filter;
	const isWanted = exchangeFilter({ ...(paths && { paths }), ...(services && { services }) });
	const open = async () => {
		const scope = resolveScope(scopeOptions);
		const session = await openCapture(scope, containers, { maxEndpoints, tls, watch: { ...filter, query, raw } });
		return {
			description: scope.description,
			tlsProblem: session.tlsProblem,
			exchanges: session.exchanges,
			read: () => session.read(),
			keepUp: () => session.keepUp(),
			dropped: () => session.dropped(),
			detach: () => session.detach(),
			close: () => session.close(),
		};
	};
	yield* watchSession(open, isWanted, options, systemClock);
}

async function openSession(
	{ scope: scopeOptions, minLatencySeconds = 0, maxEndpoints, tls, samples }: ObserveOptions,
	containers: ContainerNames,
): Promise<ObservedSession> {
	const scope = resolveScope(scopeOptions);
	const session = await openCapture(scope, containers, {
		maxEndpoints,
		tls,
		minLatencySeconds,
		...(samples && { samples }),
	});
	return {
		description: scope.description,
		tlsProblem: session.tlsProblem,
		read: () => session.read(),
		keepUp: () => session.keepUp(),
		close: () => session.close(),
	};
}

interface OpenOptions extends Pick<CaptureOptions, "minLatencySeconds" | "watch" | "samples"> {
	readonly maxEndpoints: number | undefined;
	readonly tls: boolean | undefined;
}

function openCapture(
	scope: Scope,
	containers: ContainerNames,
	{ maxEndpoints, tls = true, ...options }: OpenOptions,
): Promise<CaptureSession> {
	return CaptureSession.open({
		...options,
		scope,
		isTlsRead: tls,
		names: new ServiceNames({ containers }),
		limits: maxEndpoints === undefined ? {} : { maxEndpoints },
	});
}
