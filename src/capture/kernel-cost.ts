/** What the programs cost, where the kernel keeps count of it. Never switched on from here: it costs every program time. */
import { readFileSync } from "node:fs";
import type { ProgramStatistics } from "../kernel/program.js";
import type { KernelCost } from "../model/snapshot.js";

const SWITCH = "/proc/sys/kernel/bpf_stats_enabled";

/** Whether the kernel counts and times the runs of programs. */
export function areRunsCounted(read: () => string = () => readFileSync(SWITCH, "latin1")): boolean {
	try {
		return read().trim() === "1";
	} catch {
		// no such file before 5.1, and in some containers
		return false;
	}
}

/**
 * The sum over the programs; undefined where their runs are not counted now and never were. Another program can have the
 * kernel count without that switch: then the runs say so themselves.
 */
export function kernelCost(
	statistics: () => Iterable<ProgramStatistics>,
	isCounted: () => boolean = areRunsCounted,
): KernelCost | undefined {
	let [runs, ns] = [0, 0];
	for (const program of statistics()) {
		runs += program.runs;
		ns += program.runTimeNs;
	}
	return runs > 0 || isCounted() ? { runs, seconds: ns / 1e9 } : undefined;
}
