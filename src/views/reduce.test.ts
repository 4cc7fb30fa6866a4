import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cursorIndex, firstRow, type Key, reduce, type Shown } from "./reduce.js";
import { initialState, type ViewState } from "./state.js";
import { VIEW_IDS } from "./view.js";
import { viewOf } from "./view-list.js";

const keys = Array.from({ length: 30 }, (_, at) => `row ${at}`);

function shownIn(state: ViewState, more: Partial<Shown> = {}): Shown {
	return {
		keys,
		page: 10,
		lines: 50,
		linesPage: 20,
		sortable: viewOf(state.view).columns.map(({ id, align }) => ({ column: id, descending: align === "end" })),
		opening: () => ({ kind: "endpoint", key: "an endpoint" }),
		...more,
	};
}

function after(pressed: readonly Key[], more: Partial<Shown> = {}, from = initialState()): ViewState {
	return pressed.reduce((state, key) => reduce(state, key, shownIn(state, more)).state, from);
}

function effectOf(pressed: readonly Key[]) {
	const last = pressed.at(-1) ?? "";
	const state = after(pressed.slice(0, -1));
	return reduce(state, last, shownIn(state)).effect;
}

test("the cursor moves by rows, pages and to the ends, stays on its row, and comes back to the top", () => {
	for (const [pressed, index, top] of [
		[["down"], 1, 0],
		[["j", "j", "k"], 1, 0],
		[["pagedown"], 10, 1],
		[["G"], 29, 20],
		[["end", "up"], 28, 20],
		[["G", "home"], 0, 0],
		[["wheel-down", "wheel-down", "wheel-up"], 3, 0],
		[["up"], 0, 0],
	] as const) {
		const { cursor } = after(pressed);
		assert.deepEqual([cursorIndex(cursor, keys), cursor.top], [index, top], pressed.join(" "));
	}
	const { cursor } = after(["down", "down"]);
	assert.equal(cursorIndex(cursor, ["new", ...keys]), 3, "the row is followed");
	assert.equal(cursorIndex(cursor, ["new"]), 0, "the row is gone");
	assert.equal(cursorIndex(after(["down", "up"]).cursor, ["new", ...keys]), 0, "the top is not a row");
});

test("the first row: the cursor is always on the screen, and no room is wasted", () => {
	fc.assert(
		fc.property(
			fc.nat(100),
			fc.nat(100),
			fc.integer({ min: 1, max: 40 }),
			fc.integer({ min: 1, max: 100 }),
			(top, at, page, rows) => {
				const index = Math.min(at, rows - 1);
				const first = firstRow(top, index, page, rows);
				assert.ok(first <= index && index < first + page);
				assert.ok(first >= 0 && (first === 0 || first + page <= rows));
			},
		),
	);
});

test("views by digit, by bracket and by tab, all round", () => {
	assert.deepEqual(
		["1", "2", "3", "4", "5"].map((key) => after([key]).view),
		VIEW_IDS,
	);
	assert.equal(after(["["]).view, "peers");
	assert.equal(after(["[", "]"]).view, "endpoints");
	assert.equal(after(["tab"]).view, "services");
	assert.equal(after(["9"]).view, "endpoints");
	assert.equal(after(["down", "enter", "2"]).detail, undefined);
});

test("sorting: the column beside, the order, and the menu; each view has its own", () => {
	assert.deepEqual(after([">"]).sorts.endpoints, { column: "count", descending: true });
	assert.deepEqual(after(["<"]).sorts.endpoints, { column: "endpoint", descending: false });
	assert.deepEqual(after(["I"]).sorts.endpoints, { column: "rate", descending: false });
	assert.deepEqual(after(["I"]).sorts.services, viewOf("services").sort);
	assert.deepEqual(after(["s", "up", "enter"]).sorts.endpoints, { column: "endpoint", descending: false });
	for (const leave of ["escape", "q", "s"]) assert.deepEqual(after(["s", "up", leave]).sorts, initialState().sorts);
	const first = after(["s", "home", "enter"]);
	assert.deepEqual([first.overlay, first.sorts.endpoints], [undefined, { column: "service", descending: false }]);
	assert.deepEqual(after(["s", "home", "enter", "<", "<"]).sorts.endpoints.column, "service");
});

test("a filter holds while it is typed; Enter keeps it, Escape brings the one before back", () => {
	const typed = after(["/", ..."status:5xx"]);
	assert.equal(typed.filter, "status:5xx");
	assert.equal(after(["enter"], {}, typed).overlay, undefined);
	assert.equal(after(["enter", "/", "x", "escape"], {}, typed).filter, "status:5xx");
	assert.equal(after(["enter", "escape"], {}, typed).filter, "");
	assert.equal(after(["/", ..."users status:5"]).filter, "users ", "what is not complete filters nothing");
	assert.equal(after(["/", ..."--min-latency 1"]).filter, "", "nor what there is not");
	assert.equal(after(["/", ..."abc", "backspace"]).filter, "ab");
	assert.equal(after(["/", ..."abc d", "ctrl-w", "ctrl-w", ..."x"]).filter, "x");
	assert.equal(after(["/", ..."abc", "ctrl-u"]).filter, "");
	assert.equal(after(["/", "q", "1", "?", " "]).filter, "q1? ", "keys are text there");
	assert.ok(after(["/", ..."x".repeat(2000)]).filter.length <= 500);
	assert.equal(after(["enter", "/", ..."a"]).detail, undefined, "the table is shown");
});

test("Enter opens, Escape leads back to the same row", () => {
	const open = after(["down", "down", "enter"]);
	assert.deepEqual(open.detail, { key: "an endpoint", top: 0 });
	assert.equal(after(["pagedown", "pagedown", "pagedown"], {}, open).detail?.top, 30);
	assert.equal(after(["G", "g"], {}, open).detail?.top, 0);
	const back = after(["escape"], {}, open);
	assert.deepEqual([back.detail, cursorIndex(back.cursor, keys)], [undefined, 2]);
	assert.equal(after(["enter"], { opening: () => undefined }).detail, undefined);

	const opening = () => ({ kind: "filter", text: "service:shop" }) as const;
	const drilled = after(["2", "down", "enter"], { opening });
	assert.deepEqual([drilled.view, drilled.filter], ["endpoints", "service:shop"]);
	const returned = after(["escape"], {}, drilled);
	assert.deepEqual([returned.view, returned.filter, cursorIndex(returned.cursor, keys)], ["services", "", 1]);
	const many = new Array<Key>(50).fill("enter");
	assert.ok(after(many, { opening }).back.length <= 20, "it does not grow for ever");
});

test("what the program has to do", () => {
	for (const [pressed, effect] of [
		[["q"], "quit"],
		[["ctrl-c"], "quit"],
		[["/", "ctrl-c"], "quit"],
		[["?", "q"], undefined],
		[["ctrl-z"], "suspend"],
		[["ctrl-l"], "repaint"],
		[["r"], "reset"],
		[["e", "j"], "save-json"],
		[["e", "c"], "save-csv"],
		[["e", "escape", "j"], undefined],
		[["e", "x"], undefined],
	] as const) {
		assert.equal(effectOf(pressed), effect, pressed.join(" "));
	}
	assert.equal(after(["?", "escape"]).overlay, undefined);
	assert.deepEqual(after(["?", "pagedown"]).overlay, { kind: "help", top: 20 });
	assert.equal(after([" "]).isPaused, true);
	assert.equal(after([" ", " "]).isPaused, false);
	assert.notEqual(after(["r"]).message, undefined);
	assert.equal(after(["r", "down"]).message, undefined, "the next key takes a message away");
});

test("property: no sequence of keys breaks it", () => {
	const key = fc.oneof(
		fc.constantFrom<Key[]>(
			"up",
			"down",
			"enter",
			"escape",
			"/",
			"s",
			"?",
			"e",
			"r",
			" ",
			"[",
			"]",
			"tab",
			"<",
			">",
			"I",
			"G",
			"g",
		),
		fc.constantFrom<Key[]>(
			"pageup",
			"pagedown",
			"wheel-up",
			"wheel-down",
			"backspace",
			"ctrl-w",
			"delete",
			"left",
			"right",
			"nonsense",
		),
		fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
	);
	fc.assert(
		fc.property(fc.array(key, { maxLength: 40 }), fc.constantFrom(0, 1, 30), (pressed, rows) => {
			const state = after(pressed, { keys: keys.slice(0, rows) });
			const index = cursorIndex(state.cursor, keys.slice(0, rows));
			assert.ok(index >= 0 && index < Math.max(1, rows));
		}),
	);
});
