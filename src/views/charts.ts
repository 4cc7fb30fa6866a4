/** Small drawings made of characters: sparklines, bars, columns. Pure, and as wide and high as they are told to be. */
import { glyphsOf, type Look } from "./look.js";

type Values = readonly (number | undefined)[];

function highest(values: Values): number {
	return values.reduce<number>((top, value) => Math.max(top, value ?? 0), 0);
}

/**
 * One character for each value, against the largest; a value above 0 is never drawn as nothing, an unknown one is a space.
 * The largest leaves a little room above it, so that those of neighbouring lines do not grow together.
 */
export function sparkline(values: Values, look: Look): string {
	const { levels } = glyphsOf(look);
	const top = highest(values);
	return values.map((value = 0) => levels[top === 0 ? 0 : Math.ceil((value / top) * (levels.length - 2))]).join("");
}

/** A bar for a part of one, at most `width` characters; a part above 0 is never nothing. */
export function bar(part: number, width: number, look: Look): string {
	const { bar: ends } = glyphsOf(look);
	const steps = Math.min(width * ends.length, Math.ceil(part * width * ends.length));
	const full = Math.floor(steps / ends.length);
	const rest = steps % ends.length;
	return (ends.at(-1) ?? "").repeat(full) + (rest === 0 ? "" : ends[rest - 1]);
}

/** Columns over several lines, the highest value reaching to the top; the top line first. */
export function columns(values: Values, height: number, look: Look): string[] {
	const { levels } = glyphsOf(look);
	const steps = levels.length - 1;
	const top = highest(values);
	const filled = values.map((value = 0) => (top === 0 ? 0 : Math.ceil((value / top) * height * steps)));
	return Array.from({ length: height }, (_, line) => {
		const below = (height - 1 - line) * steps;
		return filled.map((fill) => levels[Math.max(0, Math.min(steps, fill - below))]).join("");
	});
}
