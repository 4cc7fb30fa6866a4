/**
 * Property tests against llhttp: random conversations, valid and broken, cut at random points, watched from both ends.
 * HTTPEEK_FUZZ_SEED and HTTPEEK_FUZZ_RUNS say where to begin and how long to go on.
 */
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { assertSame, assertSameOrLoss, expected, scriptOf } from "./compare.js";
import { brokenTurns, cuts, validTurns } from "./conversations.js";
import { buildFuzzers, Replay } from "./replay.js";

const settings = {
	seed: Number(process.env.HTTPEEK_FUZZ_SEED ?? 1),
	numRuns: Number(process.env.HTTPEEK_FUZZ_RUNS ?? 1500),
	includeErrorInReport: true,
};
const role = fc.constantFrom("server" as const, "client" as const);

describe("random conversations are counted as llhttp reads them", () => {
	let replay: Replay;
	before(() => {
		buildFuzzers();
		replay = new Replay();
	});
	after(() => replay.close());

	test("valid ones: the same exchanges, and nothing lost", async () => {
		const property = fc.asyncProperty(validTurns, cuts, role, async (turns, cuts, role) => {
			assertSame(await replay.play(scriptOf(role, turns, cuts)), expected(turns, false));
		});
		await fc.assert(property, settings);
	});

	for (const [name, isLenient] of [
		["strict", false],
		["lenient", true],
	] as const) {
		test(`broken ones, ${name} parser: the same exchanges, or a loss`, async () => {
			const property = fc.asyncProperty(brokenTurns, cuts, role, async (turns, cuts, role) => {
				assertSameOrLoss(await replay.play(scriptOf(role, turns, cuts)), expected(turns, isLenient));
			});
			await fc.assert(property, settings);
		});
	}
});
