/** Path patterns. No regular expression is made of them, so that no pattern can make matching slow. */

type Step = { readonly kind: "literal"; readonly character: string } | { readonly kind: "one" | "segment" | "all" };

function readPattern(pattern: string): readonly Step[] {
	const steps: Step[] = [];
	for (const character of pattern) {
		const last = steps.at(-1)?.kind;
		if (character !== "*") {
			steps.push(character === "?" ? { kind: "one" } : { kind: "literal", character });
		} else if (last === "segment" || last === "all") {
			steps[steps.length - 1] = { kind: "all" };
		} else {
			steps.push({ kind: "segment" });
		}
	}
	return steps;
}

/**
 * A matcher for a glob: `*` is any text without `/`, `**` any text, `?` one character that is not `/`; everything else is
 * itself. The whole text has to match. Takes time in proportion to the text (times the pattern's length at worst): it
 * walks the text once with the set of all places in the pattern that can have been reached.
 */
export function globMatcher(pattern: string): (text: string) => boolean {
	const steps = readPattern(pattern);
	return (text) => {
		let reached = closure(steps, new Set([0]));
		for (const character of text) {
			const next = new Set<number>();
			for (const at of reached) {
				const step = steps[at];
				if (step !== undefined && accepts(step, character)) {
					next.add(step.kind === "segment" || step.kind === "all" ? at : at + 1);
				}
			}
			if (next.size === 0) {
				return false;
			}
			reached = closure(steps, next);
		}
		return reached.has(steps.length);
	};
}

function accepts(step: Step, character: string): boolean {
	return step.kind === "literal" ? step.character === character : step.kind === "all" || character !== "/";
}

/** Stars match the empty text too, so whoever stands before one also stands behind it. */
function closure(steps: readonly Step[], places: Set<number>): Set<number> {
	// A set's iteration visits what is added during it.
	for (const at of places) {
		const kind = steps[at]?.kind;
		if (kind === "segment" || kind === "all") {
			places.add(at + 1);
		}
	}
	return places;
}
