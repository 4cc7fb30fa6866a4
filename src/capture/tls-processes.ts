/** Which processes may do TLS within a scope, and when each is looked at (again). */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { listProcesses } from "../identity/process.js";
import type { Scope } from "./scope.js";

/**
 * Ages at which a process is looked at, in seconds since it was first seen: it loads its libraries when it begins, and now
 * and then one later. After the last, once a minute.
 */
const LOOKS_SECONDS = [0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3, 6, 15, 30] as const;
const LATE_LOOKS_SECONDS = 60;
/** Deeper trees of cgroups are not walked. */
const MOST_DEPTH = 16;

/** Pids of the processes in a scope now. `isHost`: of all that there are. */
export function processesOf(scope: Scope, isHost: boolean, procRoot = "/proc"): number[] {
	if (scope.pids !== undefined) return [...scope.pids];
	return isHost ? listProcesses(procRoot) : scope.cgroups.flatMap((directory) => processesIn(directory, MOST_DEPTH));
}

function processesIn(cgroup: string, depth: number): number[] {
	try {
		const own = readFileSync(join(cgroup, "cgroup.procs"), "latin1").split("\n").filter(Boolean).map(Number);
		if (depth === 0) return own;
		const children = readdirSync(cgroup, { withFileTypes: true }).filter((entry) => entry.isDirectory());
		return [...own, ...children.flatMap(({ name }) => processesIn(join(cgroup, name), depth - 1))];
	} catch {
		return []; // the cgroup has ended
	}
}

interface Known {
	program: string | undefined;
	firstSeconds: number;
	looks: number;
}

export interface Looks {
	/** Whose files are to be looked at. */
	readonly due: readonly number[];
	/** Processes that have ended since. */
	readonly gone: readonly number[];
	/** Whether a process is gone, or new, or runs another program. */
	readonly isChanged: boolean;
}

/** Says which processes have to be looked at now. */
export class LookSchedule {
	readonly #procRoot: string;
	readonly #known = new Map<number, Known>();
	#hasNew = false;

	constructor(procRoot = "/proc") {
		this.#procRoot = procRoot;
	}

	/**
	 * @param pids the processes there are
	 * @param nowSeconds on any clock that goes on steadily
	 */
	next(pids: readonly number[], nowSeconds: number): Looks {
		const present = new Set(pids);
		const gone = [...this.#known.keys()].filter((pid) => !present.has(pid));
		for (const pid of gone) this.#known.delete(pid);
		const due = [...present].filter((pid) => this.#isDue(pid, nowSeconds));
		const isChanged = gone.length > 0 || this.#hasNew;
		this.#hasNew = false;
		return { due, gone, isChanged };
	}

	/** A process is known from elsewhere; it is due all the same. */
	note(pid: number, nowSeconds: number): void {
		if (!this.#known.has(pid)) this.#add(pid, programOf(pid, this.#procRoot), nowSeconds);
	}

	/** Whether a process still runs the program that it ran when it was looked at. */
	isThere(pid: number): boolean {
		return this.#known.get(pid)?.program === programOf(pid, this.#procRoot);
	}

	#add(pid: number, program: string | undefined, firstSeconds: number): Known {
		const known = { program, firstSeconds, looks: 0 };
		this.#known.set(pid, known);
		this.#hasNew = true;
		return known;
	}

	#isDue(pid: number, nowSeconds: number): boolean {
		// another program in the same process: it was executed, or the pid is another process's now
		const program = programOf(pid, this.#procRoot);
		let known = this.#known.get(pid);
		if (known === undefined || known.program !== program) known = this.#add(pid, program, nowSeconds);
		const late = known.looks - LOOKS_SECONDS.length + 1;
		const age = LOOKS_SECONDS[known.looks] ?? (LOOKS_SECONDS.at(-1) ?? 0) + late * LATE_LOOKS_SECONDS;
		if (nowSeconds - known.firstSeconds < age) return false;
		known.looks++;
		return true;
	}
}

/** Kernel threads have none. */
function programOf(pid: number, procRoot: string): string | undefined {
	try {
		return readlinkSync(join(procRoot, String(pid), "exe"));
	} catch {
		return undefined;
	}
}
