import assert from "node:assert/strict";
import { test } from "node:test";
import { type Counts, netCost } from "./kernel-clock.js";

const counts = (real: number, realNs: number, empty: number, emptyNs: number): Counts => ({
	in: { runs: real, runTimeNs: realNs },
	out: { runs: 2 * real, runTimeNs: 3 * realNs },
	floorIn: { runs: empty, runTimeNs: emptyNs },
	floorOut: { runs: 2 * empty, runTimeNs: 2 * emptyNs },
});

test("the empty program's time is taken off for each run, whatever ran before", () => {
	// 100 runs of 400 ns; the empty one took 90 ns a run
	assert.deepEqual(netCost(counts(7, 7000, 3, 500), counts(107, 47_000, 103, 9500)), {
		inRuns: 100,
		outRuns: 200,
		inNs: 31_000,
		outNs: 102_000,
	});
});

test("where the empty program ran once less, its average stands for the missing run", () => {
	const { inNs } = netCost(counts(0, 0, 0, 0), counts(10, 4000, 9, 810));
	assert.equal(inNs, 4000 - 900);
});

test("an empty program that ran by itself is taken off instead of that beside", () => {
	const { inNs, outNs } = netCost(counts(0, 0, 0, 0), counts(10, 4000, 10, 900), { inNs: 100, outNs: 20 });
	assert.deepEqual([inNs, outNs], [3000, 11_600]);
});
