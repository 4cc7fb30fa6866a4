/** Numbers in columns of a fixed width, so that nothing moves when they change. */
import { formatSeconds } from "../base/durations.js";

/** What stands where there is no number. */
export const NOTHING = "-";

const SCALES: readonly (readonly [factor: number, unit: string])[] = [
	[1e15, "P"],
	[1e12, "T"],
	[1e9, "G"],
	[1e6, "M"],
	[1e3, "k"],
];

/** A count in at most six characters: `99999`, `123k`, `1.23M`. */
export function countText(count: number): string {
	if (count < 99_999.5) return String(Math.round(count));
	const [factor, unit] = SCALES.find(([scale]) => count >= scale * 0.9995) ?? [1, ""];
	const value = count / factor;
	return `${value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2)}${unit}`;
}

/** A rate per second in at most six characters: `0`, `0.30`, `12.5`, `1203`. */
export function rateText(rate: number): string {
	if (rate === 0) return "0";
	if (rate < 0.005) return "<0.01";
	return rate < 9.995 ? rate.toFixed(2) : rate < 99.95 ? rate.toFixed(1) : countText(rate);
}

/** A part of one in percent, at most five characters: `0`, `0.02`, `12.5`, `100`. */
export function percentText(part: number | undefined): string {
	if (part === undefined) return NOTHING;
	const percent = part * 100;
	if (percent === 0) return "0";
	if (percent < 0.005) return "<0.01";
	return percent.toFixed(percent < 9.995 ? 2 : percent < 99.95 ? 1 : 0);
}

/** A duration in at most seven characters. */
export function secondsText(seconds: number | undefined): string {
	return seconds === undefined ? NOTHING : formatSeconds(seconds);
}
