/** Aligned columns for people, on a terminal or in a file: measured, cut where they must be, coloured last. */
import { alignToWidth, displayWidth, truncateToWidth } from "../base/width.js";

/** What a cell means; colour is never the only thing that says it. */
export type Style = "error" | "warning" | "dim" | "bold";

const SGR: Readonly<Record<Style, string>> = { error: "31", warning: "33", dim: "2", bold: "1" };

/** The text in the colour of its meaning, or as it is. */
export function paint(text: string, style: Style | undefined, color: boolean): string {
	return style === undefined || !color ? text : `\u001b[${SGR[style]}m${text}\u001b[0m`;
}

export interface Cell {
	/** Escaped already. */
	readonly text: string;
	readonly style?: Style;
}

export interface Column<Row> {
	readonly title: string;
	readonly align: "start" | "end";
	readonly cell: (row: Row) => Cell;
	/** May be cut down to this many terminal columns; without it the column is never cut. */
	readonly shrinksTo?: number;
	/** Where the room is too small, the columns with the highest number go first. Default 0: it never goes. */
	readonly dropOrder?: number;
}

export interface TableOptions {
	readonly color: boolean;
	/** Terminal columns that there are. Default: as many as it takes. */
	readonly width?: number;
}

const GAP = "  ";

function totalWidth(widths: readonly number[]): number {
	return widths.reduce((sum, width) => sum + width, Math.max(0, widths.length - 1) * GAP.length);
}

/** A header and a line for each row, without newlines. No line is wider than `width`. */
export function renderTable<Row>(
	columns: readonly Column<Row>[],
	rows: readonly Row[],
	options: TableOptions,
): string[] {
	const { width = Number.POSITIVE_INFINITY, color } = options;
	const cells = columns.map((column) => ({ column, cells: rows.map(column.cell) }));
	const measured = cells.map(({ column, cells: ofColumn }) => ({
		column,
		cells: ofColumn,
		wanted: widest(column.title, ofColumn),
	}));
	const kept = dropColumns(measured, width);
	const widths = shrink(kept, width);
	const line = (cellOf: (index: number) => Cell): string =>
		kept
			.flatMap(({ column }, index) => {
				const { text, style } = cellOf(index);
				const room = widths[index] ?? 0;
				return room === 0 ? [] : paint(alignToWidth(truncateToWidth(text, room), room, column.align), style, color);
			})
			.join(GAP)
			.trimEnd();
	const header = line((index) => ({ text: kept[index]?.column.title ?? "", style: "bold" }));
	return [header, ...rows.map((_, row) => line((index) => kept[index]?.cells[row] ?? { text: "" }))];
}

function widest(title: string, cells: readonly Cell[]): number {
	return cells.reduce((width, { text }) => Math.max(width, displayWidth(text)), displayWidth(title));
}

interface Measured<Row> {
	readonly column: Column<Row>;
	readonly cells: readonly Cell[];
	readonly wanted: number;
}

function leastWidth<Row>({ column, wanted }: Measured<Row>): number {
	return Math.min(wanted, column.shrinksTo ?? wanted);
}

function dropColumns<Row>(measured: readonly Measured<Row>[], width: number): readonly Measured<Row>[] {
	let kept = measured;
	while (totalWidth(kept.map(leastWidth)) > width) {
		const last = Math.max(...kept.map(({ column }) => column.dropOrder ?? 0));
		if (last === 0) {
			break;
		}
		kept = kept.filter(({ column }) => (column.dropOrder ?? 0) !== last);
	}
	return kept;
}

/** Takes what is missing from the columns that can give, widest first. */
function shrink<Row>(kept: readonly Measured<Row>[], width: number): readonly number[] {
	const widths = kept.map(({ wanted }) => wanted);
	let excess = totalWidth(widths) - width;
	while (excess > 0) {
		const candidates = kept
			.map((measured, index) => ({ index, spare: (widths[index] ?? 0) - leastWidth(measured) }))
			.filter(({ spare }) => spare > 0)
			.sort((a, b) => (widths[b.index] ?? 0) - (widths[a.index] ?? 0));
		const [first, next] = candidates;
		if (first === undefined) {
			break;
		}
		const lead = (widths[first.index] ?? 0) - (next === undefined ? 0 : (widths[next.index] ?? 0));
		const taken = Math.min(excess, first.spare, Math.max(1, lead));
		widths[first.index] = (widths[first.index] ?? 0) - taken;
		excess -= taken;
	}
	return clip(widths, width);
}

/** A terminal too small even for the columns that never go shows what of them fits, from the left. */
function clip(widths: readonly number[], width: number): readonly number[] {
	let left = width;
	return widths.map((wanted) => {
		const room = Math.max(0, Math.min(wanted, left));
		left -= room + GAP.length;
		return room;
	});
}
