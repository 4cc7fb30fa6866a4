/** What ink makes of lines and of keys. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { render } from "ink-testing-library";
import { App } from "./app.js";
import type { Key } from "./reduce.js";

test("lines come out as they are: colours, empty ones, spaces before them", () => {
	const lines = ["one", "", "  \u001b[31mred\u001b[39m two", "漢字 …"];
	const { lastFrame, rerender, unmount } = render(<App lines={lines} />);
	assert.equal(lastFrame(), lines.join("\n"));
	rerender(<App lines={["less"]} />);
	assert.equal(lastFrame(), "less");
	unmount();
});

/** What is written to the terminal when a key is pressed, and the key. */
const PRESSED: readonly (readonly [bytes: string, keys: readonly Key[]])[] = [
	["j", ["j"]],
	["jjk", ["j", "j", "k"]],
	[" ", [" "]],
	["I", ["I"]],
	["é", ["é"]],
	["\u001b[A", ["up"]],
	["\u001bOB", ["down"]],
	["\u001b[C", ["right"]],
	["\u001b[D", ["left"]],
	["\u001b[5~", ["pageup"]],
	["\u001b[6~", ["pagedown"]],
	["\u001b[H", ["home"]],
	["\u001b[4~", ["end"]],
	["\r", ["enter"]],
	["\t", ["tab"]],
	["\u001b[Z", ["["]],
	["\u007f", ["delete"]],
	["\b", ["backspace"]],
	["\u0003", ["ctrl-c"]],
	["\u001a", ["ctrl-z"]],
	["\f", ["ctrl-l"]],
	["\u001b[<64;10;5M", ["wheel-up"]],
	["\u001b[<65;10;5M", ["wheel-down"]],
	["\u001b[<64;1;1M\u001b[<64;1;1M", ["wheel-up", "wheel-up"]],
	["\u001b[<0;10;5M\u001b[<0;10;5m", []],
	["\u001b[15~", []],
	["\u001b[200;5u", []],
	["\u001bq", ["escape", "q"]],
	["ab\r", ["a", "b", "enter"]],
	["/\u0015x\u0003", ["/", "ctrl-u", "x", "ctrl-c"]],
	["a\u0000\u009b", ["a"]],
];

test("keys by what terminals send for them", async () => {
	for (const [bytes, expected] of PRESSED) {
		const pressed: Key[] = [];
		const { stdin, unmount } = render(<App lines={["x"]} onKeys={(keys) => pressed.push(...keys)} />);
		await setImmediate();
		stdin.write(bytes);
		await setImmediate();
		assert.deepEqual(pressed, expected, JSON.stringify(bytes));
		unmount();
	}
});

test("Escape alone is a key, once nothing follows it", async () => {
	const pressed: Key[] = [];
	const { stdin, unmount } = render(<App lines={["x"]} onKeys={(keys) => pressed.push(...keys)} />);
	await setImmediate();
	stdin.write("\u001b");
	for (let turn = 0; turn < 50 && pressed.length === 0; turn += 1) await setImmediate();
	assert.deepEqual(pressed, ["escape"]);
	unmount();
});
