/** What httpeek costs in the kernel, by kind of traffic. */
import { Httpeek } from "../httpeek.js";
import { KernelClock, type NetCost } from "../kernel-clock.js";
import { bulk, fullSpeed, pingPong } from "../load.js";
import { startNginx } from "../nginx.js";
import { median, spreadOf } from "../numbers.js";
import { type Row, rowOf } from "../row.js";
import type { Scale } from "../scale.js";
import { startNode } from "../servers.js";
import type { Workplace } from "../workplace.js";
import { measureWarmWork } from "./warm-work.js";

interface Scenario {
	readonly what: string;
	readonly atMostNs: number;
	/** Makes the traffic, and returns by how many the time is divided. */
	readonly run: (seconds: number) => Promise<(cost: NetCost) => number>;
	/** The part of the time that is meant; default: both directions. */
	readonly part?: (cost: NetCost) => number;
}

const both = ({ inNs, outNs }: NetCost): number => inNs + outNs;

export async function* measureKernelTime(workplace: Workplace, scale: Scale): AsyncGenerator<Row> {
	await using nginx = await startNginx(workplace);
	await using echo = await startNode(workplace, "echo");
	await using sink = await startNode(workplace, "sink");
	await using httpeek = await Httpeek.start(workplace);
	using clock = new KernelClock(httpeek, workplace.scope);

	const http = async (options: Partial<Parameters<typeof fullSpeed>[1]>): Promise<() => number> => {
		const { requests } = await fullSpeed(workplace, { port: nginx.port, seconds: scale.kernelSeconds, ...options });
		return () => requests;
	};
	const scenarios: readonly Scenario[] = [
		{ what: "small GET", atMostNs: 350, run: () => http({}) },
		{ what: "GET with 700 bytes of browser headers", atMostNs: 550, run: () => http({ traffic: "browser" }) },
		{ what: "GET of 200 KB", atMostNs: 700, run: () => http({ path: "/large.bin" }) },
		{
			what: "a packet that is not HTTP",
			atMostNs: 40,
			run: async (seconds) => {
				await pingPong(echo.port, seconds);
				return ({ inRuns, outRuns }) => inRuns + outRuns;
			},
		},
		{
			what: "a pure ACK",
			atMostNs: 15,
			run: async (seconds) => {
				await bulk(sink.port, seconds);
				return ({ outRuns }) => outRuns;
			},
			part: ({ outNs }) => outNs,
		},
	];
	const results = scenarios.map(() => ({ totals: [] as number[], ins: [] as number[], outs: [] as number[] }));
	for (let round = 0; round < scale.kernelRounds; round++) {
		for (const [index, { run, part = both }] of scenarios.entries()) {
			const stop = clock.start();
			const divisor = await run(scale.kernelSeconds);
			const cost = stop();
			results[index]?.totals.push(part(cost) / divisor(cost));
			results[index]?.ins.push(cost.inNs / cost.inRuns);
			results[index]?.outs.push(cost.outNs / cost.outRuns);
		}
	}
	for (const [index, { what, atMostNs }] of scenarios.entries()) {
		const { totals = [], ins = [], outs = [] } = results[index] ?? {};
		const note = `net ns a packet: in ${median(ins).toFixed(0)}, out ${median(outs).toFixed(0)}`;
		const row = { group: "kernel", what: `kernel time: ${what}`, unit: "ns", note } as const;
		yield rowOf({ ...row, goal: { atMost: atMostNs } }, spreadOf(totals));
	}
	yield* measureWarmWork(scale);
}
