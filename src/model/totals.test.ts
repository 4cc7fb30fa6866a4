import assert from "node:assert/strict";
import { test } from "node:test";
import { histogramOf } from "./histogram.js";
import { makeLosses, makeRow, makeSnapshot } from "./testing.js";
import { isError, totalsOf } from "./totals.js";

test("an error is what OpenTelemetry calls one", () => {
	const cases = [
		["server", 200, "response", false],
		["server", 404, "response", false],
		["server", 500, "response", true],
		["server", 0, "client_closed", true],
		["client", 399, "response", false],
		["client", 404, "response", true],
		["client", 0, "server_closed", true],
		["server", 0, "in_flight", false],
	] as const;
	for (const [role, status, outcome, expected] of cases) {
		assert.equal(isError({ role, status, outcome }), expected, `${role} ${status} ${outcome}`);
	}
});

test("totals add up rows, each exchange at one end", () => {
	const totals = totalsOf(
		makeSnapshot(
			[
				makeRow({ status: 200, count: 8, inFlight: 2 }),
				makeRow({ status: 404, count: 3 }),
				makeRow({ status: 500, count: 1 }),
				makeRow({ status: 0, count: 2, latency: histogramOf([3e9, 3e9]) }),
				makeRow({ role: "client", service: "curl", status: 200, count: 8 }),
				makeRow({ role: "client", route: "/elsewhere", status: 404, count: 5 }),
			],
			{ losses: makeLosses({ requests: 2, responses: 1, endpoints_other: 9 }) },
		),
	);
	assert.equal(totals.exchanges, 19);
	assert.equal(totals.errors, 1 + 2 + 5);
	assert.equal(totals.unanswered, 2);
	assert.equal(totals.inFlight, 2);
	assert.equal(totals.lost, 3);
	assert.deepEqual(
		[...totals.byStatus].sort(([a], [b]) => a - b),
		[
			[0, 2],
			[200, 8],
			[404, 8],
			[500, 1],
		],
	);
	assert.equal(totals.latency.count, 8 + 3 + 1 + 5);
});
