/** The small parts of screens. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { displayWidth } from "../base/width.js";
import { bar, columns, sparkline } from "./charts.js";
import { exportText } from "./export.js";
import { isUtf8Locale } from "./look.js";
import { countText, percentText, rateText, secondsText } from "./numbers.js";
import { fit, screenText } from "./screen-text.js";
import { type ScreenColumn, sortByColumn } from "./table.js";
import { shopMoment } from "./testing.js";
import { ALL_VIEWS, viewOf } from "./view-list.js";

const look = { color: false, isUtf8: true };
const ascii = { color: false, isUtf8: false };

test("numbers of three digits, in a width that they keep", () => {
	assert.deepEqual([0, 7, 99_999, 99_999.6, 123_456, 1_234_567, 9.99e9, 1e15].map(countText), [
		...["0", "7", "99999", "100k", "123k", "1.23M", "9.99G", "1.00P"],
	]);
	assert.deepEqual([0, 0.001, 0.3, 12.34, 99.96, 1203, 250_000].map(rateText), [
		...["0", "<0.01", "0.30", "12.3", "100", "1203", "250k"],
	]);
	assert.deepEqual([undefined, 0, 1e-5, 0.0002, 0.125, 1].map(percentText), ["-", "0", "<0.01", "0.02", "12.5", "100"]);
	assert.equal(secondsText(undefined), "-");
	fc.assert(
		fc.property(
			fc.double({ min: 0, max: 1e15, noNaN: true }),
			fc.double({ min: 0, max: 1, noNaN: true }),
			(number, part) => {
				assert.ok(countText(number).length <= 6, countText(number));
				assert.ok(rateText(number).length <= 6, rateText(number));
				assert.ok(percentText(part).length <= 5, percentText(part));
				assert.ok(secondsText(part * 4096).length <= 7, secondsText(part * 4096));
			},
		),
	);
});

test("text of others is of a width that every terminal agrees on", () => {
	for (const [text, shown] of [
		["/api/:id", "/api/:id"],
		["/\u001b[2J\u0007", "/\\x1b[2J\\x07"],
		["/\u001b]8;;http://x\u001b\\y", "/\\x1b]8;;http://x\\x1b\\\\y"],
		["/\u009b31m\u202e", "/\\u{9b}31m\\u{202e}"],
		["/é漢字カ", "/é漢字カ"],
		["/e\u0301", "/e\\u{301}"],
		["/שלום", "/\\u{5e9}\\u{5dc}\\u{5d5}\\u{5dd}"],
		["/😀\ufe0f", "/\\u{1f600}\\u{fe0f}"],
		["/\u1100\u1161", "/\\u{1100}\\u{1161}"],
	] as const) {
		assert.equal(screenText(text, look), shown);
	}
	assert.equal(screenText("/é漢", ascii), "/\\u{e9}\\u{6f22}");
	assert.equal(fit("/abcdef", 4, look), "/ab…");
	assert.equal(fit("/abcdef", 4, ascii), "/ab~");
	fc.assert(
		fc.property(fc.string({ unit: "binary" }), fc.boolean(), (text, isUtf8) => {
			assert.doesNotMatch(screenText(text, { color: false, isUtf8 }), /(?! )[\p{C}\p{Z}\p{M}\p{Emoji_Presentation}]/u);
		}),
	);
});

test("charts reach from nothing to the top, and what is more than nothing is seen", () => {
	assert.equal(sparkline([undefined, 0, 1e-9, 4, 8], look), "  ▁▄▇");
	assert.equal(sparkline([undefined, 0, 1e-9, 4, 8], ascii), "  .=#");
	assert.equal(sparkline([0, 0], look), "  ");
	assert.equal(bar(1, 4, look), "████");
	assert.equal(bar(0.5, 4, look), "██");
	assert.equal(bar(1e-9, 4, look), "▏");
	assert.equal(bar(0, 4, look), "");
	assert.equal(bar(0.5, 4, ascii), "##");
	assert.deepEqual(columns([0, 1, 8, 16], 2, look), ["   █", " ▁██"]);
	assert.deepEqual(columns([], 2, look), ["", ""]);
});

test("rows are sorted by any column, those without a value last, whichever the order", () => {
	const column = { id: "n", value: ({ n }: { n?: number }) => n } as unknown as ScreenColumn<{
		key: string;
		n?: number;
	}>;
	const rows = [{ key: "b", n: 1 }, { key: "none" }, { key: "c", n: 2 }, { key: "a", n: 1 }];
	const order = (descending: boolean) =>
		sortByColumn(rows, [column], { column: "n", descending }).map(({ key }) => key);
	assert.deepEqual(order(true), ["c", "a", "b", "none"]);
	assert.deepEqual(order(false), ["a", "b", "c", "none"]);
	assert.deepEqual(sortByColumn(rows, [column], { column: "unknown", descending: true }), rows);
});

test("every column of every view has a name of its own, a title that fits, help, and cells that fit", () => {
	const moment = shopMoment();
	for (const view of ALL_VIEWS) {
		const ids = view.columns.map(({ id }) => id);
		assert.equal(new Set(ids).size, ids.length);
		assert.ok(ids.includes(view.sort.column));
		for (const column of view.columns) {
			assert.match(column.id, /^[a-z0-9%-]+$/);
			assert.match(column.help, /\.$/);
			const width = typeof column.width === "number" ? column.width : column.width.least;
			assert.ok(
				column.title.length < width + (column.align === "start" ? 0 : 1) || width >= column.title.length,
				column.id,
			);
			if (typeof column.width !== "number") continue;
			for (const row of view.rows(moment)) {
				const { text } = column.cell(row, { look, width });
				assert.ok(displayWidth(text) <= width, `${view.id} ${column.id}: ${text}`);
			}
		}
	}
});

test("what is saved: the view's table as CSV, a whole report as JSON", () => {
	const moment = shopMoment();
	const view = viewOf("errors");
	const rows = sortByColumn(view.rows(moment), view.columns, view.sort);
	const csv = exportText({ view, rows, moment }, "csv").trimEnd().split("\n");
	assert.equal(csv[0], "status,service,role,port,method,endpoint,rate,count,share,p50,p90,p99");
	assert.match(csv[1] ?? "", /^404,curl,client,8080,GET,\/gone,1,70,1,0\.001/);
	assert.equal(csv.length, 1 + rows.length);
	const report = JSON.parse(exportText({ view, rows, moment }, "json"));
	assert.deepEqual([report.schema, report.endpoints.length], ["httpeek/1", moment.since.endpoints.length]);
});

test("the locale says whether there is UTF-8; the first that is set decides", () => {
	for (const [env, isUtf8] of [
		[{ LANG: "C.UTF-8" }, true],
		[{ LANG: "en_GB.utf8" }, true],
		[{ LANG: "en_GB.UTF-8", LC_ALL: "C" }, false],
		[{ LANG: "C", LC_CTYPE: "C.UTF-8", LC_ALL: "" }, true],
		[{}, false],
	] as const) {
		assert.equal(isUtf8Locale(env), isUtf8);
	}
});
