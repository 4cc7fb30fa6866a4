/** How numbers and outcomes are said to people: the same words in reports and on the screen. */
import { formatSeconds } from "../base/durations.js";
import { type Histogram, quantile } from "../model/histogram.js";
import type { EndpointRow, Role } from "../model/snapshot.js";
import type { Cell } from "./columns.js";

const NOTHING = "-";

/** Per second, three digits: `1203/s`, `12.5/s`, `0.30/s`. */
export function formatRate(count: number, seconds: number): string {
	if (seconds <= 0) {
		return NOTHING;
	}
	const rate = count / seconds;
	const digits = rate >= 99.95 || rate === 0 ? 0 : rate >= 9.995 ? 1 : 2;
	return `${rate.toFixed(digits)}/s`;
}

/** A part of a whole: `0.02 %`; nothing of nothing is `-`. */
export function formatShare(part: number, whole: number): string {
	if (whole === 0) {
		return NOTHING;
	}
	const percent = (part / whole) * 100;
	return `${percent.toFixed(percent === 0 || percent >= 9.995 ? 0 : 2)} %`;
}

/** A percentile for people; `-` where nothing was answered. */
export function formatQuantile(latency: Histogram, q: number): string {
	const seconds = quantile(latency, q);
	return seconds === undefined ? NOTHING : formatSeconds(seconds);
}

/** What stands above the exchanges of a role where the two are separated. */
export const ROLE_HEADINGS: Readonly<Record<Role, string>> = {
	server: "Served (requests that came in)",
	client: "Called (requests that went out)",
};

const OUTCOME_TEXTS: Readonly<Record<Exclude<EndpointRow["outcome"], "response">, string>> = {
	client_closed: "client closed",
	server_closed: "server closed",
	in_flight: "in flight",
};

/** The status, or how it ended without one. */
export function statusCell({ status, outcome }: Pick<EndpointRow, "status" | "outcome">): Cell {
	if (outcome !== "response") {
		const text = OUTCOME_TEXTS[outcome];
		return outcome === "in_flight" ? { text } : { text, style: "error" };
	}
	const text = String(status);
	if (status >= 500) {
		return { text, style: "error" };
	}
	return status >= 400 ? { text, style: "warning" } : { text };
}
