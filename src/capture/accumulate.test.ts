import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { EndpointRow } from "../model/snapshot.js";
import { HistogramLayout } from "../wire/layout.js";
import { Accumulator, type ServiceResolver } from "./accumulate.js";
import { LATENCY_WORDS } from "./tables.js";
import { FakeTables } from "./testing.js";

/** Processes 1-9 are one service, 10-19 another. */
const names: ServiceResolver = { resolve: ({ pid }) => `service-${Math.floor(pid / 10)}` };
const brief = (rows: readonly EndpointRow[]) =>
	rows.map((row) => `${row.service} ${row.route} ${row.status} ${row.outcome} ${row.count} ${row.inFlight}`);

test("stripes of one endpoint and status, and endpoints with equal labels, are one row", () => {
	const tables = new FakeTables();
	const [first, second] = [tables.addEndpoint("/a", 1), tables.addEndpoint("/a", 2)];
	const cells = [tables.addCell(first), tables.addCell(first), tables.addCell(second), tables.addCell(first, 404)];
	for (const cell of cells) tables.count(cell, 2 + cell);
	for (const endpoint of [first, second]) tables.start(endpoint, 4);
	const rows = new Accumulator(tables, names).read();
	assert.deepEqual(brief(rows), ["service-0 /a 200 response 3 4", "service-0 /a 404 response 1 0"]);
	assert.deepEqual(rows[0]?.latency, {
		count: 3,
		sum: 3000 / 1e9,
		below: 0,
		above: 0,
		offset: HistogramLayout.OFFSET,
		buckets: [1, 1, 1],
	});
	assert.equal(rows[1]?.latency.offset, HistogramLayout.OFFSET + 3);
});

test("other services are other rows; the most counted comes first", () => {
	const tables = new FakeTables();
	for (const pid of [1, 11]) tables.addCell(tables.addEndpoint("/a", pid));
	tables.count(0);
	tables.count(1);
	tables.count(1);
	const rows = new Accumulator(tables, names).read();
	assert.deepEqual(brief(rows), ["service-1 /a 200 response 2 0", "service-0 /a 200 response 1 0"]);
});

test("a row that did not change is the same object; one that did leaves the old one as it was", () => {
	const tables = new FakeTables();
	tables.addCell(tables.addEndpoint("/still"));
	tables.addCell(tables.addEndpoint("/busy"));
	tables.count(0);
	tables.count(1);
	tables.count(1);
	const accumulator = new Accumulator(tables, names);
	const before = accumulator.read();
	tables.count(1, 3);
	const after = accumulator.read();
	assert.equal(after[1], before[1]);
	assert.notEqual(after[0], before[0]);
	assert.deepEqual([before[0]?.count, before[0]?.latency.buckets], [2, [2]]);
	assert.deepEqual([after[0]?.count, after[0]?.latency.buckets], [3, [2, 1]]);
	assert.ok(Object.isFrozen(after[0]) && Object.isFrozen(after[0]?.latency));
});

test("a cell at rest is not copied", () => {
	const tables = new FakeTables();
	tables.addCell(tables.addEndpoint("/a"));
	tables.count(0);
	const accumulator = new Accumulator(tables, names);
	for (let i = 0; i < 5; i++) accumulator.read();
	// once for what is new, once to see that nothing more came
	assert.equal(tables.copies, 2);
	tables.count(0);
	accumulator.read();
	assert.equal(tables.copies, 3);
});

test("of the buckets only those in use are read, until an exchange is counted in another one", () => {
	const tables = new FakeTables();
	const endpoint = tables.addEndpoint("/a");
	const cells = [tables.addCell(endpoint), tables.addCell(endpoint)] as const;
	tables.count(cells[0], 100);
	tables.count(cells[1], 120);
	const accumulator = new Accumulator(tables, names);
	accumulator.read();
	tables.widest = 0;
	for (let i = 0; i < 3; i++) {
		tables.count(cells[0], 110);
		accumulator.read();
	}
	assert.equal(tables.widest, 21);
	// a slow one among many others, and one outside of all buckets
	for (const word of [110, 200, 110, 1]) tables.count(cells[1], word);
	const row = accumulator.read()[0];
	assert.deepEqual([row?.latency.count, row?.latency.above, row?.latency.buckets.length], [9, 1, 101]);
	assert.deepEqual([row?.latency.buckets[10], row?.latency.buckets.at(-1)], [5, 1]);
});

test("a half-counted exchange is made up for by the next read, even if nothing else comes", () => {
	const tables = new FakeTables();
	const slot = tables.addCell(tables.addEndpoint("/a"));
	tables.count(slot);
	const cell = tables.cells[slot];
	assert.ok(cell);
	cell.count += 1;
	const accumulator = new Accumulator(tables, names);
	const early = accumulator.read()[0];
	assert.deepEqual([early?.count, early?.latency.count], [2, 1]);
	cell.words[5] = 1;
	cell.sumNs += 500;
	const late = accumulator.read()[0];
	assert.deepEqual([late?.count, late?.latency.count, late?.latency.sum], [2, 2, 1500 / 1e9]);
});

test("buckets of 32 bits may wrap between two reads", () => {
	const tables = new FakeTables();
	const slot = tables.addCell(tables.addEndpoint("/a"));
	const cell = tables.cells[slot];
	assert.ok(cell);
	cell.count = 2 ** 32 - 2;
	cell.words[2] = 2 ** 32 - 2;
	const accumulator = new Accumulator(tables, names);
	accumulator.read();
	for (let i = 0; i < 5; i++) tables.count(slot);
	const row = accumulator.read()[0];
	assert.deepEqual([row?.count, row?.latency.buckets], [2 ** 32 + 3, [2 ** 32 + 3]]);
});

test("between reads services are named and buckets of 32 bits may wrap, but nothing else is read", () => {
	const tables = new FakeTables();
	const [cell, other] = [tables.addEndpoint("/a"), tables.addEndpoint("/b")].map((slot) => tables.addCell(slot));
	assert.ok(cell !== undefined && other !== undefined);
	const named: number[] = [];
	const accumulator = new Accumulator(tables, {
		resolve: ({ pid }) => {
			named.push(pid);
			return "service";
		},
	});
	for (const slot of [cell, other]) tables.count(slot);
	accumulator.keepUp();
	assert.deepEqual([named.length, tables.copies], [2, 0]);
	const busy = tables.cells[cell];
	assert.ok(busy);
	for (const count of [2 ** 31, 2 ** 32 - 1]) {
		[busy.count, busy.words[2]] = [count, count];
		accumulator.keepUp();
	}
	for (let i = 0; i < 3; i++) tables.count(cell);
	accumulator.keepUp();
	const rows = accumulator.read();
	assert.deepEqual(
		rows.map(({ count, latency }) => [count, latency.buckets]),
		[
			[2 ** 32 + 2, [2 ** 32 + 2]],
			[1, [1]],
		],
	);
	assert.equal(named.length, 2);
});

test("in flight: on a row of its own until something ended, then on the first row, never below zero", () => {
	const tables = new FakeTables();
	const endpoint = tables.addEndpoint("/slow");
	const accumulator = new Accumulator(tables, names);
	assert.deepEqual(brief(accumulator.read()), []);
	tables.start(endpoint, 3);
	const waiting = accumulator.read();
	assert.deepEqual(brief(waiting), ["service-0 /slow 0 in_flight 0 3"]);
	assert.equal(accumulator.read()[0], waiting[0]);
	tables.count(tables.addCell(endpoint, 500));
	tables.count(tables.addCell(endpoint, 200));
	assert.deepEqual(brief(accumulator.read()), ["service-0 /slow 200 response 1 1", "service-0 /slow 500 response 1 0"]);
	tables.count(0);
	tables.count(0);
	assert.deepEqual(brief(accumulator.read()), ["service-0 /slow 500 response 3 0", "service-0 /slow 200 response 1 0"]);
});

test("an endpoint whose requests were all taken back leaves no row", () => {
	const tables = new FakeTables();
	const endpoint = tables.addEndpoint("/fast");
	const accumulator = new Accumulator(tables, names);
	tables.start(endpoint);
	assert.equal(accumulator.read().length, 1);
	tables.start(endpoint, -1);
	assert.deepEqual(accumulator.read(), []);
});

test("a slot is decoded once it counts: what stands there before may be unfinished", () => {
	const tables = new FakeTables();
	const endpoint = tables.addEndpoint("/unfinished");
	tables.addCell(endpoint);
	const accumulator = new Accumulator(tables, names);
	assert.deepEqual(accumulator.read(), []);
	tables.endpoints[endpoint] = { pid: 1, route: "/finished" };
	tables.count(0);
	assert.equal(accumulator.read()[0]?.route, "/finished");
});

test("however exchanges are spread over cells and reads, every one is in the rows once", () => {
	const exchange = fc.record({
		cell: fc.nat(11),
		word: fc.nat(LATENCY_WORDS - 1),
		ns: fc.nat(1e9),
		read: fc.boolean(),
	});
	fc.assert(
		fc.property(fc.array(exchange, { maxLength: 60 }), (exchanges) => {
			const tables = new FakeTables();
			for (let i = 0; i < 4; i++) tables.addEndpoint(`/${i % 2}`, i < 2 ? 1 : 11);
			for (let i = 0; i < 12; i++) tables.addCell(i % 4, i < 8 ? 200 : 503);
			const accumulator = new Accumulator(tables, names);
			for (const { cell, word, ns, read } of exchanges) {
				tables.start(cell % 4);
				tables.count(cell, word, ns);
				if (read) accumulator.read();
			}
			const rows = accumulator.read();
			const sum = (value: (row: EndpointRow) => number) => rows.reduce((total, row) => total + value(row), 0);
			assert.equal(
				sum((row) => row.count),
				exchanges.length,
			);
			assert.equal(
				sum((row) => row.latency.count),
				exchanges.length,
			);
			assert.equal(
				sum((row) => row.inFlight),
				0,
			);
			const ns = exchanges.reduce((total, one) => total + one.ns, 0);
			assert.ok(Math.abs(sum((row) => row.latency.sum) - ns / 1e9) < 1e-6);
			assert.equal(new Set(rows.map((row) => `${row.service} ${row.route} ${row.status}`)).size, rows.length);
		}),
	);
});
