import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatMarkdown, formatReport, type Report, reportJson } from "./report.js";
import { formatGoal, type Row, ratioRow, rowOf, verdict } from "./row.js";

const EXACT: Row = {
	group: "counted",
	what: "counted / sent",
	unit: "exact ratio",
	measured: 1,
	goal: { atLeast: 1, atMost: 1 },
	note: "3 in flight",
};
const SLOW = rowOf(
	{ group: "kernel", what: "small GET", unit: "ns", goal: { atMost: 350 } },
	{ median: 360.4, low: 350.1, high: 401 },
);
const SHOWN: Row = { group: "kernel", what: "a packet", unit: "ns", measured: 60 };

const report = (rows: readonly Row[]): Report => ({
	machine: { kernel: "6.18.44", cpu: "a CPU", cpus: 2, node: "20.19.2", load: 0.1 },
	isQuick: false,
	startedAt: new Date(0),
	rows,
});

describe("verdicts", () => {
	test("the number is judged, not its rounding", () => {
		assert.equal(verdict(SLOW), "misses");
		assert.equal(verdict({ ...EXACT, measured: 0.9999999 }), "misses");
	});

	test("bounds belong to the goal", () => {
		assert.equal(verdict(EXACT), "ok");
		assert.equal(verdict({ ...SHOWN, measured: 350, goal: { atMost: 350 } }), "ok");
		assert.equal(verdict({ ...SHOWN, measured: 0.96, goal: { atLeast: 0.96 } }), "ok");
		assert.equal(verdict({ ...SHOWN, measured: 0.95, goal: { atLeast: 0.96 } }), "misses");
		assert.equal(verdict({ ...SHOWN, measured: Number.NaN, goal: { atMost: 350 } }), "misses");
	});

	test("repetitions on both sides of the goal decide nothing", () => {
		assert.equal(verdict({ ...SLOW, measured: 345, spread: [340, 351] }), "unclear");
		assert.equal(verdict({ ...SLOW, measured: 345, spread: [340, 350] }), "ok");
		assert.equal(verdict({ ...SLOW, measured: 0.97, spread: [0.9, 1.1], goal: { atLeast: 0.96 } }), "unclear");
	});

	test("ratios are judged by the confidence interval of their median, not by how far they lie apart", () => {
		const row = ratioRow(
			{ group: "throughput", what: "x", goal: { atLeast: 0.96 } },
			[0.9, 0.95, 0.97, 0.97, 0.97, 0.98, 0.98, 0.98, 0.98, 0.99, 0.99, 1.1],
		);
		assert.deepEqual([row.measured, row.interval], [0.98, [0.97, 0.99]]);
		assert.equal(verdict(row), "ok");
		assert.equal(verdict({ ...row, goal: { atLeast: 0.985 } }), "unclear");
		assert.equal(verdict({ ...row, goal: { atLeast: 0.995 } }), "misses");
	});

	test("a row without a goal cannot miss", () => {
		assert.equal(verdict(SHOWN), "-");
	});

	test("goals are written as bounds", () => {
		assert.equal(formatGoal(EXACT), "1.000000");
		assert.equal(formatGoal(SLOW), "<= 350");
		assert.equal(formatGoal({ ...SLOW, unit: "ratio", goal: { atLeast: 0.96 } }), ">= 0.96");
		assert.equal(formatGoal(SHOWN), "");
	});
});

describe("report", () => {
	test("a table with every row against its goal", () => {
		assert.deepEqual(
			formatReport(report([EXACT, SLOW, SHOWN]))
				.split("\n")
				.map((line) => line.trimEnd()),
			[
				"Linux 6.18.44, 2 x a CPU, Node 20.19.2, load 0.1 at the start, 1970-01-01",
				"",
				"WHAT            MEASURED  MIDDLE HALF  95 % OF MEDIAN      GOAL          FROM",
				"counted / sent  1.000000                               1.000000  ok      3 in flight",
				"small GET         360 ns   350 .. 401                    <= 350  misses",
				"a packet           60 ns                                         -",
				"",
				"of 2 goals 1 reached, 1 missed, 0 unclear",
				"",
			],
		);
	});

	test("the same in Markdown: a bar in a name does not make a column", () => {
		assert.deepEqual(formatMarkdown(report([{ ...EXACT, what: "a | b" }, SLOW])).split("\n"), [
			"Linux 6.18.44, 2 x a CPU, Node 20.19.2, load 0.1 at the start, 1970-01-01",
			"",
			"| what | measured | middle half | 95 % of median | goal |  | from |",
			"| --- | ---: | ---: | ---: | ---: | --- | --- |",
			"| a \\| b | 1.000000 |  |  | 1.000000 | ok | 3 in flight |",
			"| small GET | 360 ns | 350 .. 401 |  | <= 350 | misses |  |",
			"",
			"of 2 goals 1 reached, 1 missed, 0 unclear",
			"",
		]);
	});

	test("JSON has the numbers as they were measured", () => {
		const { schema, rows } = JSON.parse(reportJson(report([SLOW])));
		assert.equal(schema, "httpeek-bench/1");
		assert.deepEqual(rows, [
			{
				group: "kernel",
				what: "small GET",
				unit: "ns",
				measured: 360.4,
				spread: [350.1, 401],
				interval: null,
				goal: { atMost: 350 },
				verdict: "misses",
				note: null,
			},
		]);
	});
});
