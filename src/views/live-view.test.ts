/** The whole view on an emulated terminal. */
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import xterm from "@xterm/headless";
import { LiveView, type LiveViewOptions } from "./live-view.js";
import { shopAfter } from "./testing.js";

function viewOn(context: TestContext, options: Partial<LiveViewOptions> = {}) {
	const terminal = new xterm.Terminal({ cols: 90, rows: 20, allowProposedApi: true });
	let resized = (): void => undefined;
	const view = new LiveView({
		terminal: {
			get columns() {
				return terminal.cols;
			},
			get rows() {
				return terminal.rows;
			},
			write: (text) => terminal.write(text),
		},
		onResize: (listener) => {
			resized = listener;
			return () => undefined;
		},
		keyboard: undefined,
		host: "web-1",
		look: { color: true, isUtf8: true },
		onQuit: () => undefined,
		onFailure: (error) => assert.fail(String(error)),
		save: () => "",
		suspend: () => undefined,
		exits: new EventEmitter(),
		...options,
	});
	context.after(() => view.close());
	const lines = (): string[] =>
		Array.from({ length: terminal.rows }, (_, y) => terminal.buffer.active.getLine(y)?.translateToString(true) ?? "");
	const shows = async (pattern: RegExp): Promise<void> => {
		for (let turn = 0; turn < 1000 && !pattern.test(lines().join("\n")); turn += 1) await delay(5);
		assert.match(lines().join("\n"), pattern);
	};
	const resize = (columns: number, rows: number): void => {
		terminal.resize(columns, rows);
		resized();
	};
	return { view, terminal, lines, shows, resize };
}

test("nothing is touched before the start; then there is a screen at once, and numbers when they come", async (context) => {
	const { view, terminal, shows } = viewOn(context);
	view.leave();
	view.resume();
	view.push(shopAfter(1));
	await delay(30);
	assert.equal(terminal.buffer.active.type, "normal");
	view.start("a test");
	await shows(/^httpeek {2}web-1: a test/);
	view.push(shopAfter(2));
	await shows(/\/orders\/:id/);
	view.close();
	await new Promise<void>((resolve) => terminal.write("", resolve));
	assert.equal(terminal.buffer.active.type, "normal");
});

test("a resize draws the screen anew at its size", async (context) => {
	const { view, shows, resize, lines } = viewOn(context);
	view.start("a test");
	view.push(shopAfter(2));
	await shows(/\/orders\/:id/);
	resize(60, 10);
	await shows(/^q quit.*…$/m);
	assert.equal(lines().at(-1)?.startsWith("q quit"), true);
	resize(120, 30);
	await shows(/1-5 views$/m);
	assert.equal(lines().filter((line) => line.startsWith("httpeek")).length, 1);
});

test("a pause keeps what is shown, and what came meanwhile is there afterwards", async (context) => {
	const { view, shows, lines } = viewOn(context);
	view.start("a test");
	view.push(shopAfter(5));
	await shows(/ 5s$/m);
	view.press([" "]);
	await shows(/PAUSED {2}5s$/m);
	view.push(shopAfter(9));
	view.press(["down"]);
	await delay(50);
	assert.match(lines()[0] ?? "", /PAUSED {2}5s$/);
	view.press([" "]);
	await shows(/ {3}9s$/m);
});

test("what was saved is told, and what could not be", async (context) => {
	const saved: string[] = [];
	const { view, shows } = viewOn(context, {
		save: (name, format, text) => {
			saved.push(text);
			if (format === "json") throw new Error("the disk is full");
			return `${name}.${format}`;
		},
	});
	view.start("a test");
	view.push(shopAfter(5));
	view.press(["e", "c"]);
	await shows(/^saved to endpoints\.csv$/m);
	view.press(["e", "j"]);
	await shows(/^the disk is full$/m);
	view.press(["down"]);
	await shows(/^q quit/m);
	assert.match(saved[0] ?? "", /^service,role,/);
	assert.match(saved[1] ?? "", /^\{"schema":"httpeek\/1"/);
});

test("quit and stop are asked for", (context) => {
	const asked: string[] = [];
	const { view } = viewOn(context, { onQuit: () => asked.push("quit"), suspend: () => asked.push("suspend") });
	view.start("a test");
	view.press(["ctrl-z", "q", "ctrl-c"]);
	assert.deepEqual(asked, ["suspend", "quit", "quit"]);
});
