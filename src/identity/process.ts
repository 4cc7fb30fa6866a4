/**
 * What /proc says about a process. Processes end while they are read: every function here answers with undefined or with
 * less then, and never throws. Names and command lines are chosen by the process and are hostile.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { wireText } from "../base/escape.js";

const PROC = "/proc";
/** TASK_COMM_LEN without the terminating zero: a comm of this length was probably cut. */
const COMM_BYTES = 15;
/** Names longer than this are cut: a file name may have 255 bytes. */
const MAX_NAME_LENGTH = 64;
/** Names that runtimes give their main thread: nothing about the program. */
const GENERIC_COMM = /^(?:[a-z]+-)?(?:MainThread|main-thread|main)$/i;
/** Controllers whose v1 hierarchy tells services apart, best first. */
const V1_CONTROLLERS = ["name=systemd", "pids", "memory"];

/** The cgroups of a process, as paths from the root of their hierarchy. */
export interface ProcessCgroups {
	/** Path in the v2 tree. */
	readonly unified: string | undefined;
	/** Paths in v1 hierarchies, the most telling first. */
	readonly legacy: readonly string[];
}

/** Pids of all processes, ascending. */
export function listProcesses(procRoot = PROC): number[] {
	return namesIn(procRoot)
		.filter((name) => /^[1-9]\d*$/.test(name))
		.map(Number)
		.sort((a, b) => a - b);
}

/** The name of the main thread, at most 15 bytes. Undefined when the process has gone. */
export function readComm(pid: number, procRoot = PROC): string | undefined {
	return readText(join(procRoot, String(pid), "comm"))?.replace(/\n$/, "");
}

/**
 * The name a person knows the process by: its comm, or the name of its program where the comm was cut or is one that a
 * runtime gives to every main thread.
 */
export function readProcessName(pid: number, procRoot = PROC): string | undefined {
	const comm = readComm(pid, procRoot);
	if (comm === undefined) return undefined;
	const isGeneric = comm === "" || GENERIC_COMM.test(comm);
	if (!isGeneric && Buffer.byteLength(comm) < COMM_BYTES) return comm;
	const candidates = programNames(pid, procRoot);
	const name = isGeneric ? candidates[0] : candidates.find((candidate) => candidate.startsWith(comm));
	return name?.slice(0, MAX_NAME_LENGTH) ?? comm;
}

/** A thread's name without what a runtime adds to it: `node-MainThread` is `node`. */
export function nameFromComm(comm: string): string {
	return comm.replace(/-MainThread$/, "");
}

/** Parses the text of /proc/PID/cgroup. */
export function parseCgroups(text: string): ProcessCgroups {
	let unified: string | undefined;
	const legacy = new Map<string, string>();
	for (const line of text.split("\n")) {
		const match = /^(\d+):([^:]*):(\/.*)$/.exec(line);
		if (match === null) continue;
		const [, hierarchy, controllers = "", rawPath = "/"] = match;
		const path = rawPath.replace(/ \(deleted\)$/, "");
		if (hierarchy === "0" && controllers === "") unified = path;
		else for (const controller of controllers.split(",")) legacy.set(controller, path);
	}
	const paths = V1_CONTROLLERS.map((controller) => legacy.get(controller)).filter((path) => path !== undefined);
	return { unified, legacy: paths };
}

/** The cgroups of a process; none when it has gone. */
export function readCgroups(pid: number | "self", procRoot = PROC): ProcessCgroups {
	return parseCgroups(readText(join(procRoot, String(pid), "cgroup")) ?? "");
}

/** Identifies the network namespace of a process (`net:[4026531840]`). Undefined when it has gone or is out of reach. */
export function readNetworkNamespace(pid: number, procRoot = PROC): string | undefined {
	return readLink(join(procRoot, String(pid), "ns/net"));
}

/** The fields of /proc/PID/stat that httpeek uses. */
export interface ProcessStat {
	readonly parentPid: number;
	/** Clock ticks from boot to the start of the process: with the pid, a name that is never used twice. */
	readonly startTicks: number;
	/** A zombie: it has ended, and waits for its parent to notice. */
	readonly hasEnded: boolean;
	/** Stopped by a signal, such as that of Ctrl-Z. */
	readonly isStopped: boolean;
	/** Its process group, and the one that its terminal's keys are for: -1 where it has no terminal. */
	readonly group: number;
	readonly terminalGroup: number;
}

/** https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
export function readStat(pid: number | "self", procRoot = PROC): ProcessStat | undefined {
	const text = readText(join(procRoot, String(pid), "stat"));
	if (text === undefined) return undefined;
	// The name before the last ")" may itself hold spaces and parentheses. What follows begins with field 3.
	const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
	const parentPid = Number(fields[1]);
	const startTicks = Number(fields[19]);
	if (!Number.isInteger(parentPid) || !Number.isInteger(startTicks)) return undefined;
	return {
		parentPid,
		startTicks,
		hasEnded: fields[0] === "Z" || fields[0] === "X",
		isStopped: fields[0] === "T",
		group: Number(fields[2]),
		terminalGroup: Number(fields[5]),
	};
}

/** The processes in `roots` that exist, and all their descendants. */
export function withDescendants(roots: Iterable<number>, procRoot = PROC): Set<number> {
	const found = new Set<number>();
	const pending = [...roots];
	let parents: Map<number, number[]> | undefined;
	for (let pid = pending.pop(); pid !== undefined; pid = pending.pop()) {
		if (found.has(pid)) continue;
		const threads = namesIn(join(procRoot, String(pid), "task"));
		if (threads.length === 0) continue;
		found.add(pid);
		const children = threads.map((thread) => readText(join(procRoot, String(pid), "task", thread, "children")));
		if (children.every((text) => text === undefined)) {
			// A kernel without CONFIG_PROC_CHILDREN: ask every process for its parent, once.
			parents ??= childrenByParent(procRoot);
			pending.push(...(parents.get(pid) ?? []));
		} else {
			for (const text of children) pending.push(...(text ?? "").split(" ").filter(Boolean).map(Number));
		}
	}
	return found;
}

function childrenByParent(procRoot: string): Map<number, number[]> {
	const children = new Map<number, number[]>();
	for (const pid of listProcesses(procRoot)) {
		const parentPid = readStat(pid, procRoot)?.parentPid;
		if (parentPid === undefined) continue;
		const siblings = children.get(parentPid);
		if (siblings === undefined) children.set(parentPid, [pid]);
		else siblings.push(pid);
	}
	return children;
}

/** What the program may be called: its file, then how it was called, then the script that an interpreter runs. */
function programNames(pid: number, procRoot: string): string[] {
	const file = readLink(join(procRoot, String(pid), "exe"))?.replace(/ \(deleted\)$/, "");
	const [command, script] = (readText(join(procRoot, String(pid), "cmdline")) ?? "").split("\0");
	return [file, command, script].map((path) => basename(path ?? "")).filter((name) => name !== "");
}

function readText(path: string): string | undefined {
	try {
		return wireText(readFileSync(path));
	} catch {
		return undefined;
	}
}

function readLink(path: string): string | undefined {
	try {
		return readlinkSync(path);
	} catch {
		return undefined;
	}
}

function namesIn(directory: string): string[] {
	try {
		return readdirSync(directory);
	} catch {
		return [];
	}
}
