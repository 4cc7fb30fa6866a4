/** Kernel time of the packet programs, by the kernel's own count, less that of empty programs. */
import { enableStatistics } from "../src/kernel/program.js";
import { attachFloor, type Floor } from "./floor.js";
import type { Httpeek, RunCounts } from "./httpeek.js";

/** Runs and net time of both directions, as the server sees them. */
export interface NetCost {
	readonly inRuns: number;
	readonly outRuns: number;
	readonly inNs: number;
	readonly outNs: number;
}

/** What one run of an empty program takes, of each direction. */
export interface EmptyCost {
	readonly inNs: number;
	readonly outNs: number;
}

/** The real programs and the empty ones, of each direction. */
export interface Counts {
	readonly in: RunCounts;
	readonly out: RunCounts;
	readonly floorIn: RunCounts;
	readonly floorOut: RunCounts;
}

const NEVER_RAN: RunCounts = { runs: 0, runTimeNs: 0 };

/** Runs as long as it is open: the kernel's statistics are on only so long, and the empty programs attached. */
export class KernelClock implements Disposable {
	readonly #httpeek: Httpeek;
	readonly #floor: Floor;
	readonly #statistics: Disposable;

	/** @param scope the cgroup that httpeek watches */
	constructor(httpeek: Httpeek, scope: string) {
		this.#httpeek = httpeek;
		this.#floor = attachFloor(scope);
		try {
			this.#statistics = enableStatistics();
		} catch (error) {
			this.#floor[Symbol.dispose]();
			throw error;
		}
	}

	/**
	 * What the programs cost until the returned function is called, less the empty ones beside them. These come second, and
	 * find the kernel's part of running and timing a program in the caches: right for ratios.
	 */
	start(): () => NetCost {
		const stop = this.startCounts();
		return () => netCost(...stop());
	}

	/** The same as it was counted, for netCost(): before, and when the returned function is called. */
	startCounts(): () => readonly [Counts, Counts] {
		const before = this.#read();
		return () => [before, this.#read()];
	}

	[Symbol.dispose](): void {
		this.#statistics[Symbol.dispose]();
		this.#floor[Symbol.dispose]();
	}

	#read(): Counts {
		const programs = this.#httpeek.programs();
		return {
			in: programs.get("traffic_in") ?? NEVER_RAN,
			out: programs.get("traffic_out") ?? NEVER_RAN,
			floorIn: this.#floor.in(),
			floorOut: this.#floor.out(),
		};
	}
}

/** What empty programs cost on a cgroup's packets, nothing else being attached there, while `run` makes them. */
export async function emptyCost(scope: string, run: () => Promise<unknown>): Promise<EmptyCost> {
	using floor = attachFloor(scope);
	using _statistics = enableStatistics();
	await run();
	return { inNs: eachNs(floor.in()), outNs: eachNs(floor.out()) };
}

/** What ran between two readings, less what an empty program takes for each run: `alone`, or else that beside it. */
export function netCost(before: Counts, after: Counts, alone?: EmptyCost): NetCost {
	const ran = (which: keyof Counts): RunCounts => ({
		runs: after[which].runs - before[which].runs,
		runTimeNs: after[which].runTimeNs - before[which].runTimeNs,
	});
	const net = (real: RunCounts, emptyNs: number): number => real.runTimeNs - real.runs * emptyNs;
	return {
		inRuns: ran("in").runs,
		outRuns: ran("out").runs,
		inNs: net(ran("in"), alone?.inNs ?? eachNs(ran("floorIn"))),
		outNs: net(ran("out"), alone?.outNs ?? eachNs(ran("floorOut"))),
	};
}

function eachNs({ runs, runTimeNs }: RunCounts): number {
	return runs === 0 ? 0 : runTimeNs / runs;
}
