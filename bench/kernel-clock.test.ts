import assert from "node:assert/strict";
import { test } from "node:test";
import { eachNs, netCost } from "./kernel-clock.js";

test("the empty program's time is taken off for each run, also where it ran more or less often", () => {
	const emptyNs = eachNs({ runs: 90, runTimeNs: 8100 });
	assert.deepEqual(netCost({ runs: 100, runTimeNs: 40_000 }, emptyNs), { runs: 100, ns: 31_000 });
});

test("an empty program that never ran takes no time", () => {
	assert.equal(eachNs({ runs: 0, runTimeNs: 0 }), 0);
});
