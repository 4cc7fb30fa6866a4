import assert from "node:assert/strict";
import { test } from "node:test";
import { applySgr, parseScreen } from "./sgr.mjs";

test("colours of 16, 256 and 16 million, attributes, and their ends", () => {
	for (const [parameters, style] of /** @type {const} */ ([
		["31", { fg: "1" }],
		["97;44", { fg: "15", bg: "4" }],
		["38;5;208;1", { fg: "208", bold: true }],
		["48:5:17", { bg: "17" }],
		["38;2;1;2;255", { fg: "#0102ff" }],
		["2;3;4;7", { dim: true, italic: true, underline: true, inverse: true }],
		["", {}],
		["0", {}],
		["38", {}],
		["999", {}],
	])) {
		assert.deepEqual(applySgr({}, parameters), style, parameters);
	}
	assert.deepEqual(applySgr({ fg: "1", bg: "2", bold: true }, "39;49;22"), { bold: false, dim: false });
	assert.deepEqual(applySgr({ fg: "1" }, "0;32"), { fg: "2" });
});

test("lines are runs of a style, which goes on at the next line; other sequences and controls are left out", () => {
	assert.deepEqual(parseScreen("a\x1b[1mb\nc\x1b[0m d\x1b[2J\x1b]\x07\x9be\n"), [
		[
			{ text: "a", style: {} },
			{ text: "b", style: { bold: true } },
		],
		[
			{ text: "c", style: { bold: true } },
			{ text: " d", style: {} },
			{ text: "e", style: {} },
		],
	]);
});
