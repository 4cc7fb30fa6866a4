/**
 * The report for pull requests, issues and chats: GitHub's Markdown (https://github.github.com/gfm/). Everything that
 * others wrote stands in code spans, where no mark-up, HTML, mention (@name) or reference (#123) means anything; only
 * backticks and, in tables, pipes do, and they are dealt with here.
 */
import { escapeText } from "../base/escape.js";
import { truncateToWidth } from "../base/width.js";
import type { EndpointRow, Role, Snapshot } from "../model/snapshot.js";
import { totalsOf } from "../model/totals.js";
import { chosenRows, type RowOptions } from "./options.js";
import { lossLines, totalsLine } from "./table.js";
import { formatQuantile, ROLE_HEADINGS, statusCell } from "./texts.js";

export interface MarkdownOptions extends RowOptions {
	/** What was watched: a command line, say. */
	readonly title?: string;
}

/** Columns of a text in a cell or title: what is longer makes the rest of a table unreadable. */
const LONGEST_TEXT = 120;
/** Failed connections are by peer, and a port scan has many. */
const MOST_CONNECTIONS = 20;

/**
 * A text of others as a code span on one line, which shows it as escapeText() writes it. A span is delimited by more
 * backticks than it holds in a row; the space inside is taken away by the reader where both ends have one and there is something else.
 */
export function codeSpan(text: string): string {
	const shown = truncateToWidth(escapeText(text), LONGEST_TEXT);
	if (shown === "") {
		return "(empty)";
	}
	const longest = Math.max(0, ...(shown.match(/`+/g) ?? []).map(({ length }) => length));
	const fence = "`".repeat(longest + 1);
	const padding = /^[ `].*[^ ]|[^ ].*[ `]$|^`$/.test(shown) ? " " : "";
	return fence + padding + shown + padding + fence;
}

/** As codeSpan(), for a cell of a table: there a pipe ends the cell even in a span, unless a backslash is before it. */
function codeCell(text: string): string {
	return codeSpan(text).replaceAll("|", "\\|");
}

interface MarkdownColumn {
	readonly title: string;
	readonly align: "start" | "end";
	readonly cell: (row: EndpointRow) => string;
}

/** Failures are bold, so that they are found without colours. */
function statusText(row: EndpointRow): string {
	const { text, style } = statusCell(row);
	return style === undefined ? text : `**${text}**`;
}

function columnsOf(role: Role): readonly MarkdownColumn[] {
	const text = (title: string, cell: MarkdownColumn["cell"]): MarkdownColumn => ({ title, align: "start", cell });
	const number = (title: string, cell: MarkdownColumn["cell"]): MarkdownColumn => ({ title, align: "end", cell });
	return [
		text("Service", ({ service }) => codeCell(service)),
		role === "server"
			? number("Port", ({ port }) => String(port))
			: text("Peer", ({ peer }) => (peer === null ? "-" : codeCell(peer))),
		text("Method", ({ method }) => codeCell(method)),
		text("Endpoint", ({ route }) => codeCell(route)),
		number("Status", statusText),
		number("Count", ({ count }) => String(count)),
		number("p50", ({ latency }) => formatQuantile(latency, 0.5)),
		number("p99", ({ latency }) => formatQuantile(latency, 0.99)),
	];
}

function table(titles: readonly string[], aligns: readonly ("start" | "end")[], rows: readonly string[][]): string[] {
	const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
	return [line(titles), line(aligns.map((align) => (align === "end" ? "---:" : "---"))), ...rows.map(line)];
}

function endpointLines(snapshot: Snapshot, role: Role, options: RowOptions): string[] {
	const ofRole = snapshot.endpoints.filter((row) => row.role === role);
	const rows = chosenRows(ofRole, options);
	if (rows.length === 0) {
		return [];
	}
	const columns = columnsOf(role);
	const cells = rows.map((row) => columns.map(({ cell }) => cell(row)));
	const hidden = ofRole.length - rows.length;
	return [
		"",
		`**${ROLE_HEADINGS[role]}**`,
		"",
		...table(
			columns.map(({ title }) => title),
			columns.map(({ align }) => align),
			cells,
		),
		...(hidden > 0 ? ["", `… and ${hidden} more rows`] : []),
	];
}

function connectionLines({ connections }: Snapshot): string[] {
	if (connections.length === 0) {
		return [];
	}
	const shown = connections.slice(0, MOST_CONNECTIONS);
	const rows = shown.map(({ service, role, peer, outcome, count }) => [
		codeCell(service),
		role,
		peer === null ? "-" : codeCell(peer),
		`**${outcome}**`,
		String(count),
	]);
	const hidden = connections.length - shown.length;
	return [
		"",
		"**Connections that failed**",
		"",
		...table(["Service", "Role", "Peer", "How", "Count"], ["start", "start", "start", "start", "end"], rows),
		...(hidden > 0 ? ["", `… and ${hidden} more`] : []),
	];
}

/** The report as Markdown: a line of totals, then tables of what was served and what was called. Ends in a newline. */
export function formatMarkdown(snapshot: Snapshot, options: MarkdownOptions = {}): string {
	const title = options.title === undefined ? "" : ` ${codeSpan(options.title)}`;
	const losses = lossLines(snapshot);
	const lines = [
		`**httpeek**${title}: ${totalsLine(totalsOf(snapshot), snapshot.durationSeconds)}`,
		...endpointLines(snapshot, "server", options),
		...endpointLines(snapshot, "client", options),
		...connectionLines(snapshot),
		...losses.flatMap((line) => ["", `**Not all was counted:** ${codeSpan(line)}`]),
	];
	return lines.map((line) => `${line}\n`).join("");
}
