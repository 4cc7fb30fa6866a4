import assert from "node:assert/strict";
import { test } from "node:test";
import { RecentMap } from "./recent.js";

test("remembers so many values, those that were asked for last", () => {
	const recent = new RecentMap<string | undefined>(2);
	const made: string[] = [];
	const ask = (key: string) =>
		recent.getOrMake(key, () => {
			made.push(key);
			return `${key}!`;
		});
	for (const key of ["a", "b", "a", "c", "a"]) assert.equal(ask(key), `${key}!`);
	assert.deepEqual(made, ["a", "b", "c"]);
	assert.equal(recent.get("b"), undefined);
	// asking keeps it
	assert.equal(recent.get("c"), "c!");
	recent.set("d", "d!");
	assert.equal(recent.get("a"), undefined);
});

test("what cannot be made is not remembered; that there is nothing is", () => {
	const recent = new RecentMap<string | undefined>(2);
	assert.throws(() => recent.getOrMake("a", () => assert.fail("no")), /no/);
	assert.equal(
		recent.getOrMake("a", () => undefined),
		undefined,
	);
	assert.equal(
		recent.getOrMake("a", () => "made again"),
		undefined,
	);
});
