/** Kernel time of the packet programs, by the kernel's own count, less that of empty programs on the same packets. */
import { enableStatistics } from "../../src/kernel/program.js";
import { attachFloor, type Floor } from "../floor.js";
import { Httpeek, type RunCounts } from "../httpeek.js";
import { bulk, fullSpeed, pingPong } from "../load.js";
import { median, spreadOf } from "../numbers.js";
import { type Goal, type Row, rowOf } from "../row.js";
import type { Scale } from "../scale.js";
import { startNginx, startNode } from "../servers.js";
import type { Workplace } from "../workplace.js";

/** Runs and net time of both directions, as the server sees them. */
export interface NetCost {
	readonly inRuns: number;
	readonly outRuns: number;
	readonly inNs: number;
	readonly outNs: number;
}

interface Scenario {
	readonly what: string;
	readonly goal?: Goal;
	/** Makes the traffic, and returns by how many the time is divided. */
	readonly run: (seconds: number) => Promise<(cost: NetCost) => number>;
	/** The part of the time that is meant; default: both directions. */
	readonly part?: (cost: NetCost) => number;
}

const SMALL_GET_GOAL: Goal = { atMost: 350 };
const both = ({ inNs, outNs }: NetCost): number => inNs + outNs;

export async function* measureKernelTime(workplace: Workplace, scale: Scale): AsyncGenerator<Row> {
	await using nginx = await startNginx(workplace);
	await using echo = await startNode(workplace, "echo");
	await using sink = await startNode(workplace, "sink");
	await using httpeek = await Httpeek.start(workplace);
	using floor = attachFloor(workplace.scope);
	using _statistics = enableStatistics();

	const http = async (options: Partial<Parameters<typeof fullSpeed>[1]>): Promise<() => number> => {
		const { requests } = await fullSpeed(workplace, { port: nginx.port, seconds: scale.kernelSeconds, ...options });
		return () => requests;
	};
	const scenarios: readonly Scenario[] = [
		{ what: "small GET", goal: SMALL_GET_GOAL, run: () => http({}) },
		{ what: "GET with 700 bytes of browser headers", run: () => http({ traffic: "browser" }) },
		{ what: "GET of 200 KB", run: () => http({ path: "/large.bin" }) },
		{
			what: "a packet that is not HTTP",
			run: async (seconds) => {
				await pingPong(echo.port, seconds);
				return ({ inRuns, outRuns }) => inRuns + outRuns;
			},
		},
		{
			what: "a pure ACK",
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
			const before = readCounts(httpeek, floor);
			const divisor = await run(scale.kernelSeconds);
			const cost = netCost(before, readCounts(httpeek, floor));
			results[index]?.totals.push(part(cost) / divisor(cost));
			results[index]?.ins.push(cost.inNs / cost.inRuns);
			results[index]?.outs.push(cost.outNs / cost.outRuns);
		}
	}
	for (const [index, { what, goal }] of scenarios.entries()) {
		const { totals = [], ins = [], outs = [] } = results[index] ?? {};
		const note = `net ns a packet: in ${median(ins).toFixed(0)}, out ${median(outs).toFixed(0)}`;
		const row = { group: "kernel", what: `kernel time: ${what}`, unit: "ns", note } as const;
		yield rowOf(goal === undefined ? row : { ...row, goal }, spreadOf(totals));
	}
}

/** The real programs and the empty ones, of each direction. */
export interface Counts {
	readonly in: RunCounts;
	readonly out: RunCounts;
	readonly floorIn: RunCounts;
	readonly floorOut: RunCounts;
}

const NEVER_RAN: RunCounts = { runs: 0, runTimeNs: 0 };

function readCounts(httpeek: Httpeek, floor: Floor): Counts {
	const programs = httpeek.programs();
	return {
		in: programs.get("traffic_in") ?? NEVER_RAN,
		out: programs.get("traffic_out") ?? NEVER_RAN,
		floorIn: floor.in(),
		floorOut: floor.out(),
	};
}

/** What ran between two readings, less what an empty program takes for each run. */
export function netCost(before: Counts, after: Counts): NetCost {
	const ran = (which: keyof Counts): RunCounts => ({
		runs: after[which].runs - before[which].runs,
		runTimeNs: after[which].runTimeNs - before[which].runTimeNs,
	});
	const net = (real: RunCounts, empty: RunCounts): number =>
		real.runTimeNs - (empty.runs === 0 ? 0 : (real.runs * empty.runTimeNs) / empty.runs);
	return {
		inRuns: ran("in").runs,
		outRuns: ran("out").runs,
		inNs: net(ran("in"), ran("floorIn")),
		outNs: net(ran("out"), ran("floorOut")),
	};
}
