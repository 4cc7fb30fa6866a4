/** Which single exchanges a watcher wants to see. */
import { type Filter, rowFilter } from "./filter.js";
import { globMatcher } from "./glob.js";
import type { WatchedExchange } from "./snapshot.js";
import { isError } from "./totals.js";

/** Which exchanges a watcher wants to see. Fields narrow each other (AND). */
export interface WatchFilter extends Filter {
	/** Only those that failed: isError(). */
	readonly errorsOnly?: boolean;
	/** Only those that took at least so long. */
	readonly minLatencySeconds?: number;
	/** Of those that are left a random one in so many. */
	readonly sampleOneIn?: number;
}

/** Which exchanges a snapshot shows one by one: failed ones (isError), and slow ones. */
export interface SampleOptions {
	/** Exchanges that took at least so long, seconds. Default: only failed ones. */
	readonly slowSeconds?: number;
	/** How many of the last ones are kept. Default: 100. */
	readonly most?: number;
}

/** What was waiting to be shown. */
export interface TakenExchanges {
	/** Oldest first. */
	readonly exchanges: readonly WatchedExchange[];
	/** Older ones that were thrown away unread, because there were too many. */
	readonly skipped: number;
}

/**
 * The test of a filter that the kernel did not apply. A path pattern may fit the route or the path.
 *
 * @param random as Math.random()
 * @throws HttpeekError HTTPEEK_USAGE for a port or status that cannot be
 */
export function exchangeFilter(
	{ paths, errorsOnly = false, minLatencySeconds = 0, sampleOneIn = 1, ...rest }: WatchFilter,
	random: () => number = Math.random,
): (exchange: WatchedExchange) => boolean {
	const isWanted = rowFilter(rest);
	const patterns = paths?.map(globMatcher) ?? [];
	return (exchange) =>
		isWanted(exchange) &&
		exchange.latencySeconds >= minLatencySeconds &&
		(!errorsOnly || isError(exchange)) &&
		(patterns.length === 0 || patterns.some((fits) => fits(exchange.route) || fits(pathOnly(exchange.path)))) &&
		(sampleOneIn === 1 || random() * sampleOneIn < 1);
}

function pathOnly(path: string): string {
	const end = path.indexOf("?");
	return end < 0 ? path : path.slice(0, end);
}
