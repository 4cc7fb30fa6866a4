/** The output formats by name. Formatting is pure: a snapshot goes in, text comes out; writing it is done elsewhere. */
import type { Snapshot } from "../model/snapshot.js";
import { CSV_HEADER, formatCsv } from "./csv.js";
import type { OutputFormat } from "./format-names.js";
import { formatJson } from "./json.js";
import { formatLines } from "./lines.js";
import { formatMarkdown, type MarkdownOptions } from "./markdown.js";
import { formatTable, type ReportTableOptions } from "./table.js";

export type FormatOptions = Omit<ReportTableOptions, "wide"> & MarkdownOptions;

/** What a stream in this format begins with. */
export function streamHeader(format: OutputFormat): string {
	return format === "csv" ? CSV_HEADER : "";
}

/** The snapshot in the format: whole lines. */
export function formatSnapshot(snapshot: Snapshot, format: OutputFormat, options: FormatOptions): string {
	switch (format) {
		case "table":
		case "wide":
			return formatTable(snapshot, { ...options, wide: format === "wide" });
		case "lines":
			return formatLines(snapshot, options);
		case "json":
			return formatJson(snapshot, options);
		case "csv":
			return formatCsv(snapshot, options);
		case "markdown":
			return formatMarkdown(snapshot, options);
	}
}
