import assert from "node:assert/strict";
import { test } from "node:test";
import { makeRow, makeSnapshot } from "../model/testing.js";
import { isQuiet, quietLines } from "./quiet.js";

const connection = { service: "a", role: "client", peer: null, outcome: "refused", count: 1 } as const;

test("quiet is what has neither exchanges nor failed connections", () => {
	assert.equal(isQuiet(makeSnapshot()), true);
	assert.equal(isQuiet(makeSnapshot([makeRow()])), false);
	assert.equal(isQuiet(makeSnapshot([], { connections: [connection] })), false);
});

test("it says what was looked at, what the kernel has seen instead, and what to do", () => {
	const lines = quietLines(makeSnapshot(), { description: "the whole host" });
	assert.equal(lines[0], "no HTTP/1.x exchange of the whole host so far");
	assert.equal(lines[1], "no TCP connection has carried data");
	assert.match(lines.join("\n"), /httpeek demo\n.*httpeek run -- curl/);
	const second = (facts: Record<string, number>, isFiltered = false) =>
		quietLines(makeSnapshot([], { facts }), { isFiltered })[1];
	assert.equal(
		second({ connections: 4, not_http: 3 }),
		"3 connections were not plain HTTP/1.x: HTTPS and HTTP/2 are not read",
	);
	assert.equal(second({ connections: 4 }), "connections: 4, none with a request");
	assert.match(second({ connections: 4, not_http: 3 }, true) ?? "", /filters/);
	assert.equal(quietLines(makeSnapshot(), { isCommand: true })[0], "the command had no HTTP/1.x exchange");
});

test("names of others are escaped, and no line is long", () => {
	for (const isCommand of [true, false]) {
		const lines = quietLines(makeSnapshot(), { description: `\u001b[2J${"x".repeat(500)}`, isCommand });
		assert.ok(lines.every((line) => line.length <= 100 && !line.includes("\u001b")));
	}
});
