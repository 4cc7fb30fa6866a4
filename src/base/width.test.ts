import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { alignToWidth, displayWidth, truncateToWidth } from "./width.js";

test("columns of a text", () => {
	assert.deepEqual(["", "abc", "é", "e\u0301", "日本", "😀", "…"].map(displayWidth), [0, 3, 1, 1, 4, 2, 1]);
});

test("a text that does not fit is cut and says so", () => {
	assert.deepEqual(
		[
			truncateToWidth("abcdef", 6),
			truncateToWidth("abcdef", 4),
			truncateToWidth("日本語", 4),
			truncateToWidth("ab", 0),
		],
		["abcdef", "abc…", "日…", ""],
	);
});

test("alignment fills up to the width and never cuts", () => {
	assert.deepEqual(
		[alignToWidth("ab", 4, "start"), alignToWidth("ab", 4, "end"), alignToWidth("abc", 2, "end")],
		["ab  ", "  ab", "abc"],
	);
});

test("property: a cut text fits", () => {
	fc.assert(
		fc.property(
			fc.string({ unit: "grapheme" }),
			fc.nat(30),
			(text, columns) => displayWidth(truncateToWidth(text, columns)) <= columns,
		),
	);
});
