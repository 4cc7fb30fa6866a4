/** What `top` shows on a terminal, as a pure function of two snapshots and a size. */
import { formatElapsed } from "../base/durations.js";
import { escapeText } from "../base/escape.js";
import { truncateToWidth } from "../base/width.js";
import { difference } from "../model/difference.js";
import { type EndpointSummary, summarizeEndpoints } from "../model/endpoint-summary.js";
import { type Histogram, mean, quantile } from "../model/histogram.js";
import type { SortKey } from "../model/rows.js";
import type { Snapshot } from "../model/snapshot.js";
import { type Totals, totalsOf } from "../model/totals.js";
import { type Cell, type Column, paint, renderTable } from "../sinks/columns.js";
import { lossLines } from "../sinks/table.js";
import { formatQuantile, formatRate, formatShare, statusCell } from "../sinks/texts.js";

export interface ScreenSize {
	readonly rows: number;
	readonly columns: number;
}

export interface ScreenOptions {
	/** What is watched, for people. */
	readonly description: string;
	readonly color: boolean;
	readonly sort: SortKey;
	/** At most that many endpoints. Default: as many as fit. */
	readonly limit?: number;
}

/** An endpoint since the start and in the last interval. */
interface ScreenRow {
	readonly total: EndpointSummary;
	/** Exchanges in the interval. */
	readonly recent: number;
	readonly recentErrors: number;
	/** Of the interval, or since the start where the interval has none. */
	readonly latency: Histogram;
}

/**
 * The lines of one frame: never more nor wider than the size. Rates and percentiles are of the last interval (since the
 * start in the first frame, and percentiles of an endpoint that rests), counts are since the start.
 */
export function screenLines(
	previous: Snapshot | undefined,
	now: Snapshot,
	size: ScreenSize,
	options: ScreenOptions,
): string[] {
	const interval = previous === undefined ? now : difference(previous, now);
	const losses = lossLines(now).map((line) => paint(truncateToWidth(line, size.columns), "warning", options.color));
	const head = [...headLines(interval, now, options, size.columns), ""];
	// One line of the frame is the table's header.
	const room = Math.max(0, size.rows - head.length - losses.length - 1);
	const all = screenRows(interval, now, options.sort);
	const rows = all.slice(0, Math.min(room, options.limit ?? room));
	const columns = screenColumns(interval.durationSeconds);
	const table =
		rows.length > 0
			? renderTable(columns, rows, { color: options.color, width: size.columns })
			: [truncateToWidth("no HTTP exchange was seen yet", size.columns)];
	return [...head, ...table, ...losses].slice(0, size.rows);
}

function headLines(
	interval: Snapshot,
	now: Snapshot,
	{ description, color }: ScreenOptions,
	columns: number,
): string[] {
	const recent = totalsOf(interval);
	const total = totalsOf(now);
	const title = `httpeek: ${escapeText(description)}, ${formatElapsed(now.durationSeconds)}`;
	return [
		paint(truncateToWidth(title, columns), "bold", color),
		truncateToWidth(`now    ${rateText(recent, interval.durationSeconds)}`, columns),
		truncateToWidth(`total  ${countText(total)}`, columns),
	];
}

function rateText(totals: Totals, seconds: number): string {
	const { exchanges, errors, inFlight, latency } = totals;
	const share =
		errors === 0 ? "no errors" : `errors ${formatRate(errors, seconds)} (${formatShare(errors, exchanges)})`;
	const percentiles = `p50 ${formatQuantile(latency, 0.5)}, p99 ${formatQuantile(latency, 0.99)}`;
	return `${formatRate(exchanges, seconds)}, ${share}, ${percentiles}, ${inFlight} in flight`;
}

function countText({ exchanges, errors, unanswered, connections, lost }: Totals): string {
	const failed = [...connections].map(([outcome, count]) => `, ${count} connections ${outcome}`).join("");
	return `${exchanges} exchanges, ${errors} errors, ${unanswered} unanswered${failed}, ${lost} lost`;
}

function screenRows(interval: Snapshot, now: Snapshot, sort: SortKey): readonly ScreenRow[] {
	const recent = summarizeEndpoints(interval.endpoints);
	const rows = [...summarizeEndpoints(now.endpoints)].map(([key, total]): ScreenRow => {
		const latest = recent.get(key);
		const { latency } = latest !== undefined && latest.latency.count > 0 ? latest : total;
		return { total, recent: latest?.count ?? 0, recentErrors: latest?.errors ?? 0, latency };
	});
	// toSorted() is stable, and summaries come most counted first: equal rows stay where they are.
	const byCount = rows.toSorted((a, b) => b.total.count - a.total.count);
	return sort === "count" ? byCount : byCount.toSorted(screenOrder(sort));
}

function screenOrder(sort: SortKey): (a: ScreenRow, b: ScreenRow) => number {
	const text = (of: (row: ScreenRow) => string) => (a: ScreenRow, b: ScreenRow) =>
		of(a) < of(b) ? -1 : of(a) > of(b) ? 1 : 0;
	const number = (of: (row: ScreenRow) => number | undefined) => (a: ScreenRow, b: ScreenRow) =>
		(of(b) ?? -1) - (of(a) ?? -1);
	const orders: Readonly<Record<SortKey, (a: ScreenRow, b: ScreenRow) => number>> = {
		count: number(({ total }) => total.count),
		status: number(({ total }) => Math.max(...total.rows.map(({ status }) => status))),
		p50: number(({ latency }) => quantile(latency, 0.5)),
		p90: number(({ latency }) => quantile(latency, 0.9)),
		p99: number(({ latency }) => quantile(latency, 0.99)),
		mean: number(({ latency }) => mean(latency)),
		route: text(({ total }) => total.labels.route),
		service: text(({ total }) => total.labels.service),
	};
	return orders[sort];
}

function screenColumns(intervalSeconds: number): readonly Column<ScreenRow>[] {
	const label = (title: string, of: (row: ScreenRow) => string, more: Partial<Column<ScreenRow>> = {}) =>
		({ title, align: "start", cell: (row: ScreenRow) => ({ text: of(row) }), ...more }) as const;
	const number = (title: string, of: (row: ScreenRow) => string, more: Partial<Column<ScreenRow>> = {}) =>
		label(title, of, { align: "end", ...more });
	return [
		label("SERVICE", ({ total }) => escapeText(total.labels.service), { shrinksTo: 8, dropOrder: 3 }),
		label("ROLE", ({ total }) => total.labels.role, { dropOrder: 6 }),
		number("PORT", ({ total }) => String(total.labels.port), { dropOrder: 5 }),
		label("METHOD", ({ total }) => total.labels.method, { dropOrder: 1 }),
		label("ENDPOINT", ({ total }) => escapeText(total.labels.route), { shrinksTo: 12 }),
		number("RATE", ({ recent }) => formatRate(recent, intervalSeconds)),
		number("COUNT", ({ total }) => String(total.count), { dropOrder: 2 }),
		{ title: "ERRORS", align: "end", cell: errorCell },
		number("P50", ({ latency }) => formatQuantile(latency, 0.5), { dropOrder: 4 }),
		number("P99", ({ latency }) => formatQuantile(latency, 0.99), { dropOrder: 4 }),
		label("STATUS", statusesText, { shrinksTo: 8, dropOrder: 2 }),
	];
}

function errorCell({ total, recentErrors }: ScreenRow): Cell {
	const text = String(total.errors);
	if (total.errors === 0) {
		return { text };
	}
	return { text, style: recentErrors > 0 ? "error" : "warning" };
}

/** `200:120 404:3`, most counted first. */
function statusesText({ total }: ScreenRow): string {
	return total.rows
		.filter(({ count }) => count > 0)
		.toSorted((a, b) => b.count - a.count || a.status - b.status)
		.map((row) => `${statusCell(row).text}:${row.count}`)
		.join(" ");
}
