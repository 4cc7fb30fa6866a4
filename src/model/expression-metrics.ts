/** What a `--fail-if` expression can compare, and with what kind of value. */
import { readDuration } from "../base/durations.js";
import { mean, quantile } from "./histogram.js";
import type { Totals } from "./totals.js";

/** Numbers of exchanges, durations in seconds, or parts of a whole (1 is all). */
export type ValueKind = "count" | "duration" | "ratio";

export interface Metric {
	readonly kind: ValueKind;
	/** Undefined where there is nothing to say, as a percentile of no exchanges: then no comparison holds. */
	readonly of: (totals: Totals) => number | undefined;
}

const METRICS: Readonly<Record<string, Metric>> = {
	requests: { kind: "count", of: ({ exchanges }) => exchanges },
	errors: { kind: "count", of: ({ errors }) => errors },
	unanswered: { kind: "count", of: ({ unanswered }) => unanswered },
	in_flight: { kind: "count", of: ({ inFlight }) => inFlight },
	timeouts: { kind: "count", of: ({ connections }) => connections.get("timeout") ?? 0 },
	failed_connections: { kind: "count", of: ({ connections }) => sum(connections.values()) },
	losses: { kind: "count", of: ({ lost }) => lost },
	error_rate: { kind: "ratio", of: ({ errors, exchanges }) => (exchanges === 0 ? undefined : errors / exchanges) },
	mean: { kind: "duration", of: ({ latency }) => mean(latency) },
};

function sum(numbers: Iterable<number>): number {
	let total = 0;
	for (const number of numbers) {
		total += number;
	}
	return total;
}

/** Names, or examples of them where there are many. */
export const EXAMPLE_METRICS = [...Object.keys(METRICS), "p50", "p99.9", "status404", "status5xx"];
/** For messages and help. */
export const METRIC_NAMES = EXAMPLE_METRICS.join(", ");

/** The metric of that name, or undefined: a name above, `p` and a percentile, `status` and a code or class. */
export function findMetric(name: string): Metric | undefined {
	const known = Object.hasOwn(METRICS, name) ? METRICS[name] : undefined;
	if (known !== undefined) {
		return known;
	}
	const percentile = /^p(\d{1,2}(?:\.\d{1,6})?)$/.exec(name)?.[1];
	if (percentile !== undefined) {
		return { kind: "duration", of: ({ latency }) => quantile(latency, Number(percentile) / 100) };
	}
	const status = /^status([1-9]\d\d|0|[1-9]xx)$/.exec(name)?.[1];
	return status === undefined ? undefined : statusMetric(status);
}

function statusMetric(status: string): Metric {
	const from = Number(status.replace("xx", "00"));
	const to = status.endsWith("xx") ? from + 99 : from;
	return {
		kind: "count",
		of: ({ byStatus }) => {
			let count = 0;
			for (const [code, exchanges] of byStatus) {
				count += code >= from && code <= to ? exchanges : 0;
			}
			return count;
		},
	};
}

/** What a value of the kind looks like, for messages. */
export const VALUE_EXAMPLES: Readonly<Record<ValueKind, string>> = {
	count: "a number such as 100",
	duration: "a duration such as 200ms",
	ratio: "a part such as 1% or 0.01",
};

/** Reads a value of the kind; undefined where the text is none. */
export function readValue(text: string, kind: ValueKind): number | undefined {
	if (kind === "duration") {
		return readDuration(text);
	}
	const [, digits, percent] = /^(\d{1,15}(?:\.\d{1,15})?)(%?)$/.exec(text) ?? [];
	if (digits === undefined || (kind === "count" && percent === "%")) {
		return undefined;
	}
	return percent === "%" ? Number(digits) / 100 : Number(digits);
}
