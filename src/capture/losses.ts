/** What the kernel's counters mean for a count: lost requests, lost responses, merged rows, or just facts. */
import type { Losses } from "../model/snapshot.js";
import { Counter } from "../wire/layout.js";

type CounterName = Exclude<keyof typeof Counter, "COUNTERS">;

/**
 * `requests` and `responses`: messages that may be missing from the rows. `merged`: counted, under `(other)`. `detail`:
 * something failed whose effect, if it had one, is in another counter, or changed only a name. `fact`: no loss at all.
 * `slots`: not for people. docs/losses.md explains each counter.
 */
type Kind = "requests" | "responses" | "merged" | "detail" | "fact" | "slots";

export const COUNTER_KINDS: Readonly<Record<CounterName, Kind>> = {
	REQUEST_UNPARSED: "requests",
	REQUEST_GAP: "requests",
	REQUEST_FRAMING: "requests",
	REQUEST_OVERFLOW: "requests",
	UNSUPPORTED: "requests",
	RESPONSE_UNPARSED: "responses",
	RESPONSE_GAP: "responses",
	RESPONSE_FRAMING: "responses",
	RESPONSE_UNPAIRED: "responses",
	CONNECTION_UNTRACKED: "requests",
	CARRY_REFUSED: "requests",
	WORKSPACE_REFUSED: "requests",
	STEPS_EXHAUSTED: "requests",
	LOAD_FAILED: "requests",
	LISTENER_DATA: "requests",
	BUSY: "requests",
	TLS_FULL: "requests",
	ENDPOINTS_OTHER: "merged",
	CELLS_FULL: "responses",
	OWNERS_FULL: "detail",
	MAP_UPDATE_FAILED: "detail",
	PEERS_FULL: "detail",
	NOT_HTTP: "fact",
	OPAQUE: "fact",
	INFORMATIONAL: "fact",
	CONNECTIONS: "fact",
	ADOPTED: "fact",
	TLS_CONNECTIONS: "fact",
	TLS_UNREAD: "fact",
	WATCH_DROPPED: "fact",
	WATCH_PATH_UNKNOWN: "fact",
	ENDPOINTS_USED: "slots",
	OTHER_ENDPOINTS_USED: "slots",
	CELLS_USED: "slots",
	OTHER_CELLS_USED: "slots",
	OWNERS_USED: "slots",
};

export interface CounterReport {
	readonly losses: Losses;
	readonly facts: Readonly<Record<string, number>>;
}

/** Groups the counters. @param read a counter's value, by its number in enum counter */
export function reportCounters(read: (counter: number) => number): CounterReport {
	const sums = { requests: 0, responses: 0, merged: 0 };
	const detail: Record<string, number> = {};
	const facts: Record<string, number> = {};
	for (const [name, kind] of Object.entries(COUNTER_KINDS) as [CounterName, Kind][]) {
		const value = read(Counter[name]);
		if (kind === "slots") continue;
		if (kind === "fact") facts[name.toLowerCase()] = value;
		else detail[name.toLowerCase()] = value;
		if (kind === "requests" || kind === "responses" || kind === "merged") sums[kind] += value;
	}
	return {
		losses: { requests: sums.requests, responses: sums.responses, endpoints_other: sums.merged, detail },
		facts,
	};
}
