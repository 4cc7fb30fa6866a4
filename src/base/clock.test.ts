import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "./clock.js";

test("a wait ends at its deadline, not before", async () => {
	const deadline = systemClock.nowSeconds() + 0.02;
	await systemClock.sleepUntil(deadline, undefined);
	assert.ok(systemClock.nowSeconds() >= deadline);
});

test("an abort ends a wait, and an aborted signal never starts one", { timeout: 10_000 }, async () => {
	const controller = new AbortController();
	const waiting = systemClock.sleepUntil(systemClock.nowSeconds() + 3600, controller.signal);
	controller.abort();
	await waiting;
	await systemClock.sleepUntil(systemClock.nowSeconds() + 3600, controller.signal);
});
