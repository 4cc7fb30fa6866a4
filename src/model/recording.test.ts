import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HttpeekError } from "../base/errors.js";
import { wireText } from "../base/escape.js";
import { histogramOf } from "./histogram.js";
import { RECORDING_SCHEMA, type Recorded, readRecordingLine, recordingLine } from "./recording.js";
import type { Snapshot } from "./snapshot.js";
import { makeExchange, makeLosses, makeRow, makeSnapshot } from "./testing.js";

const full: Snapshot = makeSnapshot(
	[
		makeRow({ count: 3, inFlight: 2, latency: histogramOf([1, 5e5, 1e6, 1e9, 5e12]) }),
		makeRow({ role: "client", status: 0, count: 0, outcome: "in_flight" }),
	],
	{
		connections: [{ service: "curl", role: "client", peer: "10.0.0.9:80", outcome: "timeout", count: 3 }],
		peers: [
			{
				...{ service: "curl", role: "client", port: 80, peer: "10.0.0.9:80", established: 4, ended: 3, retransmits: 1 },
				...{ connectSumSeconds: 0.001, rttSumSeconds: 0.1, rttCount: 7 },
			},
		],
		losses: makeLosses({ requests: 1, detail: { request_gap: 1 } }),
		facts: { connections: 4 },
		cost: { runs: 12, seconds: 0.000123456789 },
		samples: [makeExchange({ path: "/\u001b[2J", status: 500, latencySeconds: 0.123456789 })],
	},
);

const wire = fc.uint8Array({ maxLength: 40 }).map(wireText);
const snapshots = fc
	.record({
		service: wire,
		route: wire,
		status: fc.integer({ min: 0, max: 999 }),
		count: fc.maxSafeNat(),
		latencies: fc.array(fc.integer({ min: 0, max: 2 ** 45 }), { maxLength: 8 }),
		seconds: fc.double({ min: 0, max: 1e9, noNaN: true }),
	})
	.map(({ latencies, seconds, ...row }) =>
		makeSnapshot([makeRow({ ...row, latency: histogramOf(latencies) })], {
			durationSeconds: seconds,
			takenAt: new Date(1e12),
		}),
	);

test("property: a snapshot goes through a recording without loss, whatever was on the wire", () => {
	const check = (snapshot: Snapshot): void => {
		const line = recordingLine({ kind: "snapshot", snapshot });
		assert.equal(line.indexOf("\n"), line.length - 1);
		// biome-ignore lint/suspicious/noControlCharactersInRegex: there must be none but the end of the line
		assert.doesNotMatch(line.slice(0, -1), /[\u0000-\u001f\u007f-\u009f\u202e\ud800-\udfff]/);
		assert.deepEqual(readRecordingLine(line, "a line"), { kind: "snapshot", snapshot });
	};
	check(full);
	check(makeSnapshot());
	fc.assert(fc.property(snapshots, check));
});

test("the first line says what was watched", () => {
	const start: Recorded = { kind: "start", description: "process 7 (\u001b[31m)", version: "1.2.3" };
	assert.deepEqual(readRecordingLine(recordingLine(start), "a line"), start);
});

/** The recording of `full`, changed. */
function changed(
	change: (snapshot: Record<string, unknown> & { endpoints: Record<string, unknown>[] }) => void,
): string {
	const value = JSON.parse(recordingLine({ kind: "snapshot", snapshot: full }));
	change(value.snapshot);
	return JSON.stringify(value);
}

test("what is no recording is refused, with the line and the reason", () => {
	const first = (change: (row: Record<string, unknown>) => void) =>
		changed(({ endpoints: [row] }) => change(row as Record<string, unknown>));
	for (const [line, reason] of [
		["", "it is not JSON"],
		["{", "it is not JSON"],
		["null", `it has no schema, not "${RECORDING_SCHEMA}"`],
		['{"schema":"httpeek/1"}', `its schema is "httpeek/1", not "${RECORDING_SCHEMA}"`],
		[`{"schema":"${RECORDING_SCHEMA}","kind":"toString"}`, "its kind is none of start, snapshot"],
		[`{"schema":"${RECORDING_SCHEMA}","kind":"snapshot"}`, "the record.snapshot is not an object"],
		[
			first((row) => {
				row.status = -1;
			}),
			"the record.snapshot.endpoints[0].status is not a whole number from 0 to 999",
		],
		[
			first((row) => {
				row.method = "\u001b[2J";
			}),
			"the record.snapshot.endpoints[0].method is not like /^[A-Z_-]{1,32}$/",
		],
		[
			first((row) => {
				row.latency = { buckets: ["x"] };
			}),
			"the record.snapshot.endpoints[0].latency.count is not a whole number from 0 to 9007199254740991",
		],
		[
			changed((snapshot) => {
				snapshot.takenAt = "yesterday";
			}),
			"the record.snapshot.takenAt is not a time such as 2026-01-02T03:04:05.678Z",
		],
		[
			changed((snapshot) => {
				snapshot.facts = { "\u0007": 1 };
			}),
			"a name in the record.snapshot.facts is not like /^[a-z0-9_]{1,64}$/",
		],
	] as const) {
		assert.throws(
			() => readRecordingLine(line, "line 3 of a file"),
			(error) => {
				assert.ok(error instanceof HttpeekError);
				assert.equal(error.message, `cannot read line 3 of a file: ${reason}`);
				return error.code === "HTTPEEK_RECORDING";
			},
			line,
		);
	}
});

test("fields that a later version adds are left out", () => {
	const line = changed((snapshot) => {
		snapshot.later = 1;
	});
	assert.deepEqual(readRecordingLine(line, "a line"), { kind: "snapshot", snapshot: full });
});
