import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpeekReport } from "../httpeek.js";
import { compare } from "./counted.js";

const report = (counts: Readonly<Record<string, number>>): HttpeekReport => ({
	endpoints: Object.entries(counts).map(([outcome, count]) => ({
		role: "server",
		method: "GET",
		route: "/",
		status: outcome === "response" ? 200 : 0,
		outcome,
		count,
	})),
	losses: { requests: 0, responses: 0 },
});
const measured = (counted: number): number =>
	compare("x", { requests: 1000, seconds: 1, socketErrors: 0, p99Seconds: 0 }, report({ response: counted }), 16)
		.measured;

test("as many more as can be in flight are exact; one more, or one less, is not", () => {
	assert.equal(measured(1000), 1);
	assert.equal(measured(1016), 1);
	assert.equal(measured(1017), 1.001);
	assert.equal(measured(999), 0.999);
});

test("requests without a response are not counted as responses", () => {
	const row = compare(
		"x",
		{ requests: 1000, seconds: 1, socketErrors: 0, p99Seconds: 0 },
		report({ response: 1000, client_closed: 40 }),
		16,
	);
	assert.equal(row.measured, 1);
});
