/** Which word was probably meant: for typing mistakes in values. (For commands and flags commander has its own.) */

/** More mistakes than this are no slip of the fingers. */
const MOST_MISTAKES = 3;
/** Of a word's letters at least this part has to be right. */
const LEAST_SIMILARITY = 0.4;

/**
 * How many letters have to be added, left out, replaced or swapped with their neighbour to make one word of the other
 * (optimal string alignment). https://en.wikipedia.org/wiki/Damerau%E2%80%93Levenshtein_distance
 */
export function editDistance(from: string, to: string): number {
	let beforeLast: number[] = [];
	let last = Array.from({ length: to.length + 1 }, (_, index) => index);
	for (let row = 1; row <= from.length; row += 1) {
		const current = [row];
		for (let column = 1; column <= to.length; column += 1) {
			const isSame = from[row - 1] === to[column - 1];
			let distance = Math.min(
				(last[column] ?? 0) + 1,
				(current[column - 1] ?? 0) + 1,
				(last[column - 1] ?? 0) + (isSame ? 0 : 1),
			);
			const isSwapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
			if (isSwapped) distance = Math.min(distance, (beforeLast[column - 2] ?? 0) + 1);
			current.push(distance);
		}
		[beforeLast, last] = [last, current];
	}
	return last[to.length] ?? 0;
}

/**
 * The candidate that is most like the word, letter case aside, or one that it is the beginning of; undefined where none
 * is like it.
 */
export function mostSimilar(word: string, candidates: readonly string[]): string | undefined {
	const wanted = word.toLowerCase();
	// typed by people: what is long is no typing mistake, and comparing it takes time
	const longest = Math.max(0, ...candidates.map(({ length }) => length)) + MOST_MISTAKES;
	if (wanted === "" || wanted.length > longest) {
		return undefined;
	}
	const begun = candidates.filter((candidate) => candidate.toLowerCase().startsWith(wanted));
	if (begun.length === 1) {
		return begun[0];
	}
	let best: { readonly candidate: string; readonly distance: number } | undefined;
	for (const candidate of candidates) {
		const distance = editDistance(wanted, candidate.toLowerCase());
		const length = Math.max(wanted.length, candidate.length);
		const isSimilar = distance <= MOST_MISTAKES && (length - distance) / length > LEAST_SIMILARITY;
		if (isSimilar && distance < (best?.distance ?? Number.POSITIVE_INFINITY)) {
			best = { candidate, distance };
		}
	}
	return best?.candidate;
}
