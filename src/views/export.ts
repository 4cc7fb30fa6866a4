/** What is shown, for other programs: a report of what the filter leaves, or the table of the view. */
import { csvField } from "../base/escape.js";
import { formatJson } from "../sinks/json.js";
import type { Screen } from "./screen.js";

export type SaveFormat = "json" | "csv";

/** The text of a file: JSON is a whole `httpeek/1` report, CSV has the view's rows and columns. */
export function exportText(
	{ view, rows, moment }: Pick<Screen, "view" | "rows" | "moment">,
	format: SaveFormat,
): string {
	if (format === "json") return formatJson(moment.since);
	const fields = (values: readonly (number | string | undefined)[]): string =>
		values.map((value) => (typeof value === "string" ? csvField(value) : String(value ?? ""))).join(",");
	const lines = [view.columns.map(({ id }) => id), ...rows.map((row) => view.columns.map(({ value }) => value(row)))];
	return lines.map((values) => `${fields(values)}\n`).join("");
}
