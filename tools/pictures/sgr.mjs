/**
 * What a terminal shows, from the text that tmux gives of it: lines of runs of one style. Only SGR sequences are expected
 * (https://invisible-island.net/xterm/ctlseqs/ctlseqs.html); others are left out.
 */

/**
 * @typedef {object} Style
 * @property {string} [fg] `#rrggbb`, or a number of the 256-colour palette as text
 * @property {string} [bg]
 * @property {boolean} [bold]
 * @property {boolean} [dim]
 * @property {boolean} [italic]
 * @property {boolean} [underline]
 * @property {boolean} [inverse]
 *
 * @typedef {{ text: string, style: Style }} Run
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals are made of them
const PIECE = /\x1b\[([\d;:]*)m|\x1b\[[\d;:?]*[@-~]|\x1b[^[]|[\x00-\x1f\x7f-\x9f]|[^\x00-\x1f\x7f-\x9f]+/g;

/** @param {string} text lines as of `tmux capture-pane -e -p` @returns {Run[][]} */
export function parseScreen(text) {
	/** @type {Style} */
	let style = {};
	return text
		.replace(/\n$/, "")
		.split("\n")
		.map((line) => {
			/** @type {Run[]} */
			const runs = [];
			for (const [piece, parameters] of line.matchAll(PIECE)) {
				if (parameters !== undefined) style = applySgr(style, parameters);
				else if (piece >= " " && !/^[\x7f-\x9f]/.test(piece)) runs.push({ text: piece, style });
			}
			return runs;
		});
}

/** @type {Record<number, Style>} */
const SETS = {
	1: { bold: true },
	2: { dim: true },
	3: { italic: true },
	4: { underline: true },
	7: { inverse: true },
	22: { bold: false, dim: false },
	23: { italic: false },
	24: { underline: false },
	27: { inverse: false },
};

/** @param {Style} before @param {string} parameters as `1;38;5;42` @returns {Style} a new one */
export function applySgr(before, parameters) {
	const codes = parameters.split(/[;:]/).map(Number);
	let style = { ...before };
	for (let at = 0; at < codes.length; at++) {
		const code = codes[at] ?? 0;
		if (code === 0) style = {};
		else if (code in SETS) Object.assign(style, SETS[code]);
		else if (code === 39) delete style.fg;
		else if (code === 49) delete style.bg;
		else if (code === 38 || code === 48) {
			const { color, length } = extendedColor(codes.slice(at + 1));
			if (color !== undefined) style[code === 38 ? "fg" : "bg"] = color;
			at += length;
		} else if (code >= 30 && code <= 37) style.fg = String(code - 30);
		else if (code >= 40 && code <= 47) style.bg = String(code - 40);
		else if (code >= 90 && code <= 97) style.fg = String(code - 90 + 8);
		else if (code >= 100 && code <= 107) style.bg = String(code - 100 + 8);
	}
	return style;
}

/** @param {number[]} codes what follows 38 or 48 @returns {{ color: string | undefined, length: number }} */
function extendedColor([kind, first = 0, second = 0, third = 0]) {
	if (kind === 5) return { color: String(first), length: 2 };
	if (kind !== 2) return { color: undefined, length: 1 };
	const hex = [first, second, third].map((part) => Math.min(255, part).toString(16).padStart(2, "0"));
	return { color: `#${hex.join("")}`, length: 4 };
}
