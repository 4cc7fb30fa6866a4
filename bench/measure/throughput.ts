/** What httpeek takes from a server that is driven to its limit. */
import { setTimeout as delay } from "node:timers/promises";
import { Httpeek } from "../httpeek.js";
import { fullSpeed } from "../load.js";
import { median, spreadOf } from "../numbers.js";
import { type Row, rowOf } from "../row.js";
import type { Scale } from "../scale.js";
import { type Server, startNginx, startNode } from "../servers.js";
import type { Workplace } from "../workplace.js";

/** Starting costs CPU time that belongs to the row of the start. */
const START_IS_OVER_MS = 1_000;

interface Target {
	readonly what: string;
	readonly atLeast: number;
	readonly start: (workplace: Workplace) => Promise<Server>;
	readonly path: string;
}

const TARGETS: readonly Target[] = [
	{ what: "nginx, return 200", atLeast: 0.96, start: startNginx, path: "/" },
	{ what: "nginx, static file", atLeast: 0.975, start: startNginx, path: "/static.html" },
	{ what: "Node", atLeast: 0.98, start: (workplace) => startNode(workplace, "http"), path: "/" },
];

export async function* measureThroughput(workplace: Workplace, scale: Scale): AsyncGenerator<Row> {
	for (const { what, atLeast, start, path } of TARGETS) {
		await using server = await start(workplace);
		const rate = async (): Promise<number> => {
			const { requests, seconds } = await fullSpeed(workplace, { port: server.port, seconds: scale.pairSeconds, path });
			return requests / seconds;
		};
		const watchedRate = async (): Promise<number> => {
			await using _httpeek = await Httpeek.start(workplace);
			await delay(START_IS_OVER_MS);
			return await rate();
		};
		// the first seconds of a server are not like the others
		await rate();
		const without: number[] = [];
		const ratios: number[] = [];
		for (let pair = 0; pair < scale.pairs; pair++) {
			// in turn, so that a machine that gets slower or faster favours neither
			const isWatchedFirst = pair % 2 === 1;
			const first = isWatchedFirst ? await watchedRate() : await rate();
			const second = isWatchedFirst ? await rate() : await watchedRate();
			const [plain, watched] = isWatchedFirst ? [second, first] : [first, second];
			without.push(plain);
			ratios.push(watched / plain);
		}
		const note = `${scale.pairs} pairs; ${Math.round(median(without))}/s without`;
		const row = { group: "throughput", what: `throughput with / without: ${what}`, unit: "ratio", note } as const;
		yield rowOf({ ...row, goal: { atLeast } }, spreadOf(ratios));
	}
}
