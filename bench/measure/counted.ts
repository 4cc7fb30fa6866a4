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
 * wrk does not count the responses that are under way when its time is up, and httpeek does: that many may be more, and
 * none may be less.
 */
export function compare(what: string, sent: LoadResult, report: HttpeekReport, mostInFlight: number): Row {
	const responses = report.endpoints.filter(({ role, outcome }) => role === "server" && outcome === "response");
	const counted = responses.reduce((sum, { count }) => sum + count, 0);
	const more = counted - sent.requests;
	const unexplained = more > mostInFlight ? more - mostInFlight : Math.min(more, 0);
	const { requests = 0, responses: lostResponses = 0 } = report.losses;
	return {
		group: "counted",
		what: `counted / sent: ${what}`,
		unit: "exact ratio",
		measured: 1 + unexplained / sent.requests,
		goal: { atLeast: 1, atMost: 1 },
		note:
			`${sent.requests} sent, ${counted} counted (${mostInFlight} more may be in flight), ` +
			`${responses.length} rows, ${requests + lostResponses} lost, ${Math.round(sent.requests / sent.seconds)}/s`,
	};
}
