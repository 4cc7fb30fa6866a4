import assert from "node:assert/strict";
import { test } from "node:test";
import type { LoadResult } from "../load.js";
import { formatMeasured } from "../row.js";
import { wholeHostRows } from "./whole-host-peers.js";

const load = (requests: number): LoadResult => ({ requests, seconds: 2, socketErrors: 0, p99Seconds: 0 });

test("a tool has four rows, which say that its machine is emulated", () => {
	const tool = {
		name: "tool",
		counted: 4016,
		sent: 4000,
		mostInFlight: 32,
		cpuSeconds: 1,
		peakBytes: 50e6,
		pairs: [
			{ plain: load(2000), other: load(1000) },
			{ plain: load(2000), other: load(2000) },
		],
	};
	const rows = [...wholeHostRows({ kernel: "6.12.1", tools: [tool] })];
	assert.deepEqual(
		rows.map((row) => [row.group, row.what, formatMeasured(row), row.note]),
		[
			[
				"peers",
				"counted / sent: tool, whole host, in an emulated machine",
				"1.000000",
				"4016 of 4000; 750/s, 1000/s without",
			],
			[
				"peers",
				"CPU of tool, whole host, in an emulated machine",
				"25.00 % of a core",
				"CPU time 1.00 s for a load of 4 s",
			],
			[
				"peers",
				"resident memory of tool, whole host, in an emulated machine",
				"50.0 MB",
				"peak, with the processes that it starts",
			],
			[
				"peers",
				"throughput with / without: tool, whole host, in an emulated machine",
				"0.750",
				"2 pairs; 1000/s without; Linux 6.12.1",
			],
		],
	);
});
