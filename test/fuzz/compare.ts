/** What llhttp makes of a conversation beside what httpeek counts of it. */
import assert from "node:assert/strict";
import type { Cuts, Turn } from "./conversations.js";
import { exchangeLine, parseRequests, parseResponses } from "./llhttp.js";
import { type Counted, literal } from "./replay.js";

export interface Expected {
	/** Pairs of a request and its final response, as `GET /route 200`. */
	readonly exchanges: readonly string[];
	/** Requests without a response. */
	readonly pending: number;
	/** Both directions were read to their end. */
	readonly isWhole: boolean;
}

/** llhttp's opinion: up to where it refuses to go on. */
export function expected(turns: readonly Turn[], isLenient: boolean): Expected {
	const requests = parseRequests(turns.map((turn) => turn.requests).join(""), isLenient);
	const responses = parseResponses(turns.map((turn) => turn.responses).join(""), requests.heads, isLenient);
	const final = responses.heads.filter((status) => status >= 200 || status === 101);
	const pairs = requests.heads.slice(0, final.length).map((head, index) => exchangeLine(head, final[index] ?? 0));
	return {
		exchanges: pairs,
		pending: Math.max(requests.heads.length - final.length, 0),
		isWhole: requests.refusal === undefined && responses.refusal === undefined && final.length <= requests.heads.length,
	};
}

/** The conversation as a script: fuzz/README.md. */
export function scriptOf(role: "server" | "client", turns: readonly Turn[], cuts: Cuts): string {
	const parts = turns.map(
		({ requests, responses }) => `{${cut(requests, cuts.requests)}}${cut(responses, cuts.responses)}`,
	);
	return `${role === "server" ? "s" : "c"}${parts.join("")}`;
}

function cut(bytes: string, offsets: readonly number[]): string {
	const sorted = [...new Set(offsets)].sort((a, b) => a - b).filter((offset) => offset < bytes.length);
	return [0, ...sorted].map((from, index) => literal(bytes.slice(from, sorted[index]))).join("|");
}

/** All of it counted, nothing else, and nothing lost. */
export function assertSame(counted: Counted, opinion: Expected): void {
	assert.equal(opinion.isWhole, true, "llhttp has no objection");
	assert.deepEqual(
		{ exchanges: [...counted.exchanges].sort(), pending: counted.pending, hasLoss: counted.hasLoss },
		{ exchanges: [...opinion.exchanges].sort(), pending: opinion.pending, hasLoss: false },
	);
}

/**
 * The same, or httpeek says that it may have missed something. Where llhttp refuses to go on there is nothing to compare
 * with: what it saw until then has to be counted, and more may be.
 */
export function assertSameOrLoss(counted: Counted, opinion: Expected): void {
	if (counted.hasLoss || counted.counters.not_http !== undefined) return;
	if (opinion.isWhole) {
		assert.deepEqual(
			{ exchanges: [...counted.exchanges].sort(), pending: counted.pending },
			{ exchanges: [...opinion.exchanges].sort(), pending: opinion.pending },
		);
		return;
	}
	const left = [...counted.exchanges];
	for (const exchange of opinion.exchanges) {
		const index = left.indexOf(exchange);
		assert.notEqual(index, -1, `${exchange} is counted, as llhttp saw it before it refused to go on`);
		left.splice(index, 1);
	}
}
