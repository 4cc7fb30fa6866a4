import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import xterm from "@xterm/headless";
import fc from "fast-check";
import { TerminalScreen } from "./terminal-screen.js";

const ENTER = "\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[?1000h\u001b[?1006h";
const LEAVE = "\u001b[?1006l\u001b[?1000l\u001b[?7h\u001b[?25h\u001b[?1049l";

test("the terminal is taken over once, drawn in one write a frame, and given back once", () => {
	const written: string[] = [];
	const exits = new EventEmitter();
	const screen = new TerminalScreen({ columns: 0, rows: undefined, write: (text) => written.push(text) }, exits);
	assert.deepEqual(screen.size, { rows: 24, columns: 80 });
	screen.close();
	screen.draw(["nothing before it is opened"]);
	screen.open();
	screen.open();
	screen.draw(["one", "two"]);
	screen.draw(["one", "three"]);
	screen.draw(["one", "three"]);
	screen.draw(["one"]);
	screen.invalidate();
	screen.draw(["one"]);
	screen.close();
	screen.close();
	const line = (row: number, text: string) => `\u001b[${row};1H\u001b[K${text}\u001b[0m`;
	const frame = (text: string) => `\u001b[?2026h${text}\u001b[?2026l`;
	assert.deepEqual(written, [
		ENTER,
		frame(`\u001b[2J${line(1, "one")}${line(2, "two")}`),
		frame(line(2, "three")),
		frame(line(2, "")),
		frame(`\u001b[2J${line(1, "one")}`),
		LEAVE,
	]);
	assert.deepEqual(exits.eventNames(), []);
});

test("a process that ends in any way gives the terminal back", () => {
	for (const event of ["exit", "uncaughtExceptionMonitor"]) {
		const written: string[] = [];
		const exits = new EventEmitter();
		new TerminalScreen({ write: (text) => written.push(text) }, exits).open();
		exits.emit(event);
		assert.deepEqual(written, [ENTER, LEAVE]);
	}
});

/** What a real terminal makes of the bytes. */
class Emulator {
	readonly terminal: xterm.Terminal;

	constructor(columns: number, rows: number) {
		this.terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
	}

	/** All that was written is on the screen. */
	settled(): Promise<void> {
		return new Promise((resolve) => this.terminal.write("", resolve));
	}

	get lines(): string[] {
		const { active } = this.terminal.buffer;
		return Array.from({ length: this.terminal.rows }, (_, y) => active.getLine(y)?.translateToString(true) ?? "");
	}
}

test("property: what was drawn line by line is what a terminal shows, at full width and height, after resizes too", async () => {
	const size = fc.record({ columns: fc.integer({ min: 2, max: 30 }), rows: fc.integer({ min: 1, max: 8 }) });
	const steps = fc.array(
		fc.record({
			resize: fc.option(size, { freq: 4 }),
			lines: fc.array(fc.string({ unit: fc.constantFrom("a", "b", "-", "漢"), maxLength: 30 }), { maxLength: 8 }),
		}),
		{ maxLength: 8 },
	);
	await fc.assert(
		fc.asyncProperty(size, steps, async (first, drawn) => {
			const emulator = new Emulator(first.columns, first.rows);
			const { terminal } = emulator;
			terminal.write("before\r\n");
			const screen = new TerminalScreen({ write: (text) => terminal.write(text) }, new EventEmitter());
			screen.open();
			for (const { resize, lines } of drawn) {
				if (resize !== null) {
					await emulator.settled();
					terminal.resize(resize.columns, resize.rows);
					screen.invalidate();
				}
				const fitting = lines.slice(0, terminal.rows).map((line) => cut(line, terminal.cols));
				screen.draw(fitting);
				await emulator.settled();
				assert.deepEqual(
					emulator.lines,
					Array.from({ length: terminal.rows }, (_, row) => fitting[row] ?? ""),
				);
			}
			screen.close();
			await emulator.settled();
			assert.equal(terminal.buffer.active.type, "normal");
			assert.equal(terminal.modes.mouseTrackingMode, "none");
			assert.equal(terminal.modes.wraparoundMode, true);
			terminal.dispose();
		}),
		{ numRuns: 60 },
	);
});

/** As many characters as fit: the wide one takes two columns. */
function cut(line: string, columns: number): string {
	let [text, width] = ["", 0];
	for (const character of line) {
		width += character === "漢" ? 2 : 1;
		if (width > columns) break;
		text += character;
	}
	return text;
}
