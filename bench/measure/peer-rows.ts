/** The rows of one tool that watched a load: the same for all, wherever it watched. */
import type { LoadResult } from "../load.js";
import type { Usage } from "../process-tree.js";
import type { Row } from "../row.js";
import { countedRatio } from "./counted.js";

export const GROUP = "peers";
const BYTES_PER_MB = 1_000_000;

type Rate = Pick<LoadResult, "requests" | "seconds">;

/** What one tool made of what was sent. */
export interface Watched {
	readonly name: string;
	readonly sent: number;
	readonly counted: number;
	/** More that may have been answered: countedRatio(). */
	readonly mostInFlight: number;
	/** The load in which its CPU time was taken. */
	readonly load: Rate;
	readonly usage: Usage;
}

/** @param alone the same load while nobody watched */
export function* watchedRows(watched: Watched, alone: Rate): Generator<Row> {
	const { name, sent, counted, mostInFlight, load, usage } = watched;
	const rate = ({ requests, seconds }: Rate): number => Math.round(requests / seconds);
	yield {
		group: GROUP,
		what: `counted / sent: ${name}`,
		unit: "exact ratio",
		measured: countedRatio(counted, sent, mostInFlight),
		note: `${counted} of ${sent}; ${rate(load)}/s, ${rate(alone)}/s without`,
	};
	yield {
		group: GROUP,
		what: `CPU of ${name}`,
		unit: "% of a core",
		measured: (100 * usage.cpuSeconds) / load.seconds,
		note: `CPU time ${usage.cpuSeconds.toFixed(2)} s for a load of ${load.seconds.toFixed(0)} s`,
	};
	yield {
		group: GROUP,
		what: `resident memory of ${name}`,
		unit: "MB",
		measured: usage.peakBytes / BYTES_PER_MB,
		note: "peak, with the processes that it starts",
	};
}
