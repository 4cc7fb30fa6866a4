/** How many terminal columns a text takes. Good enough for tables: text comes escaped, so nothing here is a control. */

const ZERO_WIDTH = /\p{M}/u;
/** East Asian wide and fullwidth blocks, and emoji that are shown as pictures. */
const DOUBLE_WIDTH =
	/[\u1100-\u115f\u2e80-\u303e\u3041-\u4dbf\u4e00-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
const ASCII_ONLY = /^[\x20-\x7e]*$/;

function characterWidth(character: string): number {
	if (ZERO_WIDTH.test(character)) {
		return 0;
	}
	return DOUBLE_WIDTH.test(character) ? 2 : 1;
}

/** Columns that the text takes. */
export function displayWidth(text: string): number {
	if (ASCII_ONLY.test(text)) {
		return text.length;
	}
	let width = 0;
	for (const character of text) {
		width += characterWidth(character);
	}
	return width;
}

/** The text cut to at most `columns`; a cut text ends in `mark`, which takes one column. */
export function truncateToWidth(text: string, columns: number, mark = "…"): string {
	if (displayWidth(text) <= columns) {
		return text;
	}
	if (columns <= 0) {
		return "";
	}
	let kept = "";
	let width = 0;
	for (const character of text) {
		const next = characterWidth(character);
		if (width + next > columns - 1) {
			break;
		}
		kept += character;
		width += next;
	}
	return `${kept}${mark}`;
}

/** The text filled up with spaces to `columns`, on the left (`end`) or right (`start`) of it. */
export function alignToWidth(text: string, columns: number, align: "start" | "end"): string {
	const padding = " ".repeat(Math.max(0, columns - displayWidth(text)));
	return align === "end" ? padding + text : text + padding;
}
