import assert from "node:assert/strict";
import { test } from "node:test";
import { areRunsCounted, kernelCost } from "./kernel-cost.js";

const never = { runs: 0, runTimeNs: 0, recursionMisses: 0 };

test("the cost is the sum over the programs, and unknown where nobody counts", () => {
	const ran = [never, { runs: 3, runTimeNs: 1_500, recursionMisses: 0 }, { ...never, runs: 1, runTimeNs: 500 }];
	const cost = kernelCost(
		() => ran,
		() => false,
	);
	assert.deepEqual(cost, { runs: 4, seconds: 2e-6 });
	for (const [isCounted, expected] of [
		[true, { runs: 0, seconds: 0 }],
		[false, undefined],
	] as const) {
		assert.deepEqual(
			kernelCost(
				() => [never],
				() => isCounted,
			),
			expected,
		);
	}
});

test("the switch is off where it cannot be read", () => {
	assert.equal(
		areRunsCounted(() => "1\n"),
		true,
	);
	assert.equal(
		areRunsCounted(() => "0\n"),
		false,
	);
	assert.equal(
		areRunsCounted(() => {
			throw new Error("ENOENT");
		}),
		false,
	);
});
