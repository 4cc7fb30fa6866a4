/** CSV (RFC 4180, but lines end in a newline alone, as Unix tools want them): a record for each row of the endpoints. */
import { csvField } from "../base/escape.js";
import type { Snapshot } from "../model/snapshot.js";
import { toReport } from "./json.js";
import type { RowOptions } from "./options.js";

const COLUMNS = [
	"ended_at",
	"service",
	"role",
	"protocol",
	"tls",
	"port",
	"peer",
	"method",
	"route",
	"status",
	"outcome",
	"count",
	"in_flight",
	"latency_count",
	"latency_sum_seconds",
	"latency_p50_seconds",
	"latency_p90_seconds",
	"latency_p99_seconds",
] as const;

/** The first record: the names of the columns. A stream has it once. */
export const CSV_HEADER = `${COLUMNS.join(",")}\n`;

/** The rows of a snapshot; names and numbers are those of the JSON report, an absent value is an empty field. */
export function formatCsv(snapshot: Snapshot, options: RowOptions = {}): string {
	const report = toReport(snapshot, options);
	return report.endpoints
		.map((row) => {
			const { count, sum, p50, p90, p99 } = row.latency_seconds;
			const labels = [row.service, row.role, row.protocol, row.tls, row.port, row.peer, row.method, row.route];
			const fields = [
				report.ended_at,
				...labels,
				row.status,
				row.outcome,
				row.count,
				row.in_flight,
				count,
				sum,
				p50,
				p90,
				p99,
			];
			return `${fields.map(formatField).join(",")}\n`;
		})
		.join("");
}

function formatField(value: string | number | boolean | null): string {
	return typeof value === "string" ? csvField(value) : String(value ?? "");
}
