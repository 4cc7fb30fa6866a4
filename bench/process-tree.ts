/** What a process and those that it started take, as /proc tells it. */
import { readdirSync, readFileSync } from "node:fs";

/** USER_HZ: a part of the kernel's ABI. */
const TICKS_PER_SECOND = 100;
/** utime of /proc/PID/stat, counted from behind the name, which may hold spaces; stime stands after it. */
const UTIME_FIELD = 11;

export interface Usage {
	/** Time on a CPU in user space and in system calls, of all threads. */
	readonly cpuSeconds: number;
	/** The most memory that was resident so far. */
	readonly peakBytes: number;
}

/** Of one process. */
export function usageOf(pid: number): Usage {
	return parseUsage(readFileSync(`/proc/${pid}/stat`, "latin1"), readFileSync(`/proc/${pid}/status`, "latin1"));
}

/** What two files of /proc/PID say. */
export function parseUsage(stat: string, status: string): Usage {
	const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
	const ticks = Number(fields[UTIME_FIELD]) + Number(fields[UTIME_FIELD + 1]);
	return {
		cpuSeconds: ticks / TICKS_PER_SECOND,
		peakBytes: Number(/^VmHWM:\s*(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024,
	};
}

/** Of a process and all its descendants that are there. */
export function treeUsage(pid: number): Usage {
	const below = childrenOf(pid).map(treeUsage);
	return [usageOf(pid), ...below].reduce((sum, one) => ({
		cpuSeconds: sum.cpuSeconds + one.cpuSeconds,
		peakBytes: sum.peakBytes + one.peakBytes,
	}));
}

function childrenOf(pid: number): number[] {
	return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
		const children = readFileSync(`/proc/${pid}/task/${thread}/children`, "latin1");
		return children.split(" ").filter(Boolean).map(Number);
	});
}
