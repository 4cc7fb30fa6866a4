/** Durations as people write them (`200ms`, `1m30s`) and read them (`1.24 ms`). Seconds everywhere inside. */
import { HttpeekError } from "./errors.js";

const UNIT_SECONDS: Readonly<Record<string, number>> = {
	ns: 1e-9,
	us: 1e-6,
	µs: 1e-6,
	ms: 1e-3,
	s: 1,
	m: 60,
	h: 3600,
	d: 86_400,
};

/** A year: anything longer is a typing mistake, and timers cannot hold it. */
const LONGEST_SECONDS = 366 * 86_400;

const PLAIN_NUMBER = /^\d{1,15}(?:\.\d{1,15})?$/;
const TERM = /(\d{1,15}(?:\.\d{1,15})?)(ns|us|µs|ms|s|m|h|d)/y;

/**
 * Reads a duration: numbers with units from large to small, each at most once (`1h30m`, `1.5s`, `200ms`), or a bare number
 * of seconds. Returns seconds, or undefined where the text is not one. Zero is a duration; negative ones do not exist.
 */
export function readDuration(text: string): number | undefined {
	if (PLAIN_NUMBER.test(text)) {
		return Number(text);
	}
	let seconds = 0;
	let previousUnit = Number.POSITIVE_INFINITY;
	TERM.lastIndex = 0;
	while (TERM.lastIndex < text.length) {
		const match = TERM.exec(text);
		const unit = UNIT_SECONDS[match?.[2] ?? ""];
		if (match === null || unit === undefined || unit >= previousUnit) {
			return undefined;
		}
		seconds += Number(match[1]) * unit;
		previousUnit = unit;
	}
	return text === "" ? undefined : seconds;
}

export interface DurationLimits {
	/** Shortest that is accepted, seconds. Default: anything above 0. */
	readonly atLeastSeconds?: number;
}

/**
 * Reads a duration that a user gave for `what` (`--interval`). Seconds.
 * @throws HttpeekError HTTPEEK_USAGE when it is none, is 0, too short, or longer than a year.
 */
export function parseDuration(text: string, what: string, limits: DurationLimits = {}): number {
	const seconds = readDuration(text);
	if (seconds === undefined) {
		throw new HttpeekError("HTTPEEK_USAGE", `${what} cannot be used: "${text}" is not a duration`, {
			hint: "write 5s, 200ms, 1m30s or 2h; a bare number is seconds",
		});
	}
	if (seconds <= 0) {
		throw new HttpeekError("HTTPEEK_USAGE", `${what} cannot be used: "${text}" is no time at all`, {
			hint: "give a duration above 0, such as 1s",
		});
	}
	const { atLeastSeconds = 0 } = limits;
	if (seconds < atLeastSeconds) {
		const shortest = formatSeconds(atLeastSeconds);
		throw new HttpeekError("HTTPEEK_USAGE", `${what} cannot be used: "${text}" is shorter than ${shortest}`, {
			hint: `give ${shortest.replace(" ", "")} or more`,
		});
	}
	if (seconds > LONGEST_SECONDS) {
		throw new HttpeekError("HTTPEEK_USAGE", `${what} cannot be used: "${text}" is longer than a year`, {
			hint: "leave it out to go on until Ctrl-C",
		});
	}
	return seconds;
}

const SCALES: readonly (readonly [factor: number, unit: string])[] = [
	[1, "s"],
	[1e-3, "ms"],
	[1e-6, "us"],
	[1e-9, "ns"],
];

/** A latency for people: three significant digits and a unit (`1.24 ms`, `380 us`, `12.5 s`). */
export function formatSeconds(seconds: number): string {
	if (seconds === 0) {
		return "0 s";
	}
	// 0.9995 and more of a unit would be shown as 1000 of the next smaller one.
	const [factor, unit] = SCALES.find(([scale]) => seconds >= scale * 0.9995) ?? [1e-9, "ns"];
	const value = seconds / factor;
	const digits = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
	return `${value.toFixed(digits)} ${unit}`;
}

/** How long something has been going on: `42s`, `3m07s`, `2h05m`. */
export function formatElapsed(seconds: number): string {
	const whole = Math.floor(seconds);
	if (whole < 60) {
		return `${whole}s`;
	}
	const two = (value: number): string => String(value).padStart(2, "0");
	if (whole < 3600) {
		return `${Math.floor(whole / 60)}m${two(whole % 60)}s`;
	}
	return `${Math.floor(whole / 3600)}h${two(Math.floor(whole / 60) % 60)}m`;
}
