import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { histogramOf } from "./histogram.js";
import { atOneEnd, endpointKey, rowKey, SORT_KEYS, sortRows } from "./rows.js";
import { makeRow } from "./testing.js";

test("keys tell labels apart, whatever characters are in them", () => {
	const a = makeRow({ service: 'a","b', route: "c" });
	const b = makeRow({ service: "a", route: 'b","c' });
	assert.notEqual(endpointKey(a), endpointKey(b));
	assert.equal(endpointKey(a), endpointKey({ ...a }));
	assert.notEqual(rowKey(a), rowKey({ ...a, status: 201 }));
	assert.equal(endpointKey(a), endpointKey(makeRow({ ...a, status: 201 })));
});

test("rows are sorted by each key, numbers from large to small", () => {
	const slow = makeRow({ route: "/slow", service: "b", status: 200, count: 1, latency: histogramOf([5e9]) });
	const busy = makeRow({ route: "/busy", service: "c", status: 404, count: 9, latency: histogramOf([1e6]) });
	const gone = makeRow({ route: "/gone", service: "a", status: 0, count: 5 });
	const sorted = Object.fromEntries(
		SORT_KEYS.map((key) => [key, sortRows([slow, busy, gone], key).map(({ route }) => route)]),
	);
	assert.deepEqual(sorted, {
		count: ["/busy", "/gone", "/slow"],
		status: ["/busy", "/slow", "/gone"],
		p50: ["/slow", "/busy", "/gone"],
		p90: ["/slow", "/busy", "/gone"],
		p99: ["/slow", "/busy", "/gone"],
		mean: ["/slow", "/busy", "/gone"],
		route: ["/busy", "/gone", "/slow"],
		service: ["/gone", "/slow", "/busy"],
	});
});

test("property: the order of rows does not depend on how they came", () => {
	const row = fc
		.record({
			route: fc.constantFrom("/a", "/b"),
			status: fc.constantFrom(200, 404),
			count: fc.nat(2),
			service: fc.constantFrom("x", "y"),
		})
		.map(makeRow);
	fc.assert(
		fc.property(fc.uniqueArray(row, { selector: rowKey }), fc.constantFrom(...SORT_KEYS), (rows, key) => {
			assert.deepEqual(sortRows(rows.toReversed(), key).map(rowKey), sortRows(rows, key).map(rowKey));
		}),
	);
});

test("an exchange seen at both ends stays as the server's row", () => {
	const server = makeRow({ route: "/a" });
	const mirror = makeRow({ route: "/a", role: "client" });
	const otherPort = makeRow({ route: "/a", role: "client", port: 443 });
	const otherRoute = makeRow({ route: "/b", role: "client" });
	assert.deepEqual(atOneEnd([mirror, server, otherPort, otherRoute]), [server, otherPort, otherRoute]);
	assert.deepEqual(atOneEnd([mirror]), [mirror]);
});
