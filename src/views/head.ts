/** The lines above the table: what is watched, how it is, what it costs, what may be missing. */
import { formatElapsed } from "../base/durations.js";
import { displayWidth } from "../base/width.js";
import { type Moment, ratesOf } from "../model/history.js";
import { totalsOf } from "../model/totals.js";
import { lossLines } from "../sinks/table.js";
import { formatQuantile } from "../sinks/texts.js";
import { sparkline } from "./charts.js";
import { type Look, toned } from "./look.js";
import { countText, percentText, rateText } from "./numbers.js";
import { fit, screenText } from "./screen-text.js";
import type { ViewState } from "./state.js";
import { VIEW_IDS } from "./view.js";

export interface HeadContext {
	readonly host: string;
	/** What is watched, for people. May hold text of others. */
	readonly description: string;
	readonly look: Look;
	/** Part of a core that httpeek itself takes in user space; undefined before it is known. */
	readonly ownShare: number | undefined;
}

/** What an end of an exchange takes in the kernel programs, in seconds: a small GET in bench/README.md. */
const ESTIMATED_SECONDS = 800e-9;
const GAP = "  ";
/** Title, rates, costs, views. */
const FIXED_LINES = 4;
/** Below this, the sparkline of the whole would push out words. */
const SPARK_FROM_COLUMNS = 110;
const SPARK_COLUMNS = 30;

/** A line of pieces, as many as fit; the first ones stay. */
function joined(pieces: readonly (readonly [text: string, painted?: string])[], columns: number, look: Look): string {
	let used = 0;
	const shown: string[] = [];
	for (const [text, painted = text] of pieces) {
		const width = displayWidth(text) + (shown.length === 0 ? 0 : GAP.length);
		if (used + width > columns) {
			if (shown.length === 0) shown.push(fit(text, columns, look));
			break;
		}
		used += width;
		shown.push(painted);
	}
	return shown.join(GAP);
}

/** Two texts at both ends of a line; the right one goes where there is no room. */
function spread(left: string, right: string, columns: number, look: Look): readonly [left: string, right: string] {
	const room = columns - displayWidth(right) - GAP.length;
	if (displayWidth(left) <= room) return [left, " ".repeat(room - displayWidth(left) + GAP.length) + right];
	return displayWidth(right) + 20 < columns ? [fit(left, room, look), GAP + right] : [fit(left, columns, look), ""];
}

/** How many lines headLines() takes. */
export function headHeight({ filter }: ViewState, { since }: Moment): number {
	return FIXED_LINES + (filter === "" ? 0 : 1) + lossLines(since).length;
}

/** @param shown the moment, filtered @param all the moment as it is: losses and costs have no labels */
export function headLines(
	state: ViewState,
	shown: Moment,
	all: Moment,
	columns: number,
	context: HeadContext,
): string[] {
	const { look } = context;
	const losses = lossLines(all.since).map((line) => toned(fit(line, columns, look), "error", look));
	return [
		titleLine(state, all, columns, context),
		rateLine(shown, all, columns, look),
		costLine(shown, all, columns, context),
		tabLine(state, columns, look),
		...(state.filter === "" ? [] : [filterLine(state.filter, columns, look)]),
		...losses,
	];
}

function titleLine(
	state: ViewState,
	{ now }: Moment,
	columns: number,
	{ host, description, look }: HeadContext,
): string {
	const names = `httpeek  ${screenText(host, look)}: ${screenText(description, look)}`;
	const time = formatElapsed(now.durationSeconds);
	const [left, right] = spread(names, state.isPaused ? `PAUSED  ${time}` : time, columns, look);
	return toned(left, "bold", look) + (state.isPaused ? toned(right, "warning", look) : right);
}

function rateLine({ recent, minute }: Moment, all: Moment, columns: number, look: Look): string {
	const totals = totalsOf(recent);
	const seconds = recent.durationSeconds;
	const per = (count: number): string => rateText(seconds > 0 ? count / seconds : 0);
	const share = percentText(totals.exchanges === 0 ? 0 : totals.errors / totals.exchanges);
	const errors = `errors ${per(totals.errors)}/s (${share} %)`;
	const lost = all.since.losses.requests + all.since.losses.responses;
	const pieces: (readonly [string, string?])[] = [
		[`${per(totals.exchanges)} req/s`],
		[errors, toned(errors, totals.errors > 0 ? "error" : undefined, look)],
		[`lost ${countText(lost)}`, toned(`lost ${countText(lost)}`, lost > 0 ? "error" : undefined, look)],
		[`p50 ${formatQuantile(totals.latency, 0.5)}`],
		[`p99 ${formatQuantile(totals.latency, 0.99)}`],
		[`in flight ${countText(totals.inFlight)}`],
	];
	if (columns >= SPARK_FROM_COLUMNS) {
		const rates = ratesOf(minute, SPARK_COLUMNS, ({ total }) => total.count);
		pieces.push([`last minute ${sparkline(rates, look)}`]);
	}
	return joined(pieces, columns, look);
}

function costLine({ since }: Moment, all: Moment, columns: number, { look, ownShare }: HeadContext): string {
	const totals = totalsOf(since);
	const own = ownShare === undefined ? [] : ([[`httpeek ${percentText(ownShare)} %`]] as const);
	const dim = (text: string): readonly [string, string] => [text, toned(text, "dim", look)];
	return joined(
		[
			...[kernelCostText(all), ...own.map(([text]) => text)].map(dim),
			dim(`${countText(totals.exchanges)} exchanges`),
			dim(`${countText(totals.errors)} errors`),
			dim(`${countText(totals.unanswered)} unanswered`),
			...[...totals.connections].map(([outcome, count]) => dim(`${countText(count)} connections ${outcome}`)),
		],
		columns,
		look,
	);
}

/** Part of one core that the programs take: as the kernel measured it, or by the number of exchanges. */
export function kernelCostText({ recent }: Moment): string {
	const seconds = recent.durationSeconds;
	const part = (spent: number): string => percentText(seconds > 0 ? spent / seconds : 0);
	const ends = recent.endpoints.reduce((sum, { count }) => sum + count, 0);
	// exchanges without a run: the kernel has stopped to count
	if (recent.cost !== undefined && (recent.cost.runs > 0 || ends === 0)) {
		return `kernel ${part(recent.cost.seconds)} % of a core (measured)`;
	}
	return `kernel ${part(ends * ESTIMATED_SECONDS)} % of a core (estimated)`;
}

function tabLine({ view }: ViewState, columns: number, look: Look): string {
	const tabs = VIEW_IDS.map((id, index): readonly [string, string] => {
		const isOpen = id === view;
		const text = isOpen ? `[${index + 1} ${id}]` : `${index + 1} ${id}`;
		return [text, toned(text, isOpen ? "bold" : "dim", look)];
	});
	return joined(tabs, columns, look);
}

function filterLine(filter: string, columns: number, look: Look): string {
	const [left, right] = spread(`filter: ${screenText(filter, look)}`, "Esc clears it", columns, look);
	return toned(left, "bold", look) + toned(right, "dim", look);
}
