/** What a view is: rows of a moment, columns, and what Enter does. */
import type { Moment } from "../model/history.js";
import type { ScreenColumn, Sort } from "./table.js";

export const VIEW_IDS = ["endpoints", "services", "errors", "connections", "peers"] as const;
export type ViewId = (typeof VIEW_IDS)[number];

/** What Enter opens: one endpoint, or the endpoints view with a filter. */
export type Opening =
	| { readonly kind: "endpoint"; readonly key: string }
	| { readonly kind: "filter"; readonly text: string };

/** Rows and their order as the screen needs them: it need not know what they are. */
export interface View {
	readonly id: ViewId;
	/** One sentence for help. */
	readonly what: string;
	readonly columns: readonly ScreenColumn<Item>[];
	/** How it is sorted at first. */
	readonly sort: Sort;
	/** @param moment filtered already */
	readonly rows: (moment: Moment) => readonly Item[];
	readonly open: (row: Item) => Opening | undefined;
}

/** A row of any view. */
export interface Item {
	readonly key: string;
}

/** A view whose columns fit its rows; from there on the two are only used together. */
export function defineView<Row extends Item>(
	view: Omit<View, "columns" | "rows" | "open"> & {
		readonly columns: readonly ScreenColumn<Row>[];
		readonly rows: (moment: Moment) => readonly Row[];
		readonly open: (row: Row) => Opening | undefined;
	},
): View {
	return view as unknown as View;
}
