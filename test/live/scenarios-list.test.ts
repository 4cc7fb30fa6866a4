/** docs/scenarios.md names tests that exist. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const ROOT = new URL("../../../", import.meta.url);
const NAMED = /`((?:e2e|fuzz|kernel|live|src)\/[\w/-]+): ([^`]+)`/g;
const QUOTES = ['"', "'", "`"];

test("every test that docs/scenarios.md names exists, and no scenario is left out", () => {
	const text = readFileSync(new URL("docs/scenarios.md", ROOT), "utf8");
	const named = [...text.matchAll(NAMED)].map(([, file = "", name = ""]) => ({ file, name }));
	assert.ok(named.length > 100, `${named.length} are named`);
	const missing = named.filter(({ file, name }) => {
		const path = `${file.startsWith("src/") ? file : `test/${file}`}.test.ts`;
		const source = readFileSync(new URL(path, ROOT), "utf8");
		return !QUOTES.some((quote) => source.includes(quote + name));
	});
	assert.deepEqual(missing, []);
	const numbers = [...text.matchAll(/^\| ([\d, ]+) \|/gm)].flatMap(([, list = ""]) => list.split(", ").map(Number));
	for (let number = 1; number <= 101; number++) assert.ok(numbers.includes(number), `scenario ${number}`);
});
