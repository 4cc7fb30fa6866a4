import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
	bucketBounds,
	bucketIndex,
	EMPTY_HISTOGRAM,
	type Histogram,
	histogramOf,
	mean,
	merge,
	quantile,
	record,
	subtract,
} from "./histogram.js";

/** Latencies of every size: evenly on a logarithmic scale from 1 ns to 10^13 ns (2.8 h). */
const latencyNs = fc.double({ min: 0, max: 13, noNaN: true }).map((exponent) => Math.round(10 ** exponent));
const latencies = fc.array(latencyNs, { maxLength: 60 });
const histogram = latencies.map(histogramOf);

/** Equal but for the rounding of the sum: floating-point addition is not associative. */
function assertSame(actual: Histogram, expected: Histogram): void {
	assert.deepEqual({ ...actual, sum: 0 }, { ...expected, sum: 0 });
	assert.ok(Math.abs(actual.sum - expected.sum) <= 1e-9 * (1 + actual.sum + expected.sum));
}

test("latencies beside their buckets: upper bounds are inclusive", () => {
	for (const [ns, index] of [
		[0, "below"],
		[953, "below"], // 2^-20 s is 953.67 ns
		[954, -160],
		[1_000_000, -80], // 2^-10 s = 976562.5 ns < 1 ms <= 2^(-79/8) s = 1064947 ns
		[976_562, -81],
		[976_563, -80],
		[500_000_000, -9], // exactly 2^-1 s: the last value of its bucket
		[500_000_001, -8],
		[1_000_000_000, -1],
		[1_000_000_001, 0],
		[4_096_000_000_000, 95],
		[4_096_000_000_001, "above"],
	] as const) {
		assert.equal(bucketIndex(ns), index, `${ns} ns`);
	}
});

test("counts, sums and ends of a small histogram", () => {
	const made = histogramOf([100, 1_000_000, 1_000_000, 2_000_000, 5e12]);
	assert.deepEqual(
		{ ...made, sum: 0 },
		{ count: 5, sum: 0, below: 1, above: 1, offset: -80, buckets: [2, 0, 0, 0, 0, 0, 0, 0, 1] },
	);
	assert.equal(made.sum, 5000.0040001);
	assert.equal(mean(histogramOf([1e9, 3e9])), 2);
	assert.equal(mean(EMPTY_HISTOGRAM), undefined);
});

test("quantiles at the ends: nothing counted, the zero bucket, too long to tell", () => {
	assert.equal(quantile(EMPTY_HISTOGRAM, 0.5), undefined);
	assert.equal(quantile(histogramOf([1, 1]), 0.5), 2 ** -21);
	assert.equal(quantile(histogramOf([1e13]), 0.5), 4096);
	assert.equal(quantile(histogramOf([1e9]), 1), 1);
	assert.equal(quantile(histogramOf([1e9]), 7), 1);
});

test("a count that was read before its bucket does not move a quantile", () => {
	const read = { ...histogramOf([1e9, 1e9]), count: 5 };
	assert.equal(quantile(read, 1), 1);
});

test("exponential interpolation is nearer to the truth than linear on a log-normal distribution", () => {
	// Box-Muller over a fixed sequence: median 2 ms, sigma 0.8.
	let state = 1;
	const random = (): number => {
		state = (state * 48_271) % 2_147_483_647;
		return state / 2_147_483_647;
	};
	const values = Array.from({ length: 20_000 }, () =>
		Math.round(2e6 * Math.exp(0.8 * Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random()))),
	).sort((a, b) => a - b);
	const made = histogramOf(values);
	let [exponentialError, linearError] = [0, 0];
	for (let percent = 1; percent < 100; percent += 1) {
		const exact = (values[Math.ceil((percent / 100) * values.length) - 1] ?? 0) / 1e9;
		const exponential = quantile(made, percent / 100) ?? 0;
		const index = bucketIndex(exact * 1e9);
		assert.ok(typeof index === "number");
		const { lower, upper } = bucketBounds(index);
		const linear = lower + (upper - lower) * (8 * Math.log2(exponential / lower));
		exponentialError += Math.abs(exponential / exact - 1);
		linearError += Math.abs(linear / exact - 1);
		assert.ok(Math.abs(exponential / exact - 1) < 0.01, `p${percent}: ${exponential} for ${exact}`);
	}
	assert.ok(exponentialError < linearError, `${exponentialError} against ${linearError}`);
});

test("property: a latency lies in its bucket", () => {
	fc.assert(
		fc.property(latencyNs, (ns) => {
			const index = bucketIndex(ns);
			if (typeof index === "string") {
				assert.ok(index === "below" ? ns <= 2 ** -20 * 1e9 : ns > 2 ** 12 * 1e9);
				return;
			}
			const { lower, upper } = bucketBounds(index);
			assert.ok(lower * 1e9 < ns && ns <= upper * 1e9);
		}),
	);
});

test("property: merging is commutative, associative, has an identity, and counts all values", () => {
	fc.assert(
		fc.property(latencies, latencies, histogram, (x, y, c) => {
			const [a, b] = [histogramOf(x), histogramOf(y)];
			assertSame(merge(a, b), merge(b, a));
			assertSame(merge(merge(a, b), c), merge(a, merge(b, c)));
			assertSame(merge(a, EMPTY_HISTOGRAM), a);
			assertSame(merge(a, b), histogramOf([...x, ...y]));
			assertSame(x.reduce(record, EMPTY_HISTOGRAM), a);
		}),
	);
});

test("property: subtracting undoes merging and is never negative", () => {
	fc.assert(
		fc.property(histogram, histogram, (a, b) => {
			assertSame(subtract(merge(a, b), b), a);
			const less = subtract(a, b);
			assert.ok([less.count, less.sum, less.below, less.above, ...less.buckets].every((value) => value >= 0));
		}),
	);
});

test("property: no zeros at the ends, and the buckets hold every value", () => {
	fc.assert(
		fc.property(histogram, histogram, (a, b) => {
			for (const { buckets, below, above, count } of [a, merge(a, b), subtract(merge(a, b), b)]) {
				assert.ok(buckets.length === 0 || (buckets.at(0) !== 0 && buckets.at(-1) !== 0));
				assert.equal(
					buckets.reduce((sum, value) => sum + value, below + above),
					count,
				);
			}
		}),
	);
});

const share = fc.double({ min: 0, max: 1, noNaN: true });

test("property: quantiles rise with q", () => {
	fc.assert(
		fc.property(histogram, share, share, (made, a, b) => {
			const [low, high] = [quantile(made, Math.min(a, b)), quantile(made, Math.max(a, b))];
			assert.ok(low === undefined || high === undefined || low <= high);
		}),
	);
});

test("property: a quantile is in the bucket of the exact one, so at most 9.05 % away", () => {
	fc.assert(
		fc.property(fc.array(latencyNs, { minLength: 1, maxLength: 60 }), share, (values, q) => {
			const sorted = values.toSorted((a, b) => a - b);
			const exactNs = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
			const found = quantile(histogramOf(values), q) ?? Number.NaN;
			const index = bucketIndex(exactNs);
			if (typeof index === "string") {
				assert.ok(index === "below" ? found <= 2 ** -20 : found === 4096);
				return;
			}
			const { lower, upper } = bucketBounds(index);
			assert.ok(lower <= found && found <= upper);
			assert.ok(Math.abs(found / (exactNs / 1e9) - 1) <= 2 ** (1 / 8) - 1 + 1e-9);
		}),
	);
});
