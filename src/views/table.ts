/** A table on the screen: which columns there is room for, how wide they are, and its lines. */
import { alignToWidth, displayWidth } from "../base/width.js";
import { glyphsOf, type Look, type Tone, toned } from "./look.js";
import { fit } from "./screen-text.js";

export interface ScreenCell {
	/** Made safe already; without colours. */
	readonly text: string;
	readonly tone?: Tone | undefined;
}

/** What a column's cells can depend on besides their row. */
export interface CellContext {
	readonly look: Look;
	/** Terminal columns that the cell has. */
	readonly width: number;
}

export interface ScreenColumn<Row> {
	/** A word: it names the column in the sort menu and in CSV. */
	readonly id: string;
	readonly title: string;
	readonly align: "start" | "end";
	/**
	 * One width for all terminals, or as wide as its cells within bounds. Columns that matter little make room until it has
	 * what is comfortable.
	 */
	readonly width: number | FlexibleWidth;
	/** Where the room is too small, columns with the highest number go first, of equal ones the last; 0 stays. */
	readonly dropOrder: number;
	/** What rows are sorted by, and what is saved. */
	readonly value: (row: Row) => number | string | undefined;
	readonly cell: (row: Row, context: CellContext) => ScreenCell;
	/** One sentence for a person who asks what it is. */
	readonly help: string;
}

export interface FlexibleWidth {
	readonly least: number;
	readonly comfortable: number;
	readonly most: number;
	/** Its cells fill whatever it gets: they are not measured. */
	readonly fills?: boolean;
}

export interface Sort {
	/** Id of a column. */
	readonly column: string;
	readonly descending: boolean;
}

/** The mark of the selected row, and the space behind it. */
const MARK_COLUMNS = 2;
const GAP = " ";
/** From this dropOrder on, columns matter less than names that can be read. */
const MATTERS_LITTLE = 7;
/** Rows that are measured for the width of a column: more would only cost. */
const MEASURED_ROWS = 300;

/** The rows by a column; those without a value come last, equal ones by their keys, so that they keep their places. */
export function sortByColumn<Row extends { readonly key: string }>(
	rows: readonly Row[],
	columns: readonly ScreenColumn<Row>[],
	sort: Sort,
): readonly Row[] {
	const column = columns.find(({ id }) => id === sort.column);
	if (column === undefined) return rows;
	const direction = sort.descending ? -1 : 1;
	const valued = rows.map((row) => ({ row, value: column.value(row) }));
	valued.sort((a, b) => compare(a.value, b.value, direction) || compare(a.row.key, b.row.key, 1));
	return valued.map(({ row }) => row);
}

function compare(a: number | string | undefined, b: number | string | undefined, direction: number): number {
	if (a === b) return 0;
	if (a === undefined) return 1;
	if (b === undefined) return -1;
	return (a < b ? -1 : 1) * direction;
}

export interface PlacedColumn<Row> {
	readonly column: ScreenColumn<Row>;
	readonly width: number;
}

/** The columns that there is room for, with their widths. */
export function placeColumns<Row>(
	columns: readonly ScreenColumn<Row>[],
	rows: readonly Row[],
	screenColumns: number,
	look: Look,
): readonly PlacedColumn<Row>[] {
	const room = screenColumns - MARK_COLUMNS;
	const all = columns.map((column) => ({ column, wanted: wantedWidth(column, rows, look) }));
	const comfortable = ({ column: { width }, wanted }: Measured<Row>): number =>
		typeof width === "number" ? width : Math.min(wanted, width.comfortable);
	const least = ({ column: { width } }: Measured<Row>): number => (typeof width === "number" ? width : width.least);
	const enough = dropColumns(all, comfortable, room, MATTERS_LITTLE);
	const kept = dropColumns(enough, least, room, 1);
	let spare = Math.max(0, room - widthOf(kept, least));
	let left = room;
	return kept.map((measured) => {
		const grown = Math.min(spare, measured.wanted - least(measured));
		spare -= grown;
		const width = Math.max(0, Math.min(left, least(measured) + grown));
		left -= width + GAP.length;
		return { column: measured.column, width };
	});
}

interface Measured<Row> {
	readonly column: ScreenColumn<Row>;
	readonly wanted: number;
}

function widthOf<Row>(measured: readonly Measured<Row>[], of: (measured: Measured<Row>) => number): number {
	return measured.reduce((sum, each) => sum + of(each), (measured.length - 1) * GAP.length);
}

/** Without the columns for which there is no room, as long as there are some of at least this dropOrder. */
function dropColumns<Row>(
	measured: readonly Measured<Row>[],
	widthIn: (measured: Measured<Row>) => number,
	room: number,
	fromOrder: number,
): readonly Measured<Row>[] {
	let kept = measured;
	while (widthOf(kept, widthIn) > room) {
		const last = Math.max(...kept.map(({ column }) => column.dropOrder));
		if (last < fromOrder) break;
		kept = kept.toSpliced(
			kept.findLastIndex(({ column }) => column.dropOrder === last),
			1,
		);
	}
	return kept;
}

function wantedWidth<Row>(column: ScreenColumn<Row>, rows: readonly Row[], look: Look): number {
	const { width, title } = column;
	if (typeof width === "number") return width;
	if (width.fills === true) return width.most;
	const context = { look, width: width.most };
	const widest = rows
		.slice(0, MEASURED_ROWS)
		.reduce((most, row) => Math.max(most, displayWidth(column.cell(row, context).text)), displayWidth(title));
	return Math.max(width.least, Math.min(width.most, widest));
}

/** The line with the titles; the column that sorts carries a sign. */
export function headerLine<Row>(placed: readonly PlacedColumn<Row>[], sort: Sort, look: Look): string {
	const { ascending, descending } = glyphsOf(look);
	const titles = placed.map(({ column, width }) => {
		const mark = sort.descending ? descending : ascending;
		const title = column.id === sort.column ? `${fit(column.title, width - 1, look)}${mark}` : column.title;
		return alignToWidth(fit(title, width, look), width, column.align);
	});
	return toned(`${" ".repeat(MARK_COLUMNS)}${titles.join(GAP)}`.trimEnd(), "bold", look);
}

/** The line of a row. The selected one carries a sign, and is inverted as far as `columns`. */
export function rowLine<Row>(
	placed: readonly PlacedColumn<Row>[],
	row: Row,
	look: Look,
	selection: { readonly isSelected: boolean; readonly columns: number },
): string {
	const cells = placed
		.filter(({ width }) => width > 0)
		.map(({ column, width }) => {
			const { text, tone } = column.cell(row, { look, width });
			return toned(alignToWidth(fit(text, width, look), width, column.align), tone, look);
		});
	const line = cells.join(GAP);
	if (!selection.isSelected) return `${" ".repeat(MARK_COLUMNS)}${line}`.trimEnd();
	const used = placed.reduce((sum, { width }) => sum + width + GAP.length, MARK_COLUMNS - GAP.length);
	const mark = fit(`${glyphsOf(look).selected} `, selection.columns, look);
	const filled = `${mark}${line}${" ".repeat(Math.max(0, selection.columns - used))}`;
	return toned(look.color ? filled : filled.trimEnd(), "selected", look);
}
