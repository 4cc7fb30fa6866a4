/** The view of what went wrong: a row for each endpoint and status from 400 on, and for each end without an answer. */
import type { Moment } from "../model/history.js";
import { endpointKey, rowKey } from "../model/rows.js";
import type { EndpointLabels, EndpointRow } from "../model/snapshot.js";
import { isError } from "../model/totals.js";
import { statusCell } from "../sinks/texts.js";
import { countColumn, latencyColumns, type MeasuredRow, rateColumn } from "./columns-common.js";
import { groupMeasures } from "./measures.js";
import { percentText } from "./numbers.js";
import { defineView } from "./view.js";
import { endpointColumns } from "./view-traffic.js";

interface ErrorItem extends MeasuredRow, EndpointLabels, Pick<EndpointRow, "status" | "outcome"> {
	/** Part of the endpoint's exchanges since the start or the last reset that ended so. */
	readonly share: number;
}

function wentWrong({ status, outcome }: EndpointRow): boolean {
	return outcome !== "in_flight" && (outcome !== "response" || status >= 400);
}

function errorRows(moment: Moment): ErrorItem[] {
	const totals = new Map<string, number>();
	for (const row of moment.since.endpoints) {
		totals.set(endpointKey(row), (totals.get(endpointKey(row)) ?? 0) + row.count);
	}
	return groupMeasures(
		moment,
		(row) => (wentWrong(row) ? rowKey(row) : undefined),
		(key, row, measures) => {
			const share = measures.count / (totals.get(endpointKey(row)) || 1);
			return { ...row, key, measures, minute: moment.minute, share };
		},
	);
}

export const errorsView = defineView<ErrorItem>({
	id: "errors",
	what: "What went wrong, by status. A 4xx of a server is listed, but is no error of the server.",
	columns: [
		{
			id: "status",
			title: "STATUS",
			align: "start",
			width: 13,
			dropOrder: 0,
			value: ({ status }) => status,
			cell: (row) => ({ text: statusCell(row).text, tone: isError(row) ? "error" : "warning" }),
			help: "Status, or which end went away before there was an answer.",
		},
		...endpointColumns<ErrorItem>(1),
		rateColumn(),
		countColumn("count", ({ measures }) => measures.count, {
			dropOrder: 0,
			help: "How often, since the start or the last r.",
		}),
		{
			id: "share",
			title: "SHARE%",
			align: "end",
			width: 7,
			dropOrder: 2,
			value: ({ share }) => share,
			cell: ({ share }) => ({ text: percentText(share) }),
			help: "Part of the endpoint's exchanges that ended so, since the start or the last r.",
		},
		...latencyColumns<ErrorItem>(),
	],
	sort: { column: "rate", descending: true },
	rows: errorRows,
	open: (row) => ({ kind: "endpoint", key: endpointKey(row) }),
});
