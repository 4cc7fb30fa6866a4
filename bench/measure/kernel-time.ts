/** What httpeek costs in the kernel, by kind of traffic. */
import { Httpeek } from "../httpeek.js";
import { type EmptyCost, emptyCost, KernelClock, type NetCost, netCost } from "../kernel-clock.js";
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
	readonly atMostNs?: number;
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

	const http = async (seconds: number, options: Partial<Parameters<typeof fullSpeed>[1]>): Promise<() => number> => {
		const { requests } = await fullSpeed(workplace, { port: nginx.port, seconds, ...options });
		return () => requests;
	};
	const serversCpu = workplace.cpus[0] ?? 0;
	const scenarios: readonly Scenario[] = [
		{ what: "small GET", atMostNs: 350, run: (seconds) => http(seconds, {}) },
		// over the loopback a packet comes in on its sender's CPU; a network card can be told to choose the receiver's
		{ what: "small GET, client on the server's CPU", run: (seconds) => http(seconds, { cpu: serversCpu }) },
		{
			what: "GET with 700 bytes of browser headers",
			atMostNs: 550,
			run: (seconds) => http(seconds, { traffic: "browser" }),
		},
		{ what: "GET of 200 KB", atMostNs: 700, run: (seconds) => http(seconds, { path: "/large.bin" }) },
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
	const rounds: (readonly Measured[])[] = [];
	for (let round = 0; round < scale.kernelRounds; round++) {
		rounds.push(await timeRound(workplace, scenarios, scale.kernelSeconds));
	}
	for (const [index, { what, atMostNs, part = both }] of scenarios.entries()) {
		const costs = rounds.flatMap((round) => round[index] ?? []);
		const ins = costs.map(({ cost }) => cost.inNs / cost.inRuns);
		const outs = costs.map(({ cost }) => cost.outNs / cost.outRuns);
		const note = `net ns a packet: in ${median(ins).toFixed(0)}, out ${median(outs).toFixed(0)}`;
		const row = { group: "kernel", what: `kernel time: ${what}`, unit: "ns", note } as const;
		const spread = spreadOf(costs.map(({ cost, divisor }) => part(cost) / divisor(cost)));
		yield rowOf({ ...row, ...(atMostNs !== undefined && { goal: { atMost: atMostNs } }) }, spread);
	}
	yield* measureWarmWork(scale);
}

interface Measured {
	readonly cost: NetCost;
	readonly divisor: (cost: NetCost) => number;
}

/** Each scenario in turn: with the empty programs alone, and then with the real ones in their place. */
async function timeRound(
	workplace: Workplace,
	scenarios: readonly Scenario[],
	seconds: number,
): Promise<readonly Measured[]> {
	const empty: EmptyCost[] = [];
	for (const { run } of scenarios) empty.push(await emptyCost(workplace.scope, () => run(seconds / 2)));
	await using httpeek = await Httpeek.start(workplace);
	using clock = new KernelClock(httpeek, workplace.scope);
	const measured: Measured[] = [];
	for (const [index, { run }] of scenarios.entries()) {
		const stop = clock.startCounts();
		const divisor = await run(seconds);
		measured.push({ cost: netCost(...stop(), empty[index]), divisor });
	}
	return measured;
}
