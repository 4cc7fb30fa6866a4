/** What keys do: a state and a key give the next state, and at times something that the program has to do. */
import { HttpeekError } from "../base/errors.js";
import { parseFilterText } from "../model/filter-text.js";
import { AT_TOP, type Cursor, type Overlay, type ViewState } from "./state.js";
import type { Sort } from "./table.js";
import { type Opening, VIEW_IDS, type ViewId } from "./view.js";

/** A character, or the name of a key: `up`, `pagedown`, `enter`, `escape`, `ctrl-c`, `wheel-up`. */
export type Key = string;

/** What the program has to do. */
export type Effect = "quit" | "suspend" | "repaint" | "reset" | "save-json" | "save-csv";

/** What a key's meaning depends on: what is on the screen. */
export interface Shown {
	/** Keys of the rows, in their order. */
	readonly keys: readonly string[];
	/** Rows that fit on the screen. */
	readonly page: number;
	/** Lines of the help or of the endpoint that is open, and how many fit. */
	readonly lines: number;
	readonly linesPage: number;
	/** Columns that the view can be sorted by, in their order, and the direction that each begins with. */
	readonly sortable: readonly Sort[];
	/** What Enter opens for the selected row. */
	readonly opening: () => Opening | undefined;
}

export interface Reduction {
	readonly state: ViewState;
	readonly effect?: Effect;
}

const WHEEL_ROWS = 3;
const LONGEST_FILTER = 500;
/** How deep Esc leads back. */
const MOST_PLACES = 20;

/** How far a key moves, in rows; undefined where it does not. */
function stepOf(key: Key, page: number): number | undefined {
	switch (key) {
		case "up":
		case "k":
			return -1;
		case "down":
		case "j":
			return 1;
		case "wheel-up":
			return -WHEEL_ROWS;
		case "wheel-down":
			return WHEEL_ROWS;
		case "pageup":
		case "ctrl-b":
			return -page;
		case "pagedown":
		case "ctrl-f":
			return page;
		case "g":
		case "home":
			return Number.NEGATIVE_INFINITY;
		case "G":
		case "end":
			return Number.POSITIVE_INFINITY;
		default:
			return undefined;
	}
}

/** The next state. Never throws, whatever the key. */
export function reduce(before: ViewState, key: Key, shown: Shown): Reduction {
	const state = before.message === undefined ? before : { ...before, message: undefined };
	if (key === "ctrl-c") return { state, effect: "quit" };
	if (key === "ctrl-z") return { state, effect: "suspend" };
	if (key === "ctrl-l") return { state, effect: "repaint" };
	if (state.overlay !== undefined) return inOverlay(state, state.overlay, key, shown);
	const common = anywhere(state, key);
	if (common !== undefined) return common;
	return { state: state.detail === undefined ? inTable(state, key, shown) : inDetail(state, state.detail, key, shown) };
}

/** Keys that mean the same in the table and in an endpoint. */
function anywhere(state: ViewState, key: Key): Reduction | undefined {
	const open = (overlay: Overlay): Reduction => ({ state: { ...state, overlay } });
	switch (key) {
		case "q":
			return { state, effect: "quit" };
		case "?":
		case "h":
			return open({ kind: "help", top: 0 });
		case "e":
			return open({ kind: "save" });
		case "r":
			return { state: { ...state, message: { text: "counting from here on", isError: false } }, effect: "reset" };
		case " ":
			return { state: { ...state, isPaused: !state.isPaused } };
		case "/":
			return {
				state: { ...state, detail: undefined, overlay: { kind: "filter", text: state.filter, before: state.filter } },
			};
		case "[":
		case "]":
		case "tab": {
			const step = key === "[" ? VIEW_IDS.length - 1 : 1;
			const next = VIEW_IDS[(VIEW_IDS.indexOf(state.view) + step) % VIEW_IDS.length];
			return { state: inView(state, next ?? state.view) };
		}
		default: {
			const chosen = /^[1-9]$/.test(key) ? VIEW_IDS[Number(key) - 1] : undefined;
			return chosen === undefined ? undefined : { state: inView(state, chosen) };
		}
	}
}

function inView(state: ViewState, view: ViewId): ViewState {
	return { ...state, view, cursor: AT_TOP, detail: undefined, back: [] };
}

function inTable(state: ViewState, key: Key, shown: Shown): ViewState {
	const step = stepOf(key, shown.page);
	if (step !== undefined) return { ...state, cursor: moved(state.cursor, step, shown) };
	const sort = state.sorts[state.view];
	switch (key) {
		case "s":
			return { ...state, overlay: { kind: "sort", index: Math.max(0, sortIndex(sort, shown)) } };
		case "<":
		case "left":
			return sortedBy(state, shown.sortable[Math.max(0, sortIndex(sort, shown) - 1)]);
		case ">":
		case "right":
			return sortedBy(state, shown.sortable[Math.min(shown.sortable.length - 1, sortIndex(sort, shown) + 1)]);
		case "I":
			return sortedBy(state, { ...sort, descending: !sort.descending });
		case "enter":
			return opened(state, shown.opening(), shown);
		case "escape":
			return back(state);
		default:
			return state;
	}
}

function sortIndex(sort: Sort, { sortable }: Shown): number {
	return sortable.findIndex(({ column }) => column === sort.column);
}

function sortedBy(state: ViewState, sort: Sort | undefined): ViewState {
	return sort === undefined ? state : { ...state, sorts: { ...state.sorts, [state.view]: sort } };
}

/** Where the cursor is among the rows as they are now. */
export function cursorIndex({ key, index }: Cursor, keys: readonly string[]): number {
	const found = key === undefined ? -1 : keys.indexOf(key);
	return Math.max(0, found === -1 ? Math.min(index, keys.length - 1) : found);
}

/** The first row on the screen, so that the cursor is on it. */
export function firstRow(top: number, index: number, page: number, rows: number): number {
	const scrolled = Math.min(Math.max(top, index - page + 1), index);
	return Math.max(0, Math.min(scrolled, rows - page));
}

function moved(cursor: Cursor, step: number, { keys, page }: Shown): Cursor {
	const index = Math.max(0, Math.min(keys.length - 1, cursorIndex(cursor, keys) + step));
	if (index === 0 && step < 0) return AT_TOP;
	return { key: keys[index], index, top: firstRow(cursor.top, index, page, keys.length) };
}

function opened(state: ViewState, opening: Opening | undefined, { keys }: Shown): ViewState {
	if (opening === undefined) return state;
	// whatever is open stays the one under the cursor when it is closed
	const index = cursorIndex(state.cursor, keys);
	const cursor = { ...state.cursor, index, key: keys[index] };
	if (opening.kind === "endpoint") return { ...state, cursor, detail: { key: opening.key, top: 0 } };
	const places = [...state.back, { view: state.view, filter: state.filter, cursor }].slice(-MOST_PLACES);
	return { ...state, view: "endpoints", filter: opening.text, cursor: AT_TOP, back: places };
}

/** Esc: to where one came from, else without the filter, else to the top. */
function back(state: ViewState): ViewState {
	const place = state.back.at(-1);
	if (place !== undefined) return { ...state, ...place, back: state.back.slice(0, -1) };
	return { ...state, filter: "", cursor: AT_TOP };
}

function scrolled(top: number, step: number, { lines, linesPage }: Shown): number {
	return Math.max(0, Math.min(lines - linesPage, top + step));
}

function inDetail(state: ViewState, detail: NonNullable<ViewState["detail"]>, key: Key, shown: Shown): ViewState {
	const step = stepOf(key, shown.linesPage);
	if (step !== undefined) return { ...state, detail: { ...detail, top: scrolled(detail.top, step, shown) } };
	return key === "escape" || key === "enter" || key === "backspace" || key === "left"
		? { ...state, detail: undefined }
		: state;
}

function inOverlay(state: ViewState, overlay: Overlay, key: Key, shown: Shown): Reduction {
	const closed: ViewState = { ...state, overlay: undefined };
	switch (overlay.kind) {
		case "filter":
			return { state: whileFiltering(state, overlay, key) };
		case "sort":
			return { state: whileSorting(state, overlay.index, key, shown) };
		case "save":
			if (key === "j") return { state: closed, effect: "save-json" };
			if (key === "c") return { state: closed, effect: "save-csv" };
			return { state: key === "escape" || key === "q" ? closed : state };
		case "help": {
			const step = stepOf(key, shown.linesPage);
			if (step === undefined) return { state: closed };
			return { state: { ...state, overlay: { kind: "help", top: scrolled(overlay.top, step, shown) } } };
		}
	}
}

function whileSorting(state: ViewState, index: number, key: Key, { sortable }: Shown): ViewState {
	const closed: ViewState = { ...state, overlay: undefined };
	const step = stepOf(key, sortable.length);
	if (step !== undefined) {
		const next = Math.max(0, Math.min(sortable.length - 1, index + step));
		return { ...state, overlay: { kind: "sort", index: next } };
	}
	if (key === "enter") return sortedBy(closed, sortable[index]);
	if (key === "I") {
		const sort = state.sorts[state.view];
		return sortedBy(closed, { ...sort, descending: !sort.descending });
	}
	return key === "escape" || key === "q" || key === "s" ? closed : state;
}

function whileFiltering(state: ViewState, overlay: Extract<Overlay, { kind: "filter" }>, key: Key): ViewState {
	if (key === "enter") return { ...state, overlay: undefined, cursor: AT_TOP };
	if (key === "escape") return { ...state, overlay: undefined, filter: overlay.before };
	const text = edited(overlay.text, key);
	if (text === undefined) return state;
	// what is not complete yet filters nothing: `status:5` on the way to `status:5xx`
	const complete = filterProblem(text) === undefined ? text : text.replace(/\S*\s*$/, "");
	const filter = filterProblem(complete) === undefined ? complete : overlay.before;
	return { ...state, overlay: { ...overlay, text }, filter, cursor: AT_TOP };
}

/** The text after a key; undefined where the key does not edit. */
function edited(text: string, key: Key): string | undefined {
	if (key === "backspace" || key === "delete") return [...text].slice(0, -1).join("");
	if (key === "ctrl-u") return "";
	if (key === "ctrl-w") return text.replace(/\S*\s*$/, "");
	return [...key].length === 1 && text.length < LONGEST_FILTER ? text + key : undefined;
}

/** Why a filter cannot be read; undefined where it can. */
export function filterProblem(text: string): string | undefined {
	try {
		parseFilterText(text);
		return undefined;
	} catch (error) {
		if (error instanceof HttpeekError) return error.message;
		throw error;
	}
}
