import assert from "node:assert/strict";
import { test } from "node:test";
import { Counter } from "../wire/layout.js";
import { COUNTER_KINDS, reportCounters } from "./losses.js";

test("every counter is a loss or a fact, by its name; slots in use are neither", () => {
	const { losses, facts } = reportCounters((counter) => counter + 1);
	const shown = [...Object.keys(losses.detail), ...Object.keys(facts)];
	const slots = Object.entries(COUNTER_KINDS).filter(([, kind]) => kind === "slots");
	assert.equal(shown.length + slots.length, Object.keys(Counter).length - 1);
	assert.equal(losses.detail.request_gap, Counter.REQUEST_GAP + 1);
	assert.equal(facts.not_http, Counter.NOT_HTTP + 1);
	assert.ok(!shown.some((name) => name.endsWith("_used")));
});

test("sums hold the counters of their kind and no others", () => {
	const only = (...which: number[]) => reportCounters((counter) => (which.includes(counter) ? 10 : 0)).losses;
	assert.equal(only(Counter.REQUEST_GAP, Counter.REQUEST_FRAMING).requests, 20);
	assert.equal(only(Counter.RESPONSE_UNPAIRED).responses, 10);
	assert.equal(only(Counter.RESPONSE_UNPAIRED).requests, 0);
	assert.equal(only(Counter.ENDPOINTS_OTHER).endpoints_other, 10);
	const harmless = only(Counter.OWNERS_FULL, Counter.NOT_HTTP, Counter.CELLS_USED);
	assert.deepEqual([harmless.requests, harmless.responses, harmless.endpoints_other], [0, 0, 0]);
});
