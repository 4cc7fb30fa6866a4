import assert from "node:assert/strict";
import { test } from "node:test";
import { inRoot, readIfThere } from "./files.mjs";
import { replaceRows } from "./kernel-table.mjs";

const DATE = new Date("2026-11-22T10:00:00Z");
const HEAD = [
	"# Kernels",
	"| kernel | object | verifier: traffic / sockops | passed | failed | skipped | kernel log | date |",
	"|---|---|---|---|---|---|---|---|",
];

/** @param {string} kernel @param {Partial<import("../../test/vm/guest.js").GuestReport>} [change] */
function report(kernel, change = {}) {
	const programs = [
		{ name: "traffic", instructions: 371_600 },
		{ name: "sock_state", instructions: 1_000_000, refusal: "too large" },
	];
	const result = { passed: 10, failed: 1, skipped: 2, seconds: 3, failures: "" };
	return {
		kernel,
		objects: [
			{ object: "httpeek.bpf.o", programs },
			{ object: "harness.bpf.o", programs: [] },
		],
		tests: [
			{ ...result, file: "a" },
			{ ...result, file: "b" },
		],
		alarms: [],
		isComplete: true,
		...change,
	};
}

test("a kernel's row says what its machine reported, and replaces the row of an older patch level", () => {
	const page = [...HEAD, "| 6.1.0-1-amd64 | old |", "| 6.12.1-amd64 | kept |", "", "More."].join("\n");
	const reports = new Map([
		["6.1", report("6.1.0-50-amd64")],
		["5.10", report("5.10.0-32-amd64", { alarms: ["BUG: x"] })],
	]);
	assert.deepEqual(replaceRows(page, reports, DATE).split("\n"), [
		...HEAD,
		"| 5.10.0-32-amd64 | `httpeek.bpf.o` | 372k / refused | 20 | 2 | 4 | 1 alarms | 2026-11-22 |",
		"| 6.1.0-50-amd64 | `httpeek.bpf.o` | 372k / refused | 20 | 2 | 4 | clean | 2026-11-22 |",
		"| 6.12.1-amd64 | kept |",
		"",
		"More.",
	]);
});

test("the page in docs/ has the table", () => {
	const page = readIfThere(inRoot("docs/kernels.md")) ?? "";
	assert.match(replaceRows(page, new Map([["6.1", report("6.1.0-50-amd64")]]), DATE), /^\| 6\.1\.0-50-amd64 \| /m);
});

test("a page without the table is an error, not an empty page", () => {
	assert.throws(() => replaceRows("# Kernels\n", new Map(), DATE), /lost its table/);
});
