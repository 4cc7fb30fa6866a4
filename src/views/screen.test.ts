import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { wireText } from "../base/escape.js";
import { displayWidth } from "../base/width.js";
import { histogramOf } from "../model/histogram.js";
import { makeLosses, makeRow, makeSnapshot } from "../model/testing.js";
import { type ScreenOptions, screenLines } from "./screen-lines.js";
import { TableScreen } from "./table-screen.js";

const options: ScreenOptions = { description: "the whole host", color: false, sort: "count" };
const size = { rows: 24, columns: 120 };

const before = makeSnapshot(
	[
		makeRow({ route: "/users", count: 100, latency: histogramOf([1e6]) }),
		makeRow({ route: "/users", status: 500, count: 1, latency: histogramOf([]) }),
		makeRow({ route: "/idle", count: 500 }),
	],
	{ durationSeconds: 60 },
);
const now = makeSnapshot(
	[
		makeRow({ route: "/users", count: 140, inFlight: 2, latency: histogramOf([1e6, 1e9]) }),
		makeRow({ route: "/users", status: 500, count: 3, latency: histogramOf([]) }),
		makeRow({ route: "/idle", count: 500 }),
	],
	{ durationSeconds: 62 },
);

test("a frame: rates of the interval, counts since the start", () => {
	assert.deepEqual(screenLines(before, now, size, options), [
		"httpeek: the whole host, 1m02s",
		"now    21.0/s, errors 1.00/s (4.76 %), p50 958 ms, p99 999 ms, 2 in flight",
		"total  643 exchanges, 3 errors, 0 unanswered, 0 lost",
		"",
		"SERVICE  ROLE    PORT  METHOD  ENDPOINT    RATE  COUNT  ERRORS      P50      P99  STATUS",
		"shop     server  8080  GET     /idle        0/s    500       0  1.02 ms  1.06 ms  200:500",
		"shop     server  8080  GET     /users    21.0/s    143       3   958 ms   999 ms  200:140 500:3",
	]);
});

test("the first frame, an empty one, and losses", () => {
	const connections = [{ service: "curl", role: "client", peer: "10.0.0.9:80", outcome: "timeout", count: 3 }] as const;
	const lines = screenLines(
		undefined,
		makeSnapshot([], { losses: makeLosses({ requests: 1 }), connections }),
		size,
		options,
	);
	assert.deepEqual(lines, [
		"httpeek: the whole host, 10s",
		"now    0/s, no errors, p50 -, p99 -, 0 in flight",
		"total  0 exchanges, 0 errors, 0 unanswered, 3 connections timeout, 1 lost",
		"",
		"no HTTP exchange was seen yet",
		"LOST up to 1 requests and 0 responses (docs/losses.md)",
	]);
});

test("sort and limit choose the endpoints", () => {
	const routes = (more: Partial<ScreenOptions>): string[] =>
		screenLines(before, now, size, { ...options, ...more })
			.slice(5)
			.map((line) => /\/\w+/.exec(line)?.[0] ?? "");
	assert.deepEqual(routes({}), ["/idle", "/users"]);
	assert.deepEqual(routes({ sort: "p99" }), ["/users", "/idle"]);
	assert.deepEqual(routes({ sort: "status", limit: 1 }), ["/users"]);
	assert.deepEqual(routes({ sort: "route" }), ["/idle", "/users"]);
});

test("property: a frame fits its terminal and holds nothing unprintable, whatever was on the wire", () => {
	const text = fc.uint8Array({ maxLength: 60 }).map(wireText);
	const row = fc
		.record({ route: text, service: text, count: fc.nat(1e9), status: fc.constantFrom(0, 200, 503) })
		.map(makeRow);
	fc.assert(
		fc.property(
			fc.array(row, { maxLength: 30 }),
			fc.integer({ min: 1, max: 40 }),
			fc.integer({ min: 1, max: 200 }),
			(rows, height, columns) => {
				const snapshot = makeSnapshot(rows, { losses: makeLosses({ requests: 5 }) });
				for (const color of [false, true]) {
					const lines = screenLines(undefined, snapshot, { rows: height, columns }, { ...options, color });
					assert.ok(lines.length <= height);
					const plain = lines.map(stripVTControlCharacters);
					assert.ok(
						plain.every((line) => displayWidth(line) <= columns),
						plain.join("\n"),
					);
					assert.ok(plain.every((line) => !/(?! )[\p{C}\p{Z}]/u.test(line)));
				}
			},
		),
		{ numRuns: 50 },
	);
});

test("the terminal is taken over once, drawn in one write a frame, and given back once", () => {
	const written: string[] = [];
	const exits = new EventEmitter();
	const screen = new TableScreen({ columns: 0, rows: undefined, write: (text) => written.push(text) }, exits);
	assert.deepEqual(screen.size, { rows: 24, columns: 80 });
	screen.close();
	screen.draw(["one", "two"]);
	screen.draw(["three"]);
	screen.close();
	screen.close();
	assert.deepEqual(written, [
		"\u001b[?1049h\u001b[?25l\u001b[?2026h\u001b[Hone\u001b[K\r\ntwo\u001b[K\u001b[J\u001b[?2026l",
		"\u001b[?2026h\u001b[Hthree\u001b[K\u001b[J\u001b[?2026l",
		"\u001b[?25h\u001b[?1049l",
	]);
	assert.equal(exits.listenerCount("exit"), 0);
});

test("a process that ends in any way gives the terminal back", () => {
	const written: string[] = [];
	const exits = new EventEmitter();
	new TableScreen({ write: (text) => written.push(text) }, exits).draw(["one"]);
	exits.emit("exit");
	assert.equal(written.at(-1), "\u001b[?25h\u001b[?1049l");
});
