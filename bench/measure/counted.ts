/** Whether what httpeek counts is what the load generator sent. */
import { Httpeek, type HttpeekReport } from "../httpeek.js";
import { CONNECTIONS, fullSpeed, type LoadResult, PIPELINE_DEPTH, type Traffic } from "../load.js";
import { startNginx } from "../nginx.js";
import type { Row } from "../row.js";
import type { Scale } from "../scale.js";
import type { Workplace } from "../workplace.js";

const TRAFFIC: readonly (readonly [Traffic, string])[] = [
	["plain", "keep-alive"],
	["pipelined", "pipelined by 8"],
	["mixed", "GET, POST, PUT; 200, 201, 204, 404; 200 KB"],
];

export async function* measureCounted(workplace: Workplace, { countedSeconds }: Scale): AsyncGenerator<Row> {
	await using nginx = await startNginx(workplace);
	for (const [traffic, what] of TRAFFIC) {
		await using httpeek = await Httpeek.start(workplace);
		const sent = await fullSpeed(workplace, { port: nginx.port, seconds: countedSeconds, traffic });
		yield compare(what, sent, await httpeek.report(), CONNECTIONS * PIPELINE_DEPTH[traffic]);
	}
}

/**
 * Counted / sent. wrk does not count the responses that are under way when its time is up, and who counts them does: that
 * many may be more, and none may be less.
 */
export function countedRatio(counted: number, sent: number, mostInFlight: number): number {
	const more = counted - sent;
	const unexplained = more > mostInFlight ? more - mostInFlight : Math.min(more, 0);
	return 1 + unexplained / sent;
}

/** Responses that a server has given, in a report. */
export function responsesIn({ endpoints }: HttpeekReport): number {
	return responseRows(endpoints).reduce((sum, { count }) => sum + count, 0);
}

function responseRows(rows: HttpeekReport["endpoints"]): HttpeekReport["endpoints"] {
	return rows.filter(({ role, outcome }) => role === "server" && outcome === "response");
}

/** What httpeek counted, as a row. */
export function compare(what: string, sent: LoadResult, report: HttpeekReport, mostInFlight: number): Row {
	const counted = responsesIn(report);
	const { requests = 0, responses: lostResponses = 0 } = report.losses;
	return {
		group: "counted",
		what: `counted / sent: ${what}`,
		unit: "exact ratio",
		measured: countedRatio(counted, sent.requests, mostInFlight),
		goal: { atLeast: 1, atMost: 1 },
		note:
			`${sent.requests} sent, ${counted} counted (${mostInFlight} more may be in flight), ` +
			`${responseRows(report.endpoints).length} rows, ${requests + lostResponses} lost, ${Math.round(sent.requests / sent.seconds)}/s`,
	};
}
