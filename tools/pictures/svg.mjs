/**
 * A terminal's screen as SVG: text that can be read, searched and scaled, on a background of its own, so that it is as
 * legible on a light page as on a dark one. No fonts, scripts or anything else is fetched.
 */
import { displayWidth } from "../../dist/src/base/width.js";

/** @typedef {import("./sgr.mjs").Run} Run @typedef {import("./sgr.mjs").Style} Style */

const CELL = { width: 8.4, height: 18 };
const BASELINE = 13.5;
const MARGIN = 14;
const FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace";
const FONT_SIZE = 14;
const BACKGROUND = "#0d1117";
const FOREGROUND = "#e6edf3";
const BORDER = "#3d444d";
/** Of the 16 colours, readable on the background: contrast at least 4.5, but for black. */
const PALETTE = [
	...["#484f58", "#ff7b72", "#3fb950", "#d29922", "#58a6ff", "#bc8cff", "#39c5cf", "#c9d1d9"],
	...["#8b949e", "#ffa198", "#56d364", "#e3b341", "#79c0ff", "#d2a8ff", "#56d4dd", "#ffffff"],
];
const DIM_OPACITY = 0.65;

/**
 * @param {Run[][]} lines
 * @param {{ title: string, columns: number }} options title: what the picture shows, for people who do not see it
 * @returns {string}
 */
export function renderSvg(lines, { title, columns }) {
	const [width, height] = [columns * CELL.width + 2 * MARGIN, lines.length * CELL.height + 2 * MARGIN];
	const size = `${number(width)} ${number(height)}`;
	return [
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size}" width="${number(width)}" height="${number(height)}" role="img">`,
		`<title>${escapeXml(title)}</title>`,
		`<rect x="0.5" y="0.5" width="${number(width - 1)}" height="${number(height - 1)}" rx="8" fill="${BACKGROUND}" stroke="${BORDER}"/>`,
		`<g font-family="${FONT}" font-size="${FONT_SIZE}" fill="${FOREGROUND}" xml:space="preserve">`,
		...lines.flatMap((runs, row) => renderLine(runs, row)),
		"</g>",
		"</svg>",
		"",
	].join("\n");
}

/** @param {Run[]} runs @param {number} row @returns {string[]} */
function renderLine(runs, row) {
	const elements = [];
	let column = 0;
	for (const { text, style } of runs) {
		const colors = colorsOf(style);
		const width = displayWidth(text);
		if (colors.bg !== undefined) elements.push(rectangle(column, row, { width, height: 1 }, colors.bg));
		elements.push(...renderText(text, style, colors.fg, column, row));
		column += width;
	}
	return elements;
}

/** Words at their own columns, so that no font moves what stands below each other. */
const WORD = /[\u2581-\u258f]|[^ \u2581-\u258f]+(?: [^ \u2581-\u258f]+)*/g;

/** @param {string} text @param {Style} style @param {string | undefined} fg @param {number} column @param {number} row */
function renderText(text, style, fg, column, row) {
	return [...text.matchAll(WORD)].map(({ 0: word, index }) => {
		const at = column + displayWidth(text.slice(0, index));
		const block = blockOf(word);
		const opacity = style.dim ? ` opacity="${DIM_OPACITY}"` : "";
		if (block !== undefined) return rectangle(at, row, block, fg ?? FOREGROUND, opacity);
		const attributes = [
			`x="${number(MARGIN + at * CELL.width)}" y="${number(MARGIN + row * CELL.height + BASELINE)}"`,
			`textLength="${number(displayWidth(word) * CELL.width)}" lengthAdjust="spacingAndGlyphs"`,
			...(fg === undefined ? [] : [`fill="${fg}"`]),
			...(style.bold ? ['font-weight="bold"'] : []),
			...(style.italic ? ['font-style="italic"'] : []),
			...(style.underline ? ['text-decoration="underline"'] : []),
		];
		return `<text ${attributes.join(" ")}${opacity}>${escapeXml(word)}</text>`;
	});
}

/** Parts of a cell: fonts draw them with gaps. @param {string} character @returns {{ width: number, height: number } | undefined} */
function blockOf(character) {
	const code = character.codePointAt(0) ?? 0;
	if (code >= 0x2581 && code <= 0x2588) return { width: 1, height: (code - 0x2580) / 8 };
	if (code >= 0x2589 && code <= 0x258f) return { width: (0x2590 - code) / 8, height: 1 };
	return undefined;
}

/** From the bottom left of its first cell. */
function rectangle(column, row, { width, height }, fill, opacity = "") {
	const y = MARGIN + (row + 1 - height) * CELL.height;
	const size = `width="${number(width * CELL.width)}" height="${number(height * CELL.height)}"`;
	return `<rect x="${number(MARGIN + column * CELL.width)}" y="${number(y)}" ${size} fill="${fill}"${opacity}/>`;
}

/** @param {Style} style @returns {{ fg: string | undefined, bg: string | undefined }} undefined: the picture's own */
function colorsOf({ fg, bg, inverse }) {
	const [front, back] = [colorOf(fg), colorOf(bg)];
	return inverse ? { fg: back ?? BACKGROUND, bg: front ?? FOREGROUND } : { fg: front, bg: back };
}

/** @param {string | undefined} color @returns {string | undefined} */
function colorOf(color) {
	if (color === undefined || color.startsWith("#")) return color;
	const index = Number(color);
	if (index < 16) return PALETTE[index];
	if (index >= 232) return gray(8 + (index - 232) * 10);
	// a cube of six levels
	const level = (/** @type {number} */ value) => (value === 0 ? 0 : 55 + value * 40);
	const [red, green, blue] = [Math.floor((index - 16) / 36), Math.floor(((index - 16) % 36) / 6), (index - 16) % 6];
	return `#${[red, green, blue].map((value) => hex(level(value))).join("")}`;
}

/** @param {number} value */
const gray = (value) => `#${hex(value).repeat(3)}`;
/** @param {number} value */
const hex = (value) => value.toString(16).padStart(2, "0");
/** @param {number} value */
const number = (value) => String(Math.round(value * 100) / 100);

/** XML has no controls, lone surrogates or non-characters at all. @param {string} text */
function escapeXml(text) {
	const entities = /** @type {Record<string, string>} */ ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" });
	return text
		.replace(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, "\ufffd")
		.replace(/[&<>"]/g, (character) => entities[character] ?? character);
}
