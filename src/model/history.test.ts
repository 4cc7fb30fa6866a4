import assert from "node:assert/strict";
import { test } from "node:test";
import { History, MINUTE_SECONDS, ratesOf } from "./history.js";
import { endpointKey } from "./rows.js";
import { makeRow, makeSnapshot } from "./testing.js";

/** `count` exchanges at /a after so many seconds, of which `errors` failed. */
function at(durationSeconds: number, count: number, errors = 0) {
	const failed = errors > 0 ? [makeRow({ route: "/a", status: 500, count: errors })] : [];
	return makeSnapshot([makeRow({ route: "/a", count: count - errors }), ...failed], { durationSeconds });
}

test("a moment: since the start, the last seconds, the last minute", () => {
	const history = new History();
	assert.equal(history.moment(), undefined);
	for (let second = 1; second <= 100; second += 1) history.push(at(second, second * 5, second > 99 ? 2 : 0));
	const moment = history.moment();
	assert.ok(moment);
	assert.equal(moment.since, moment.now);
	assert.equal(moment.recent.durationSeconds, 10);
	assert.equal(
		moment.recent.endpoints.reduce((sum, { count }) => sum + count, 0),
		50,
	);
	assert.equal(moment.minute.length, MINUTE_SECONDS);
	assert.deepEqual(moment.minute.at(-1), {
		endSeconds: 100,
		seconds: 1,
		total: { count: 5, errors: 2 },
		endpoints: new Map([[endpointKey(makeRow({ route: "/a" })), { count: 5, errors: 2 }]]),
	});
	assert.deepEqual(ratesOf(moment.minute, 20, ({ total }) => total.count).slice(-2), [5, 5]);
});

test("a reset counts anew, and leaves rates alone", () => {
	const history = new History();
	history.push(at(1, 5));
	history.push(at(2, 10));
	history.reset();
	history.push(at(3, 17));
	const moment = history.moment();
	assert.deepEqual(
		moment?.since.endpoints.map(({ count }) => count),
		[7],
	);
	assert.equal(moment?.since.durationSeconds, 1);
	assert.equal(moment?.minute.length, 3);
	assert.equal(moment?.recent.durationSeconds, 2);
});

test("the ring is bounded, however often it is fed", () => {
	const history = new History();
	for (let step = 1; step <= 3000; step += 1) history.push(at(step / 10, step));
	const moment = history.moment();
	assert.ok((moment?.minute.length ?? 0) <= 64);
	assert.ok((moment?.minute.length ?? 0) >= 55);
	assert.ok(Math.abs((moment?.recent.durationSeconds ?? 0) - 10) < 1);
});

test("an interval that is longer than a part of the minute fills all it covers; what was not seen is unknown", () => {
	const history = new History();
	for (let second = 5; second <= 20; second += 5) history.push(at(second, second * 3));
	const rates = ratesOf(history.moment()?.minute ?? [], 60, ({ total }) => total.count);
	assert.deepEqual(rates.slice(0, 40), new Array(40).fill(undefined));
	assert.deepEqual(
		rates.slice(40).map((rate) => Math.round(rate ?? -1)),
		new Array(20).fill(3),
	);
});

test("a session that begins anew is not subtracted from the one before", () => {
	const history = new History();
	history.push(at(50, 500));
	history.push(at(1, 3));
	assert.equal(history.moment()?.recent.endpoints[0]?.count, 3);
	assert.equal(history.moment()?.minute.length, 1);
});
