/** The table of docs/matrix.md: what the test has counted, as text, and whether the page says the same. */
import { type Description, installedVersions } from "./programs.js";

const HEADER = [
	"role",
	"program",
	"language",
	"version",
	"TLS library",
	"plain: counted / sent",
	"TLS: counted / sent",
];
const VERSION = HEADER.indexOf("version") + 1;

/** What was counted of what was sent, or why nothing was sent. */
export type Cell = { readonly counted: number; readonly sent: number } | string;

export interface Row {
	readonly role: "server" | "client";
	readonly program: Description;
	readonly plain: Cell;
	readonly tls: Cell;
}

/**
 * @returns the page with these rows instead of those that it has
 * @throws Error when the page has no table
 */
export function replaceTable(page: string, rows: readonly Row[]): string {
	const lines = page.split("\n");
	const at = lines.indexOf(line(HEADER));
	if (at < 0) throw new Error("docs/matrix.md lost its table");
	const end = lines.findIndex((text, index) => index > at && !text.startsWith("|"));
	const installed = installedVersions();
	return [...lines.slice(0, at + 2), ...rows.map((row) => rowText(row, installed)), ...lines.slice(end)].join("\n");
}

/** The page without the versions, which differ from machine to machine. */
export function withoutVersions(page: string): string {
	const columns = HEADER.length + 2;
	return page
		.split("\n")
		.map((text) => text.split("|"))
		.map((cells) => (cells.length === columns ? cells.with(VERSION, "").join("|") : cells.join("|")))
		.join("\n");
}

function rowText({ role, program, plain, tls }: Row, installed: ReadonlyMap<string, string>): string {
	const { name, language } = program;
	const version = typeof program.version === "string" ? program.version : installed.get(program.version.debianPackage);
	const library = "library" in program.tls ? program.tls.library : "-";
	return line([role, name, language, version ?? "-", library, cellText(plain), cellText(tls)]);
}

function cellText(cell: Cell): string {
	return typeof cell === "string" ? cell : `${cell.counted} / ${cell.sent}`;
}

function line(cells: readonly string[]): string {
	return `| ${cells.join(" | ")} |`;
}
