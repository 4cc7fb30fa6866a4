/**
 * The latency histogram: base-2 exponential, scale 3, seconds: exactly schema 3 of OpenTelemetry and of Prometheus'
 * native histograms. Bucket `i` counts values in (2^(i/8), 2^((i+1)/8)] seconds.
 */
export interface Histogram {
	readonly count: number;
	/** Sum of all values, seconds. */
	readonly sum: number;
	/** Values at or below 2^-20 s: the zero bucket, with that as its threshold. */
	readonly below: number;
	/** Values above 2^12 s. */
	readonly above: number;
	/** Index of the first entry of `buckets`. */
	readonly offset: number;
	/** Counts of consecutive buckets from `offset` on; no zeros at either end. Never written to. */
	readonly buckets: readonly number[];
}

/** Buckets an octave: a bucket is 2^(1/8) wide, 9.05 %. */
const BUCKETS_PER_OCTAVE = 8;
const LOWEST_INDEX = -160;
const BUCKET_COUNT = 256;
/** Upper bound of the zero bucket, and lower bound of what is too long to tell apart; seconds. */
const LOWEST_SECONDS = 2 ** -20;
const HIGHEST_SECONDS = 2 ** 12;
const NANOSECONDS = 1e9;

/** The bounds between buckets in nanoseconds: BOUNDS_NS[k] is the lower bound of bucket k + LOWEST_INDEX. */
const BOUNDS_NS: readonly number[] = Array.from(
	{ length: BUCKET_COUNT + 1 },
	(_, k) => 2 ** ((k + LOWEST_INDEX) / BUCKETS_PER_OCTAVE) * NANOSECONDS,
);

/** A histogram of nothing. */
export const EMPTY_HISTOGRAM: Histogram = Object.freeze({
	count: 0,
	sum: 0,
	below: 0,
	above: 0,
	offset: 0,
	buckets: Object.freeze([]),
});

/** The bounds of bucket `index`, seconds: values above `lower` and up to `upper`, that included. */
export function bucketBounds(index: number): { readonly lower: number; readonly upper: number } {
	return { lower: 2 ** (index / BUCKETS_PER_OCTAVE), upper: 2 ** ((index + 1) / BUCKETS_PER_OCTAVE) };
}

/** Where a latency of `ns` nanoseconds is counted: a bucket's index, or outside of all buckets. */
export function bucketIndex(ns: number): number | "below" | "above" {
	if (ns <= (BOUNDS_NS[0] ?? 0)) {
		return "below";
	}
	if (ns > (BOUNDS_NS[BUCKET_COUNT] ?? 0)) {
		return "above";
	}
	let low = 0;
	let high = BUCKET_COUNT - 1;
	while (low < high) {
		const middle = (low + high) >> 1;
		if (ns <= (BOUNDS_NS[middle + 1] ?? 0)) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return low + LOWEST_INDEX;
}

/** The histogram of latencies in nanoseconds, bucketed as the kernel side does it. */
export function histogramOf(latenciesNs: Iterable<number>): Histogram {
	const dense = new Array<number>(BUCKET_COUNT).fill(0);
	let [count, sum, below, above] = [0, 0, 0, 0];
	for (const ns of latenciesNs) {
		const index = bucketIndex(ns);
		count += 1;
		sum += ns / NANOSECONDS;
		if (index === "below") {
			below += 1;
		} else if (index === "above") {
			above += 1;
		} else {
			dense[index - LOWEST_INDEX] = (dense[index - LOWEST_INDEX] ?? 0) + 1;
		}
	}
	return { count, sum, below, above, ...trimBuckets(LOWEST_INDEX, dense) };
}

/** The histogram with one more latency, in nanoseconds. For many, histogramOf() costs less. */
export function record(histogram: Histogram, ns: number): Histogram {
	return merge(histogram, histogramOf([ns]));
}

/** Buckets without the zeros at their ends, with the offset that they then have. */
export function trimBuckets(offset: number, dense: readonly number[]): Pick<Histogram, "offset" | "buckets"> {
	const first = dense.findIndex((count) => count !== 0);
	if (first === -1) {
		return { offset: 0, buckets: [] };
	}
	const last = dense.findLastIndex((count) => count !== 0);
	return { offset: offset + first, buckets: dense.slice(first, last + 1) };
}

function combineBuckets(
	a: Histogram,
	b: Histogram,
	combine: (ofA: number, ofB: number) => number,
): Pick<Histogram, "offset" | "buckets"> {
	const spans = [a, b].filter(({ buckets }) => buckets.length > 0);
	const from = Math.min(...spans.map(({ offset }) => offset));
	const to = Math.max(...spans.map(({ offset, buckets }) => offset + buckets.length));
	const dense: number[] = [];
	for (let index = from; index < to; index += 1) {
		dense.push(combine(a.buckets[index - a.offset] ?? 0, b.buckets[index - b.offset] ?? 0));
	}
	return trimBuckets(from, dense);
}

/** What both have counted together. Exact: buckets are integers. */
export function merge(a: Histogram, b: Histogram): Histogram {
	if (a.count === 0 || b.count === 0) {
		return a.count === 0 ? b : a;
	}
	return {
		count: a.count + b.count,
		sum: a.sum + b.sum,
		below: a.below + b.below,
		above: a.above + b.above,
		...combineBuckets(a, b, (ofA, ofB) => ofA + ofB),
	};
}

/**
 * What was counted between two readings of one histogram. Never negative: a reading may have caught a count before its
 * bucket.
 */
export function subtract(after: Histogram, before: Histogram): Histogram {
	const less = (a: number, b: number): number => Math.max(0, a - b);
	const count = less(after.count, before.count);
	if (count === 0) {
		return EMPTY_HISTOGRAM;
	}
	return {
		count,
		sum: less(after.sum, before.sum),
		below: less(after.below, before.below),
		above: less(after.above, before.above),
		...combineBuckets(after, before, less),
	};
}

/** Mean latency in seconds; undefined where nothing was counted. */
export function mean(histogram: Histogram): number | undefined {
	return histogram.count === 0 ? undefined : histogram.sum / histogram.count;
}

/**
 * The q-quantile (0 <= q <= 1) in seconds; undefined where nothing was counted.
 *
 * It lies in the bucket that holds the value of rank ceil(q * count), as far in as the rank is: with `f` the share of the
 * bucket's values that rank at or below q * count,
 *
 *     quantile = lower * (upper / lower)^f
 *
 * which is Prometheus' interpolation for exponential buckets: exact for values spread evenly on a logarithmic scale. It is
 * never further from the exact quantile of the values than the width of a bucket, 9.05 %. In the zero bucket the
 * interpolation is linear from 0; of values above 2^12 s no more is known than that, so 2^12 is the answer there.
 */
export function quantile(histogram: Histogram, q: number): number | undefined {
	const { below, above, buckets, offset } = histogram;
	// Not `count`: a reading may have caught it before the buckets.
	const total = buckets.reduce((sum, count) => sum + count, below + above);
	if (total === 0) {
		return undefined;
	}
	const rank = Math.min(1, Math.max(0, q)) * total;
	if (below > 0 && rank <= below) {
		return (rank / below) * LOWEST_SECONDS;
	}
	let before = below;
	for (const [position, count] of buckets.entries()) {
		if (count > 0 && rank <= before + count) {
			return interpolate(offset + position, (rank - before) / count);
		}
		before += count;
	}
	return HIGHEST_SECONDS;
}

function interpolate(index: number, share: number): number {
	return 2 ** ((index + share) / BUCKETS_PER_OCTAVE);
}
