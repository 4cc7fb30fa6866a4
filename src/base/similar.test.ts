import assert from "node:assert/strict";
import { test } from "node:test";
import { editDistance, mostSimilar } from "./similar.js";

test("counts additions, omissions, replacements and swaps of neighbours", () => {
	for (const [from, to, distance] of [
		["", "", 0],
		["", "abc", 3],
		["json", "json", 0],
		["jsno", "json", 1],
		["jso", "json", 1],
		["jjson", "json", 1],
		["kitten", "sitting", 3],
		["ca", "abc", 3],
	] as const) {
		assert.equal(editDistance(from, to), distance, `${from} ${to}`);
		assert.equal(editDistance(to, from), distance, `${to} ${from}`);
	}
});

test("finds what was meant, and nothing where nothing is like it", () => {
	const formats = ["table", "wide", "lines", "json", "csv", "markdown"];
	for (const [word, meant] of [
		["jsno", "json"],
		["JSON", "json"],
		["mark", "markdown"],
		["md", undefined],
		["tabel", "table"],
		["line", "lines"],
		["xml", undefined],
		["", undefined],
		["x".repeat(100_000), undefined],
	] as const) {
		assert.equal(mostSimilar(word, formats), meant, word.slice(0, 10));
	}
	assert.equal(mostSimilar("p9", ["p90", "p99"]), "p90");
	assert.equal(mostSimilar("a", []), undefined);
});
