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
