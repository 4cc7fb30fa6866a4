/** Whole screens beside what they are made of, as they are in golden/: `UPDATE_GOLDEN=1 npm test -- views/screen` renews them. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { wireText } from "../base/escape.js";
import { displayWidth } from "../base/width.js";
import type { Moment } from "../model/history.js";
import { makeRow, makeSnapshot } from "../model/testing.js";
import { type Key, reduce } from "./reduce.js";
import { type Screen, type ScreenContext, type ScreenSize, screenDrawer } from "./screen.js";
import { initialState, type ViewState } from "./state.js";
import { momentOf, PLAIN, SOME_LOSSES, shopMoment } from "./testing.js";

const GOLDEN = "src/views/golden";

/** The screen after these keys. */
function screenAfter(
	keys: readonly Key[],
	size: ScreenSize,
	moment: Moment = shopMoment(),
	context: ScreenContext = PLAIN,
): Screen & { readonly state: ViewState } {
	const drawScreen = screenDrawer();
	let state = initialState();
	let screen = drawScreen(state, moment, size, context);
	for (const key of keys) {
		state = reduce(state, key, screen.shown).state;
		screen = drawScreen(state, moment, size, context);
	}
	return { ...screen, state };
}

function isGolden(name: string, lines: readonly string[]): void {
	const path = `${GOLDEN}/${name}.txt`;
	const text = `${lines.join("\n")}\n`;
	if (process.env.UPDATE_GOLDEN === "1") writeFileSync(path, text);
	assert.equal(text, readFileSync(path, "utf8"), path);
}

const SMALL = { columns: 60, rows: 15 };
const USUAL = { columns: 100, rows: 30 };
const LARGE = { columns: 200, rows: 40 };

const SCREENS: readonly (readonly [name: string, keys: readonly Key[], size: ScreenSize])[] = [
	["endpoints-small", [], SMALL],
	["endpoints", ["down"], USUAL],
	["endpoints-large", [], LARGE],
	["services", ["2"], USUAL],
	["errors", ["3"], USUAL],
	["connections", ["4"], USUAL],
	["connections-small", ["4"], SMALL],
	["peers", ["5"], USUAL],
	["endpoint", ["down", "down", "enter"], USUAL],
	["endpoint-small", ["enter", "G"], SMALL],
	["filter", [..."/status:5xx"], USUAL],
	["filter-wrong", [..."/or status:5"], USUAL],
	["sort", ["s", "down"], USUAL],
	["save", ["e"], SMALL],
	["help-small", ["?", "pagedown"], SMALL],
	["help", ["?"], { columns: 100, rows: 70 }],
	["paused", [" "], SMALL],
];

for (const [name, keys, size] of SCREENS) {
	test(`golden: ${name}`, () => isGolden(name, screenAfter(keys, size).lines));
}

test("golden: losses, in a terminal without UTF-8", () => {
	const look = { color: false, isUtf8: false };
	isGolden(
		"losses-ascii",
		screenAfter(["enter"], USUAL, shopMoment({ losses: SOME_LOSSES }), { ...PLAIN, look }).lines,
	);
});

test("golden: a quiet host", () => {
	const quiet = (seconds: number): Moment => momentOf([makeSnapshot([], { durationSeconds: seconds })]);
	isGolden("quiet", screenAfter([], SMALL, quiet(30)).lines);
	assert.match(screenAfter([], SMALL, quiet(1)).lines[5] ?? "", /^ {2}nothing was seen yet$/);
	const filtered = screenAfter([], USUAL, quiet(30), { ...PLAIN, isFiltered: true });
	assert.ok(filtered.lines.some((line) => line.includes("only what fits the filters is shown")));
});

test("colours only add to what is said without them", () => {
	const context = { ...PLAIN, look: { color: true, isUtf8: true } };
	const moment = shopMoment({ losses: SOME_LOSSES });
	for (const [name, keys, size] of SCREENS) {
		const colored = screenAfter(keys, size, moment, context).lines.map(stripVTControlCharacters);
		const plain = screenAfter(keys, size, moment).lines;
		// the selected row is inverted as far as the screen is wide
		assert.deepEqual(
			colored.map((line) => line.trimEnd()),
			plain.map((line) => line.trimEnd()),
			name,
		);
	}
	const red = screenAfter([], USUAL, moment, context).lines.filter((line) => line.includes("\u001b[31m"));
	assert.ok(red.some((line) => line.includes("lost 4")));
	assert.ok(red.some((line) => line.includes("LOST up to 3 requests and 1 responses")));
});

test("property: a screen fits its terminal and holds nothing that could move a cursor, whatever was on the wire", () => {
	const text = fc.oneof(
		fc.uint8Array({ maxLength: 60 }).map(wireText),
		fc.constantFrom(
			"/\u001b[2J",
			"/\u001b]0;title\u0007",
			"/\u001b]8;;http://x\u001b\\",
			"/\u009b31m",
			"/漢字",
			"/e\u0301",
			"/\u05d0\u202e",
			"/👩‍👩‍👧",
		),
	);
	const row = fc
		.record({ route: text, service: text, count: fc.nat(1e9), status: fc.constantFrom(0, 200, 404, 503) })
		.map(makeRow);
	const keys = fc.array(
		fc.constantFrom<Key[]>(
			"1",
			"2",
			"3",
			"4",
			"5",
			"down",
			"G",
			"enter",
			"escape",
			"s",
			"?",
			"e",
			"/",
			"x",
			" ",
			"I",
			">",
		),
		{ maxLength: 8 },
	);
	const size = fc.record({ rows: fc.integer({ min: 1, max: 40 }), columns: fc.integer({ min: 1, max: 300 }) });
	fc.assert(
		fc.property(
			fc.array(row, { maxLength: 20 }),
			keys,
			size,
			fc.boolean(),
			fc.boolean(),
			(rows, pressed, each, color, isUtf8) => {
				const moment = momentOf([
					makeSnapshot([], { durationSeconds: 1 }),
					makeSnapshot(rows, { durationSeconds: 2, losses: SOME_LOSSES }),
				]);
				const context = { ...PLAIN, description: rows[0]?.route ?? "", look: { color, isUtf8 } };
				const { lines } = screenAfter(pressed, each, moment, context);
				assert.ok(lines.length <= each.rows);
				for (const line of lines) {
					// biome-ignore lint/suspicious/noControlCharactersInRegex: what colours are made of, and nothing else
					const plain = line.replace(/\u001b\[\d+m/g, "");
					assert.ok(displayWidth(plain) <= each.columns, `${displayWidth(plain)} > ${each.columns}: ${plain}`);
					assert.doesNotMatch(plain, /(?! )[\p{C}\p{Z}\p{M}]/u);
					if (!isUtf8) assert.match(plain, /^[\x20-\x7e]*$/);
				}
			},
		),
		{ numRuns: 200 },
	);
});
