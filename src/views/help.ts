/** What `?` shows: every key, every number of the view, the filter. */
import { alignToWidth, displayWidth } from "../base/width.js";
import { type Look, toned } from "./look.js";
import { fit } from "./screen-text.js";
import type { ViewId } from "./view.js";
import { ALL_VIEWS, viewOf } from "./view-list.js";

const KEYS: readonly (readonly [keys: string, does: string])[] = [
	["up down j k", "move; PgUp PgDn by a page, g G (Home End) to the ends; the mouse wheel scrolls"],
	["1 - 5, [ ], Tab", "the view"],
	["Enter", "open what is selected"],
	["Esc", "back; then without the filter"],
	["/", "filter while you type; Enter keeps it, Esc leaves it as it was"],
	["s", "menu of what to sort by"],
	["< > or arrows", "sort by the column to the left or right"],
	["I", "turn the order round"],
	["Space", "pause: what is shown stays, counting goes on"],
	["r", "count from here on: counts begin at 0, rates go on"],
	["e", "save what is shown to a file in this folder: JSON or CSV"],
	["Ctrl-L", "draw the screen anew"],
	["Ctrl-Z", "stop; fg goes on"],
	["q, Ctrl-C", "quit"],
];

const FILTER: readonly (readonly [what: string, means: string])[] = [
	["orders", "part of a route, service or peer"],
	["status:5xx", "404, 5xx, 400-499, 5+, 0 (no response); or --status 5xx, as on the command line"],
	["path:/api/**", "route; * in a segment, ** across, ? one character"],
	["service:nginx", "service; * is any text"],
	["method:GET port:80 role:client", "what they say; lists with commas"],
];

const NUMBERS: readonly (readonly [what: string, means: string])[] = [
	["req/s, errors", "of what is shown, over the last 10 seconds; each exchange at one end only"],
	["lost", "requests and responses that may be missing from the counts, with the reasons below: docs/losses.md"],
	[
		"kernel",
		"time of the programs in the kernel: measured where kernel.bpf_stats_enabled is on, else 0.8 us an exchange",
	],
	["httpeek", "what this program takes of a core, the view included"],
	["dim", "nothing happens there now"],
];

/** The lines, as many as it takes. */
export function helpLines(view: ViewId, width: number, look: Look): string[] {
	const { what, columns } = viewOf(view);
	const lines = (entries: readonly (readonly [string, string])[]): string[] => {
		const first = Math.min(Math.floor(width / 3), Math.max(...entries.map(([name]) => displayWidth(name))));
		return entries.flatMap(([name, text]) => described(name, text, first, width, look));
	};
	const heading = (text: string): string => toned(fit(text, width, look), "bold", look);
	return [
		heading("Keys"),
		...lines(KEYS),
		"",
		heading(`Columns of ${view}`),
		...wrap(what, width),
		...lines(columns.map(({ title, help }) => [title, help])),
		"",
		heading("Above the table"),
		...lines(NUMBERS),
		"",
		heading("Filter: same name again is or, different names are and"),
		...lines(FILTER),
		"",
		heading("Views"),
		...lines(ALL_VIEWS.map((each, index) => [`${index + 1} ${each.id}`, each.what])),
	];
}

function described(name: string, text: string, first: number, width: number, look: Look): string[] {
	const rest = wrap(text, Math.max(10, width - first - 4));
	const [top = "", ...below] = rest;
	const title = alignToWidth(fit(name, first, look), first, "start");
	return [`  ${title}  ${top}`, ...below.map((line) => `${" ".repeat(first + 4)}${line}`)].map((line) =>
		fit(line, width, look),
	);
}

/** Words in lines of at most so many columns. */
function wrap(text: string, width: number): string[] {
	const lines: string[] = [];
	let line = "";
	for (const word of text.split(" ")) {
		if (line !== "" && displayWidth(line) + displayWidth(word) + 1 > width) {
			lines.push(line);
			line = word;
		} else {
			line = line === "" ? word : `${line} ${word}`;
		}
	}
	return [...lines, line];
}
