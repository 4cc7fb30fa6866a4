/** Text of others on a full screen: not only harmless, but of a width that every terminal agrees on. */
import { escapeText } from "../base/escape.js";
import { truncateToWidth } from "../base/width.js";
import { glyphsOf, type Look } from "./look.js";

const PLAIN = /^[\x20-\x7e]*$/;
/**
 * Beyond ASCII only letters and digits of scripts that are written from left to right, one character after another, and
 * whose width is the same everywhere. Combining characters, right-to-left letters (terminals reorder the line around
 * them) and pictures are shown as their code point.
 */
const UNCERTAIN =
	/[^\x20-\x7e\u00a1-\u00ac\u00ae-\u024f\u0370-\u0373\u0386-\u03ff\u0400-\u0482\u048a-\u052f\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3]/gu;
const NOT_ASCII = /[^\x20-\x7e]/gu;

function asCodePoint(character: string): string {
	return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** The text as it can stand in a table: one line, nothing invisible, no two texts alike. */
export function screenText(text: string, look: Look): string {
	const escaped = escapeText(text);
	return PLAIN.test(escaped) ? escaped : escaped.replace(look.isUtf8 ? UNCERTAIN : NOT_ASCII, asCodePoint);
}

/** The text cut to a number of terminal columns. */
export function fit(text: string, columns: number, look: Look): string {
	return truncateToWidth(text, Math.max(0, columns), glyphsOf(look).cut);
}
