/** What a person can say about how rows come out; every format takes the same. */
import { type SortKey, sortRows } from "../model/rows.js";
import type { EndpointRow } from "../model/snapshot.js";

export interface RowOptions {
	/** Default: most counted first. */
	readonly sort?: SortKey;
	/** At most that many rows. Default: all. */
	readonly limit?: number;
}

/** The rows to show, in their order. */
export function chosenRows(
	rows: readonly EndpointRow[],
	{ sort = "count", limit }: RowOptions,
): readonly EndpointRow[] {
	return sortRows(rows, sort).slice(0, limit);
}
