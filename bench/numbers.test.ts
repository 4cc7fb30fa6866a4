import assert from "node:assert/strict";
import { test } from "node:test";
import { median, medianInterval, spreadOf } from "./numbers.js";

test("the median is the middle value, whatever the order", () => {
	assert.equal(median([3, 1, 2]), 2);
	assert.equal(median([10, 1, 2, 3]), 2.5);
	assert.equal(median([7]), 7);
	assert.ok(Number.isNaN(median([])));
});

test("a spread has the ends of the middle half: one wild value does not move it", () => {
	assert.deepEqual(spreadOf([5, 1, 2, 1000, 3]), { median: 3, low: 2, high: 5 });
	assert.deepEqual(spreadOf([1, 2]), { median: 1.5, low: 1.25, high: 1.75 });
	assert.deepEqual(spreadOf([7]), { median: 7, low: 7, high: 7 });
});

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

test("the interval of a median has the ranks of the tables of the sign test", () => {
	// pairs of n and the lower rank, for 95 %
	for (const [count, rank] of [
		[6, 1],
		[8, 1],
		[9, 2],
		[12, 3],
		[13, 3],
		[25, 8],
		[30, 10],
	] as const) {
		assert.deepEqual(medianInterval(upTo(count)), [rank, count + 1 - rank], `${count} values`);
	}
});

test("too few values for 95 %: all of them", () => {
	assert.deepEqual(medianInterval([3, 1, 2]), [1, 3]);
	assert.deepEqual(medianInterval([7]), [7, 7]);
	assert.ok(Number.isNaN(medianInterval([])[0]));
});
