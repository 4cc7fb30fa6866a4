import assert from "node:assert/strict";
import { test } from "node:test";
import { WatchPace } from "./watch-pace.js";

test("batches shrink while the consumer is slow, and grow again, within bounds", () => {
	const pace = new WatchPace(0);
	const first = pace.most(0);
	pace.took(1);
	assert.equal(pace.most(1), first / 2);
	for (let i = 0; i < 50; i++) pace.took(1);
	const fewest = pace.most(1);
	assert.ok(fewest >= 1 && fewest <= 100);
	pace.took(0.1);
	assert.equal(pace.most(1), fewest, "neither quick nor slow");
	for (let i = 0; i < 50; i++) pace.took(0);
	assert.ok(pace.most(1) > first && pace.most(1) <= 10_000);
});

test("a rate: a second's worth can be saved up, no more", () => {
	const pace = new WatchPace(10, 100);
	assert.equal(pace.most(10), 100);
	pace.spent(100);
	assert.equal(pace.most(10), 0);
	assert.equal(pace.most(10.5), 50);
	pace.spent(20);
	assert.equal(pace.most(10.75), 55);
	assert.equal(pace.most(1000), 100);
});
