/** How the screen looks on this terminal: colours that can be read on dark and on light, and characters that it has. */

export interface Look {
	readonly color: boolean;
	/** The terminal shows UTF-8; else everything is drawn in ASCII. */
	readonly isUtf8: boolean;
}

/** What a text means. Each meaning is also said in words or by a sign: colour is for those who see it. */
export type Tone = "error" | "warning" | "good" | "dim" | "bold" | "selected";

/** No yellow, no cyan, no bright colour: they vanish on white. Ends name what they end, so that tones can be nested. */
const SGR: Readonly<Record<Tone, readonly [begin: string, end: string]>> = {
	error: ["31", "39"],
	warning: ["35", "39"],
	good: ["32", "39"],
	dim: ["2", "22"],
	bold: ["1", "22"],
	selected: ["7", "27"],
};

/** The text in its tone, or as it is. */
export function toned(text: string, tone: Tone | undefined, { color }: Look): string {
	if (tone === undefined || !color || text === "") return text;
	const [begin, end] = SGR[tone];
	return `\u001b[${begin}m${text}\u001b[${end}m`;
}

export interface Glyphs {
	/** From nothing to full, in equal steps. */
	readonly levels: readonly string[];
	/** A bar's last character, from one eighth (or all) to full. */
	readonly bar: readonly string[];
	readonly ascending: string;
	readonly descending: string;
	readonly selected: string;
	/** At the end of what was cut. One column. */
	readonly cut: string;
	readonly rule: string;
}

const UNICODE: Glyphs = {
	levels: [...` ▁▂▃▄▅▆▇█`],
	bar: [..."▏▎▍▌▋▊▉█"],
	ascending: "▲",
	descending: "▼",
	selected: "▶",
	cut: "…",
	rule: "─",
};
const ASCII: Glyphs = {
	levels: [..." .:-=+*#@"],
	bar: ["#"],
	ascending: "^",
	descending: "v",
	selected: ">",
	cut: "~",
	rule: "-",
};

export function glyphsOf({ isUtf8 }: Look): Glyphs {
	return isUtf8 ? UNICODE : ASCII;
}

/** Whether the environment's locale is UTF-8 (POSIX: the first of the three that is not empty). */
export function isUtf8Locale(env: Readonly<Record<string, string | undefined>>): boolean {
	const locale = [env.LC_ALL, env.LC_CTYPE, env.LANG].find((value) => (value ?? "") !== "") ?? "";
	return /utf-?8/i.test(locale);
}
