import assert from "node:assert/strict";
import { test } from "node:test";
import type { LoadResult } from "../load.js";
import { type Contender, takeTurns } from "./throughput.js";

const contender = (name: string, everyRounds = 1): Contender => ({ name, port: 1, everyRounds });

/** Plays rounds, and tells in what order what happened. Rates are the numbers of the loads. */
async function play(turns: number, { pairsInTurn = 1, failAt = Number.POSITIVE_INFINITY } = {}) {
	const log: string[] = [];
	const watched: Contender = {
		...contender("watched"),
		async begin() {
			log.push("begin");
			return { [Symbol.asyncDispose]: async () => void log.push("end") };
		},
	};
	const [plain, rare] = [contender("plain"), contender("rare", 3)];
	let loads = 0;
	const load = async ({ name }: Contender): Promise<LoadResult> => {
		log.push(name);
		if (++loads === failAt) throw new Error("wrk failed");
		return { requests: loads, seconds: 1, socketErrors: 0, p99Seconds: 0 };
	};
	const run = takeTurns(plain, [watched, rare], { turns, pairsInTurn }, load);
	return { log, run, watched, rare };
}

test("every other round goes backwards, and who ends one begins the next without a second start", async () => {
	const { log, run, watched, rare } = await play(3);
	const pairs = await run;
	assert.deepEqual(log, [
		...["plain", "begin", "watched", "end", "rare"],
		...["begin", "watched", "end", "plain"],
		...["plain", "begin", "watched", "end"],
	]);
	const requests = (of: Contender) => pairs.get(of)?.map(({ plain, other }) => [plain.requests, other.requests]);
	assert.deepEqual(requests(watched), [
		[1, 2],
		[5, 4],
		[6, 7],
	]);
	assert.deepEqual(requests(rare), [[1, 3]]);
});

test("a turn may be several runs, each a pair with the plain one's of the same place", async () => {
	const { log, run, watched, rare } = await play(2, { pairsInTurn: 2 });
	const pairs = await run;
	assert.deepEqual(log, [
		...["plain", "plain", "begin", "watched", "watched", "end", "rare", "rare"],
		...["begin", "watched", "watched", "end", "plain", "plain"],
	]);
	const requests = (of: Contender) => pairs.get(of)?.map(({ plain, other }) => [plain.requests, other.requests]);
	assert.deepEqual(requests(watched), [
		[1, 3],
		[2, 4],
		[9, 7],
		[10, 8],
	]);
	assert.deepEqual(requests(rare), [
		[1, 5],
		[2, 6],
	]);
});

test("what is running when a load fails is ended", async () => {
	const { log, run } = await play(1, { failAt: 2 });
	await assert.rejects(run, /wrk failed/);
	assert.deepEqual(log, ["plain", "begin", "watched", "end"]);
});
