/** What a person has chosen on the screen. A value: every key gives the next one (reduce.ts). */

import type { Sort } from "./table.js";
import { VIEW_IDS, type ViewId } from "./view.js";
import { viewOf } from "./view-list.js";

/** Where the cursor is. Without a key it stays at the top while rows change their places. */
export interface Cursor {
	/** Key of the row that is followed. */
	readonly key: string | undefined;
	readonly index: number;
	/** The first row on the screen. */
	readonly top: number;
}

/** What takes the keys while it is open. */
export type Overlay =
	| { readonly kind: "filter"; readonly text: string; readonly before: string }
	| { readonly kind: "sort"; readonly index: number }
	| { readonly kind: "save" }
	| { readonly kind: "help"; readonly top: number };

/** A place to come back to with Esc. */
export interface Place {
	readonly view: ViewId;
	readonly filter: string;
	readonly cursor: Cursor;
}

export interface ViewState {
	readonly view: ViewId;
	readonly sorts: Readonly<Record<ViewId, Sort>>;
	/** The filter that holds: always one that can be read. */
	readonly filter: string;
	readonly cursor: Cursor;
	readonly overlay: Overlay | undefined;
	/** endpointKey() of the endpoint that is open, and how far it is scrolled. */
	readonly detail: { readonly key: string; readonly top: number } | undefined;
	readonly isPaused: boolean;
	readonly back: readonly Place[];
	/** Told in the last line until the next key. */
	readonly message: { readonly text: string; readonly isError: boolean } | undefined;
}

export const AT_TOP: Cursor = { key: undefined, index: 0, top: 0 };

/** The state at the start. @param sort the column that the endpoints are sorted by */
export function initialState(sort?: Sort): ViewState {
	const sorts = Object.fromEntries(VIEW_IDS.map((id) => [id, viewOf(id).sort])) as Record<ViewId, Sort>;
	return {
		view: "endpoints",
		sorts: sort === undefined ? sorts : { ...sorts, endpoints: sort },
		filter: "",
		cursor: AT_TOP,
		overlay: undefined,
		detail: undefined,
		isPaused: false,
		back: [],
		message: undefined,
	};
}
