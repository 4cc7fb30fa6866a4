/** Keys by the names that reduce() knows, out of what ink reads from the terminal. */
import type { Key as InkKey } from "ink";
import type { Key } from "./reduce.js";

/** What is looked at of ink's description of a key. */
export type PressedKey = Pick<
	InkKey,
	| "upArrow"
	| "downArrow"
	| "leftArrow"
	| "rightArrow"
	| "pageUp"
	| "pageDown"
	| "home"
	| "end"
	| "return"
	| "escape"
	| "backspace"
	| "delete"
	| "tab"
	| "ctrl"
	| "shift"
	| "meta"
>;

const NAMES: readonly (readonly [keyof PressedKey, Key])[] = [
	["upArrow", "up"],
	["downArrow", "down"],
	["leftArrow", "left"],
	["rightArrow", "right"],
	["pageUp", "pageup"],
	["pageDown", "pagedown"],
	["home", "home"],
	["end", "end"],
	["return", "enter"],
	["escape", "escape"],
	["backspace", "backspace"],
	["delete", "delete"],
];

/** Controls that came within a longer text: keys typed faster than they are read. */
const CONTROLS: Readonly<Record<string, Key>> = {
	"\r": "enter",
	"\n": "enter",
	"\t": "tab",
	"\b": "backspace",
	"\u007f": "backspace",
};

/** SGR mouse reports, without their escape: button, column, row, pressed or released. */
const MOUSE = /^\[<(\d+);\d+;\d+[Mm]$/;
const WHEEL: Readonly<Record<string, Key>> = { 64: "wheel-up", 65: "wheel-down" };
const CONTROL = /\p{Cc}/u;
/** From the control that a terminal sends to the letter that was held with Ctrl. */
const LETTER_OF_CONTROL = 0x60;

/** The keys of one event; none for what has no meaning here. */
export function keysOf(input: string, key: PressedKey): readonly Key[] {
	const named = NAMES.find(([name]) => key[name]);
	if (named !== undefined) return [named[1]];
	if (key.tab) return [key.shift ? "[" : "tab"];
	if (key.ctrl) return /^[a-z]$/.test(input) ? [`ctrl-${input}`] : [];
	const button = MOUSE.exec(input)?.[1];
	if (button !== undefined) return WHEEL[button] === undefined ? [] : [WHEEL[button]];
	// another sequence of the terminal: ink takes the escape away
	if (/^[[O]./.test(input) && input.length > 1) return [];
	// Escape and a key soon after it look like Alt and that key, which has no meaning here
	const before = key.meta ? ["escape"] : [];
	const keys = [...input].flatMap((character) => {
		if (!CONTROL.test(character)) return [character];
		const letter = String.fromCharCode(character.charCodeAt(0) + LETTER_OF_CONTROL);
		return CONTROLS[character] ?? (/[a-z]/.test(letter) ? `ctrl-${letter}` : []);
	});
	return [...before, ...keys];
}
