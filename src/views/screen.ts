/** The whole screen, as a pure function of what is known, what was chosen and how large the terminal is. */
import { parseFilterText, textSnapshotFilter } from "../model/filter-text.js";
import type { Moment } from "../model/history.js";
import { isQuiet, quietLines } from "../sinks/quiet.js";
import { detailLines } from "./detail.js";
import { type HeadContext, headHeight, headLines } from "./head.js";
import { helpLines } from "./help.js";
import { glyphsOf, toned } from "./look.js";
import { cursorIndex, filterProblem, firstRow, type Shown } from "./reduce.js";
import { fit, screenText } from "./screen-text.js";
import type { ViewState } from "./state.js";
import { headerLine, placeColumns, rowLine, type ScreenColumn, type Sort, sortByColumn } from "./table.js";
import type { Item, View } from "./view.js";
import { viewOf } from "./view-list.js";

export interface ScreenSize {
	readonly rows: number;
	readonly columns: number;
}

export interface ScreenContext extends HeadContext {
	/** Only some rows were asked for: others never come. */
	readonly isFiltered?: boolean;
	/** At most that many rows in a table. */
	readonly limit?: number;
}

export interface Screen {
	/** At most as many as there are rows, none wider than the screen. */
	readonly lines: readonly string[];
	/** What keys mean on it. */
	readonly shown: Shown;
	/** All rows of the view in their order, and the moment they are of: for saving. */
	readonly view: View;
	readonly rows: readonly Item[];
	readonly moment: Moment;
}

/** The last result, as long as the arguments are the same: a key that moves the cursor sorts nothing anew. */
function remembered<Args extends readonly unknown[], Result>(
	make: (...args: Args) => Result,
): (...args: Args) => Result {
	let last: { readonly args: Args; readonly result: Result } | undefined;
	return (...args) => {
		if (last === undefined || args.some((arg, at) => arg !== last?.args[at])) last = { args, result: make(...args) };
		return last.result;
	};
}

export type DrawScreen = (state: ViewState, moment: Moment, size: ScreenSize, context: ScreenContext) => Screen;

/** A function that draws screens, and remembers of the last one what the next can use. */
export function screenDrawer(): DrawScreen {
	const filtered = remembered((moment: Moment, filter: string): Moment => {
		if (filter === "") return moment;
		const apply = textSnapshotFilter(parseFilterText(filter));
		const [now, since, recent] = [apply(moment.now), apply(moment.since), apply(moment.recent)];
		return { ...moment, now, since: moment.since === moment.now ? now : since, recent };
	});
	const rowsOf = remembered((view: View, moment: Moment) => view.rows(moment));
	const sorted = remembered((view: View, rows: readonly Item[], sort: Sort) => sortByColumn(rows, view.columns, sort));
	return (state, all, size, context) => {
		const moment = filtered(all, state.filter);
		const view = viewOf(state.view);
		const rows = sorted(view, rowsOf(view, moment), state.sorts[state.view]).slice(0, context.limit);
		return draw({ state, all, moment, view, rows, size, context });
	};
}

interface Drawing {
	readonly state: ViewState;
	readonly all: Moment;
	readonly moment: Moment;
	readonly view: View;
	readonly rows: readonly Item[];
	readonly size: ScreenSize;
	readonly context: ScreenContext;
}

function draw(drawing: Drawing): Screen {
	const { state, all, moment, view, rows, size, context } = drawing;
	// small terminals keep a table: of its header and the last line at least two rows are left
	const headLength = Math.min(headHeight(state, all), Math.max(1, size.rows - 4));
	const room = Math.max(0, size.rows - headLength - 1);
	const pages = pageLines(drawing, room);
	const keys = rows.map(({ key }) => key);
	const selected = rows[cursorIndex(state.cursor, keys)];
	return {
		// only when it is drawn: keys that come in a row need to know what they mean, but not how it looks
		get lines() {
			const head = headLines(state, moment, all, size.columns, context).slice(0, headLength);
			const table = () => (state.overlay?.kind === "sort" ? sortLines(drawing, room) : tableLines(drawing, room));
			const body = (pages?.lines ?? table()).slice(0, room);
			const filled = [...body, ...new Array<string>(room - body.length).fill("")];
			return [...head, ...filled, lastLine(drawing)].slice(-size.rows);
		},
		shown: {
			keys,
			page: Math.max(1, room - 1),
			lines: pages?.total ?? 0,
			linesPage: room,
			sortable: sortable(view),
			opening: () => (selected === undefined ? undefined : view.open(selected)),
		},
		...{ view, rows, moment },
	};
}

function sortable({ columns, sort }: View): readonly Sort[] {
	return columns.map((column) => ({
		column: column.id,
		descending: column.align === "end" || column.id === sort.column,
	}));
}

/** Help or an endpoint, where one of them is open: the part of it that is on the screen. */
function pageLines({ state, all, size, context: { look } }: Drawing, room: number) {
	const { overlay, detail } = state;
	const of = (lines: readonly string[], top: number) => {
		const from = Math.max(0, Math.min(top, lines.length - room));
		return { lines: lines.slice(from, from + room), total: lines.length };
	};
	if (overlay?.kind === "help") return of(helpLines(state.view, size.columns, look), overlay.top);
	return detail === undefined ? undefined : of(detailLines(detail.key, all, size.columns, look), detail.top);
}

function tableLines({ state, moment, view, rows, size, context }: Drawing, room: number): string[] {
	const { look } = context;
	const sort = state.sorts[state.view];
	const placed = placeColumns(view.columns, rows, size.columns, look);
	const header = headerLine(placed, sort, look);
	if (rows.length === 0) {
		return [header, ...emptyLines(state, moment, context).map((line) => fit(`  ${line}`, size.columns, look))];
	}
	const page = Math.max(0, room - 1);
	const selected = cursorIndex(
		state.cursor,
		rows.map(({ key }) => key),
	);
	const top = firstRow(state.cursor.top, selected, Math.max(1, page), rows.length);
	const lines = rows.slice(top, top + page).map((row, at) => {
		return rowLine(placed, row, look, { isSelected: top + at === selected, columns: size.columns });
	});
	return [header, ...lines];
}

/** Nothing for so long, and a person may wonder. */
const QUIET_SECONDS = 5;

function emptyLines({ filter, view }: ViewState, { now }: Moment, { isFiltered = false }: ScreenContext): string[] {
	if (filter !== "") return ["nothing fits the filter"];
	if (isQuiet(now))
		return now.durationSeconds < QUIET_SECONDS ? ["nothing was seen yet"] : quietLines(now, { isFiltered });
	if (view === "errors") return ["nothing went wrong"];
	return [view === "connections" ? "no connection was seen yet" : "no HTTP exchange was seen yet"];
}

function sortLines({ state, view, size, context: { look } }: Drawing, room: number): string[] {
	const index = state.overlay?.kind === "sort" ? state.overlay.index : 0;
	const top = firstRow(0, index, Math.max(1, room - 1), view.columns.length);
	const lines = view.columns.slice(top, top + room - 1).map(({ title, help }: ScreenColumn<Item>, at) => {
		const isSelected = top + at === index;
		const line = fit(`${isSelected ? glyphsOf(look).selected : " "} ${title.padEnd(12)} ${help}`, size.columns, look);
		return toned(line, isSelected ? "selected" : undefined, look);
	});
	return [toned(fit("sort by", size.columns, look), "bold", look), ...lines];
}

const HINTS = "q quit  ? help  / filter  s sort  Enter open  Space pause  e save  r reset  1-5 views";
const DETAIL_HINTS = "Esc back  ? help  Space pause  e save  q quit";
const HELP_HINTS = "any other key closes help  up down PgUp PgDn scroll";
const SORT_HINTS = "up down choose  Enter sorts  I turns the order round  Esc leaves it";
const SAVE_HINTS = "save what is shown: j as JSON  c as CSV  Esc not at all";

function lastLine({ state, size: { columns }, context: { look } }: Drawing): string {
	const { overlay, message } = state;
	const hint = (text: string): string => toned(fit(text, columns, look), "dim", look);
	switch (overlay?.kind) {
		case "filter":
			return filterInput(overlay.text, columns, look);
		case "sort":
			return hint(SORT_HINTS);
		case "save":
			return toned(fit(SAVE_HINTS, columns, look), "bold", look);
		case "help":
			return hint(HELP_HINTS);
		case undefined:
			break;
	}
	if (message === undefined) return hint(state.detail === undefined ? HINTS : DETAIL_HINTS);
	return toned(fit(screenText(message.text, look), columns, look), message.isError ? "error" : "bold", look);
}

/** The end of the text is always seen, and what is wrong with it as far as there is room. */
function filterInput(text: string, columns: number, look: HeadContext["look"]): string {
	const problem = filterProblem(text);
	const shown = `/${screenText(text, look)}_`;
	const tail = shown.length > columns ? [...shown].slice(-columns).join("") : shown;
	const room = columns - tail.length - 2;
	if (problem === undefined || room < 5) return toned(fit(tail, columns, look), "bold", look);
	return `${toned(tail, "bold", look)}  ${toned(fit(screenText(problem, look), room, look), "error", look)}`;
}
