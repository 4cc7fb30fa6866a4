/** The few statistics that the benchmarks need. */

/** The value below which a share of the values lies, between two of them in proportion. NaN of nothing. */
export function quantile(values: readonly number[], share: number): number {
	const sorted = [...values].sort((a, b) => a - b);
	const place = share * (sorted.length - 1);
	const [low = Number.NaN, high = Number.NaN] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
	return low + (high - low) * (place - Math.floor(place));
}

/** The middle value, or the mean of the two in the middle. NaN of nothing. */
export function median(values: readonly number[]): number {
	return quantile(values, 0.5);
}

/** A median and the ends of the middle half of its values: one that something disturbed moves none of them far. */
export interface Spread {
	readonly median: number;
	readonly low: number;
	readonly high: number;
}

export function spreadOf(values: readonly number[]): Spread {
	return { median: median(values), low: quantile(values, 0.25), high: quantile(values, 0.75) };
}

/** An interval that holds a true median with a probability of at least this, where there are values enough. */
const CONFIDENCE = 0.95;

/**
 * The confidence interval of the median that two of the values themselves mark, by their ranks: exact whatever the values
 * are distributed like, and the same each time, unlike a bootstrap. A value lies below the true median as often as a coin
 * shows heads, so the k-th smallest and the k-th largest of n miss it between them with probability 2 P(Bin(n, 1/2) < k).
 *
 * Of fewer than six values none is wide enough: then it is all of them, and holds less.
 */
export function medianInterval(values: readonly number[]): readonly [low: number, high: number] {
	const sorted = [...values].sort((a, b) => a - b);
	const count = sorted.length;
	let rank = 1;
	let probability = 0.5 ** count; // of Bin(n, 1/2) = rank - 1
	let missed = probability; // of Bin(n, 1/2) < rank
	for (;;) {
		probability *= (count - rank + 1) / rank;
		missed += probability;
		if (2 * missed > 1 - CONFIDENCE) break;
		rank++;
	}
	return [sorted[rank - 1] ?? Number.NaN, sorted[count - rank] ?? Number.NaN];
}
