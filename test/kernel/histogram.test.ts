/** The bucket that the kernel side finds for a latency is the one that the model finds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bucketIndex } from "../../src/model/histogram.js";
import { HistogramLayout } from "../../src/wire/layout.js";
import { describeKernel } from "./cases.js";

const { BUCKETS, OFFSET } = HistogramLayout;
/** HISTOGRAM_BELOW and HISTOGRAM_ABOVE of bpf/histogram.h. */
const BELOW = -1;
const ABOVE = BUCKETS;
const LARGEST_NS = 2n ** 64n - 1n;

function expectedBucket(ns: bigint): number {
	const index = bucketIndex(Number(ns));
	if (index === "below") return BELOW;
	return index === "above" ? ABOVE : index - OFFSET;
}

describeKernel("histogram", (harness) => {
	const check = (ns: bigint): void => assert.equal(harness().bucketOf(ns), expectedBucket(ns), `${ns} ns`);

	test("every bound, and what is one nanosecond to either side", () => {
		const found = new Set<number>();
		for (let k = 0; k <= BUCKETS; k++) {
			const bound = BigInt(Math.floor(2 ** ((k + OFFSET) / 8) * 1e9));
			for (const ns of [bound - 1n, bound, bound + 1n]) {
				check(ns);
				found.add(harness().bucketOf(ns));
			}
		}
		assert.equal(found.size, BUCKETS + 2, "all buckets, below and above");
	});

	test("the ends of the scale", () => {
		for (const ns of [
			0n,
			1n,
			953n,
			954n,
			LARGEST_NS,
			LARGEST_NS - 1n,
			2n ** 63n,
			4096n * 10n ** 9n,
			4096n * 10n ** 9n + 1n,
		])
			check(ns);
	});

	test("any value", () => {
		// evenly on a logarithmic scale: otherwise nearly all would be above
		const latency = fc.tuple(fc.integer({ min: 0, max: 52 }), fc.bigInt({ min: 0n, max: 2n ** 53n - 1n }));
		fc.assert(
			fc.property(latency, ([shift, bits]) => check(bits >> BigInt(shift))),
			{ numRuns: 5000 },
		);
	});
});
