/** One line of the result: what was measured, what it should be, and whether it is. */
import { medianInterval, type Spread, spreadOf } from "./numbers.js";

/** Bounds that hold inclusively. */
export interface Goal {
	readonly atLeast?: number;
	readonly atMost?: number;
}

export type Unit = "ratio" | "exact ratio" | "ns" | "% of a core" | "points" | "MB" | "bytes" | "ms" | "hits";

/** Decimals that mean something in each unit. */
const DECIMALS: Readonly<Record<Unit, number>> = {
	ratio: 3,
	"exact ratio": 6,
	ns: 0,
	"% of a core": 2,
	points: 2,
	MB: 1,
	bytes: 0,
	ms: 0,
	hits: 2,
};

export interface Row {
	/** What `--only` chooses it by. */
	readonly group: string;
	readonly what: string;
	readonly unit: Unit;
	readonly measured: number;
	/** Ends of the middle half of the repetitions that `measured` is the median of. */
	readonly spread?: readonly [low: number, high: number];
	/** Confidence interval of that median: medianInterval(). */
	readonly interval?: readonly [low: number, high: number];
	/** Without one the row is shown for what it tells, and cannot miss. */
	readonly goal?: Goal;
	/** What it was measured from. */
	readonly note?: string;
}

/**
 * `unclear`: the goal lies within the confidence interval of the median, or, in a row that has none, within the middle half
 * of the repetitions: another run may say otherwise.
 */
export type Verdict = "ok" | "misses" | "unclear" | "-";

/** Judges the numbers themselves, not what rounding makes of them. */
export function verdict({ measured, spread, interval, goal }: Row): Verdict {
	if (goal === undefined) return "-";
	const { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = goal;
	const isReached = (value: number): boolean => value >= atLeast && value <= atMost;
	const [low, high] = interval ?? spread ?? [measured, measured];
	if (isReached(low) !== isReached(high)) return "unclear";
	return isReached(measured) ? "ok" : "misses";
}

/** A row of repetitions. */
export function rowOf(row: Omit<Row, "measured" | "spread">, { median, low, high }: Spread): Row {
	return { ...row, measured: median, spread: [low, high] };
}

/** A row of ratios within pairs: judged by the confidence interval of their median. */
export function ratioRow(row: Omit<Row, "measured" | "spread" | "interval" | "unit">, ratios: readonly number[]): Row {
	return { ...rowOf({ ...row, unit: "ratio" }, spreadOf(ratios)), interval: medianInterval(ratios) };
}

export function formatNumber(value: number, unit: Unit): string {
	return value.toFixed(DECIMALS[unit]);
}

/** `ratio` needs no unit behind its number. */
export function formatMeasured({ measured, unit }: Row): string {
	const number = formatNumber(measured, unit);
	return unit.endsWith("ratio") ? number : `${number} ${unit}`;
}

/** Two ends, or nothing. */
export function formatEnds(ends: readonly [low: number, high: number] | undefined, unit: Unit): string {
	return ends?.map((end) => formatNumber(end, unit)).join(" .. ") ?? "";
}

export function formatGoal({ goal, unit }: Row): string {
	if (goal === undefined) return "";
	const { atLeast, atMost } = goal;
	if (atLeast !== undefined && atLeast === atMost) return formatNumber(atLeast, unit);
	if (atLeast !== undefined) return `>= ${atLeast}`;
	return `<= ${atMost}`;
}
