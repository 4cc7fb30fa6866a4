import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { difference } from "./difference.js";
import { EMPTY_HISTOGRAM, histogramOf } from "./histogram.js";
import { makeExchange, makeLosses, makeRow, makeSnapshot } from "./testing.js";

test("an interval holds what was counted in it", () => {
	const same = makeRow({ route: "/same", count: 3 });
	const before = makeSnapshot([same, makeRow({ route: "/a", count: 2, latency: histogramOf([1e6, 1e6]) })], {
		durationSeconds: 10,
		losses: makeLosses({ requests: 1, detail: { request_gap: 1 } }),
		facts: { connections: 4 },
		connections: [{ service: "curl", role: "client", peer: "10.0.0.9:80", outcome: "timeout", count: 3 }],
	});
	const after = makeSnapshot(
		[
			same,
			makeRow({ route: "/a", count: 3, latency: histogramOf([1e6, 1e6, 1e9]) }),
			makeRow({ route: "/new", count: 7 }),
		],
		{
			durationSeconds: 12,
			losses: makeLosses({ requests: 3, detail: { request_gap: 3 } }),
			facts: { connections: 9 },
			connections: [
				{ service: "curl", role: "client", peer: "10.0.0.9:80", outcome: "timeout", count: 5 },
				{ service: "curl", role: "client", peer: "10.0.0.9:80", outcome: "refused", count: 1 },
			],
		},
	);
	const interval = difference(before, after);
	assert.deepEqual(
		interval.endpoints.map(({ route, count }) => [route, count]),
		[
			["/new", 7],
			["/a", 1],
		],
	);
	assert.deepEqual({ ...interval.endpoints[1]?.latency, sum: 1 }, histogramOf([1e9]));
	assert.equal(interval.startedAt, before.takenAt);
	assert.equal(interval.takenAt, after.takenAt);
	assert.equal(interval.durationSeconds, 2);
	assert.deepEqual(interval.losses, makeLosses({ requests: 2, detail: { request_gap: 2 } }));
	assert.deepEqual(interval.facts, { connections: 5 });
	assert.deepEqual(
		interval.connections.map(({ outcome, count }) => [outcome, count]),
		[
			["timeout", 2],
			["refused", 1],
		],
	);
});

test("requests in flight are those of now, on the endpoint's first row", () => {
	const before = makeSnapshot([makeRow({ status: 200, count: 9, inFlight: 1 }), makeRow({ status: 500, count: 1 })]);
	const after = makeSnapshot([
		makeRow({ status: 200, count: 9, inFlight: 4 }),
		makeRow({ status: 500, count: 2 }),
		makeRow({ route: "/idle", status: 200, count: 0, inFlight: 2 }),
	]);
	assert.deepEqual(
		difference(before, after).endpoints.map(({ route, status, outcome, count, inFlight }) => [
			route,
			status,
			outcome,
			count,
			inFlight,
		]),
		[
			["/", 500, "response", 1, 4],
			["/idle", 0, "in_flight", 0, 2],
		],
	);
});

test("property: what was counted before and in the interval is what was counted after", () => {
	const latencies = fc.array(fc.integer({ min: 1, max: 1e10 }), { maxLength: 20 });
	const rows = fc.uniqueArray(fc.tuple(fc.constantFrom("/a", "/b", "/c"), latencies, latencies), {
		selector: ([route]) => route,
	});
	fc.assert(
		fc.property(rows, (cases) => {
			const row = (route: string, ns: readonly number[]) =>
				makeRow({ route, count: ns.length, latency: histogramOf(ns) });
			const before = makeSnapshot(cases.map(([route, past]) => row(route, past)));
			const after = makeSnapshot(cases.map(([route, past, now]) => row(route, [...past, ...now])));
			const interval = difference(before, after);
			for (const [route, , now] of cases) {
				const found = interval.endpoints.find((candidate) => candidate.route === route);
				assert.equal(found?.count ?? 0, now.length);
				const latency = found?.latency ?? EMPTY_HISTOGRAM;
				assert.deepEqual({ ...latency, sum: 0 }, { ...histogramOf(now), sum: 0 });
			}
			assert.deepEqual(difference(after, after).endpoints, []);
		}),
	);
});

test("samples are those of the interval", () => {
	const before = makeSnapshot([], { durationSeconds: 1 });
	const [old, recent] = [-1, 1].map((ms) => makeExchange({ time: new Date(before.takenAt.getTime() + ms) }));
	assert.ok(old !== undefined && recent !== undefined);
	const after = makeSnapshot([], { durationSeconds: 2, samples: [recent, old] });
	assert.deepEqual(difference(before, after).samples, [recent]);
});

test("the kernel's cost is that of the interval, and unknown where it was unknown before", () => {
	const [unknown, one, two] = [undefined, { runs: 3, seconds: 1e-6 }, { runs: 7, seconds: 4e-6 }].map((cost, at) =>
		makeSnapshot([], { durationSeconds: at + 1, ...(cost === undefined ? {} : { cost }) }),
	);
	assert.ok(unknown && one && two);
	assert.deepEqual(difference(one, two).cost, { runs: 4, seconds: 3e-6 });
	assert.equal("cost" in difference(unknown, two), false);
	assert.equal("cost" in difference(two, unknown), false);
});
