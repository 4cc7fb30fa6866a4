import assert from "node:assert/strict";
import { test } from "node:test";
import { summarizeEndpoints } from "./endpoint-summary.js";
import { endpointKey } from "./rows.js";
import { makeRow } from "./testing.js";

test("statuses of one endpoint are summed up, other endpoints are not", () => {
	const ok = makeRow({ status: 200, count: 5, inFlight: 2 });
	const failed = makeRow({ status: 500, count: 2 });
	const other = makeRow({ status: 200, count: 1, method: "POST" });
	const summaries = summarizeEndpoints([ok, other, failed]);
	assert.deepEqual([...summaries.keys()], [endpointKey(ok), endpointKey(other)]);
	const summary = summaries.get(endpointKey(ok));
	assert.deepEqual(
		[summary?.rows, summary?.count, summary?.errors, summary?.inFlight, summary?.latency.count],
		[[ok, failed], 7, 2, 2, 7],
	);
});
