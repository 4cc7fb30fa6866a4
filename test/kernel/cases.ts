/** Tables of conversations beside what has to be counted of them, as tests. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { CaptureLimits } from "../../src/capture/programs.js";
import { type Conversation, conversation, type Split } from "./conversation.js";
import { lines } from "./counts.js";
import { type Ended, Harness, skipReason } from "./harness.js";

export interface Case {
	readonly name: string;
	readonly play: (connection: Conversation) => Conversation;
	/** The exchanges that are counted, as lines() writes them. Default: none. */
	readonly rows?: readonly string[];
	/** The counters that move; all others stand still. Default: none. */
	readonly counters?: Readonly<Record<string, number>>;
	/** How the connection ends. Default: both directions at the start of a message, nothing pending. */
	readonly ended?: Partial<Ended>;
	/** Segments matter: not to be cut otherwise than it says. */
	readonly isCutAsWritten?: boolean;
	readonly isAdopted?: boolean;
}

const ORDERLY: Ended = { mode: "http", request: "start", response: "start", pending: 0 };

/** A suite with a harness of its own. */
export function describeKernel(
	name: string,
	suite: (harness: () => Harness) => void,
	limits: CaptureLimits = {},
): void {
	describe(name, { skip: skipReason }, () => {
		let harness: Harness | undefined;
		before(() => {
			harness = new Harness(limits);
		});
		after(() => harness?.close());
		suite(() => {
			assert.ok(harness !== undefined, "the harness is loaded");
			return harness;
		});
	});
}

/**
 * A test of each case: watched from both ends, and cut into other segments than it was written in, which must not matter.
 */
export function testCases(harness: () => Harness, cases: readonly Case[]): void {
	for (const example of cases) {
		test(example.name, () => {
			const splits: readonly Split[] = example.isCutAsWritten === true ? [[]] : [[], "every byte", 3, 17];
			for (const split of splits)
				for (const role of ["server", "client"] as const) check(harness(), example, role, split);
		});
	}
}

function check(harness: Harness, example: Case, role: "server" | "client", split: Split): void {
	const where = `as a ${role}, cut by ${JSON.stringify(split)}`;
	const script = example.play(conversation({ role, split, isAdopted: example.isAdopted ?? false }));
	const played = harness.play(script);
	assert.deepEqual(
		{
			rows: lines(played.exchanges),
			counters: played.counters,
			ended: played.ended,
		},
		{
			rows: [...(example.rows ?? [])].sort(),
			counters: example.counters ?? {},
			ended: { ...ORDERLY, ...example.ended },
		},
		where,
	);
	// requests that are only kept for framing were not begun
	if (played.counters.request_overflow === undefined) assert.equal(played.inFlight, played.ended.pending, where);
	for (const exchange of played.exchanges) assert.equal(exchange.role, role, where);
}
