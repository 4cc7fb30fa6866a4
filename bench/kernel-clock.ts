/** Kernel time of the packet program, by the kernel's own count, less that of an empty program. */
import { enableStatistics, type PacketDirection } from "../src/kernel/program.js";
import type { Httpeek, RunCounts } from "./httpeek.js";
import { attachPacketProgram, BOTH_WAYS, type PacketProgram } from "./packet-program.js";

/** Packets, and net time of all of them. */
export interface NetCost {
	readonly runs: number;
	readonly ns: number;
}

const NEVER_RAN: RunCounts = { runs: 0, runTimeNs: 0 };

/** Times httpeek's packet program as long as it is open: the kernel's statistics are on only so long. */
export class KernelClock implements Disposable {
	readonly #httpeek: Httpeek;
	readonly #statistics = enableStatistics();

	constructor(httpeek: Httpeek) {
		this.#httpeek = httpeek;
	}

	/** The returned function says what ran since. */
	start(): () => RunCounts {
		const counts = (): RunCounts => this.#httpeek.programs().get("traffic") ?? NEVER_RAN;
		return since(counts);
	}

	[Symbol.dispose](): void {
		this.#statistics[Symbol.dispose]();
	}
}

/**
 * The same, less the runs of an empty program behind httpeek's. That comes second, and finds the kernel's part of running and
 * timing a program in the caches: right for ratios.
 */
export class PairedClock implements Disposable {
	readonly #clock: KernelClock;
	readonly #empty: ReturnType<typeof attachPacketProgram>;

	/** @param scope the cgroup that httpeek watches */
	constructor(httpeek: Httpeek, scope: string) {
		this.#empty = attachPacketProgram(scope, "empty", BOTH_WAYS);
		try {
			this.#clock = new KernelClock(httpeek);
		} catch (error) {
			this.#empty[Symbol.dispose]();
			throw error;
		}
	}

	/** What the program costs until the returned function is called. */
	start(): () => NetCost {
		const real = this.#clock.start();
		const empty = since(this.#empty.counts);
		return () => netCost(real(), eachNs(empty()));
	}

	[Symbol.dispose](): void {
		this.#clock[Symbol.dispose]();
		this.#empty[Symbol.dispose]();
	}
}

/**
 * What a program costs on a cgroup's packets, nothing else being attached there, while `run` makes them.
 * @param directions of the packets that it gets
 */
export async function costAlone(
	scope: string,
	name: PacketProgram,
	directions: readonly PacketDirection[],
	run: () => Promise<unknown>,
): Promise<RunCounts> {
	using program = attachPacketProgram(scope, name, directions);
	using _statistics = enableStatistics();
	const ran = since(program.counts);
	await run();
	return ran();
}

/** What ran, less what an empty program takes for each run. */
export function netCost({ runs, runTimeNs }: RunCounts, emptyNs: number): NetCost {
	return { runs, ns: runTimeNs - runs * emptyNs };
}

export function eachNs({ runs, runTimeNs }: RunCounts): number {
	return runs === 0 ? 0 : runTimeNs / runs;
}

function since(counts: () => RunCounts): () => RunCounts {
	const before = counts();
	return () => {
		const after = counts();
		return { runs: after.runs - before.runs, runTimeNs: after.runTimeNs - before.runTimeNs };
	};
}
