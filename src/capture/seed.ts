/**
 * Sockets that are older than httpeek. The kernel programs record the owner of a socket when it is made; for those made
 * before, this finds the processes that hold them, and a descriptor through which the record can be written afterwards.
 */
import { closeSync, fstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { cgroupId, walkCgroups } from "../identity/cgroup-tree.js";
import { listProcesses, readCgroups, readComm, readNetworkNamespace, readStat } from "../identity/process.js";
import type { SocketOwner } from "../identity/service-names.js";
import type { Scope } from "./scope.js";
import { readTcpInodes } from "./tcp-table.js";

/** More sockets than this are counted and left: their endpoints have no service name until they connect anew. */
const MAX_SOCKETS = 65_536;
/** Descriptors looked at in all, sockets or not: about a second's work. */
const MAX_DESCRIPTORS = 262_144;

/** A socket of another process, open here as well until the generator goes on. */
export interface ExistingSocket {
	/** A duplicate in this process. */
	readonly fd: number;
	/** Of the processes that share the socket, the one that the others descend from. */
	readonly owner: SocketOwner;
	/** Closes the duplicate before the generator does. */
	close(): void;
}

/** What became of the sockets that existed. Those that closed meanwhile count nowhere. */
export interface SeedSummary {
	readonly seeded: number;
	/** Could not be duplicated: no permission, or the kernel refused. */
	readonly refused: number;
	/** Left alone because a limit was reached. */
	readonly overLimit: number;
	/** Processes whose descriptors may not be read. */
	readonly unreadableProcesses: number;
}

export interface SeedOptions {
	/** Duplicates a descriptor of another process (pidfd_getfd). Throws when it cannot. */
	readonly openForeignFd: (pid: number, fd: number) => number;
	readonly procRoot?: string;
	readonly maxSockets?: number;
	readonly maxDescriptors?: number;
}

interface Holder {
	readonly pid: number;
	readonly fd: number;
}

/** Everything found out before the first socket is handed over. */
interface Survey {
	readonly holders: ReadonlyMap<string, Holder>;
	readonly overLimit: number;
	readonly unreadableProcesses: number;
}

/**
 * The TCP sockets that listen, connect or are connected, of the processes in scope; each once. /proc is read before the
 * first is handed over.
 * @param cgroupRoot directory of the cgroup v2 mount
 */
export function* existingSockets(
	scope: Scope,
	cgroupRoot: string,
	options: SeedOptions,
): Generator<ExistingSocket, SeedSummary, void> {
	const { openForeignFd, procRoot = "/proc" } = options;
	const { holders, overLimit, unreadableProcesses } = survey(scope, cgroupRoot, options);
	const owners = new Map<number, SocketOwner>();
	let seeded = 0;
	let refused = 0;
	for (const [inode, { pid, fd: foreignFd }] of holders) {
		let fd: number;
		try {
			fd = openForeignFd(pid, foreignFd);
		} catch {
			// Still there, so it was refused; otherwise it closed meanwhile.
			if (socketAt(pid, foreignFd, procRoot) === inode) refused++;
			continue;
		}
		const close = closeOnce(fd);
		try {
			// The number may have been given to another file since /proc was read.
			if (String(fstatSync(fd).ino) !== inode) continue;
			const owner = owners.get(pid) ?? ownerOf(pid, cgroupRoot, procRoot);
			owners.set(pid, owner);
			yield { fd, owner, close };
			seeded++;
		} finally {
			close();
		}
	}
	return { seeded, refused, overLimit, unreadableProcesses };
}

function survey(scope: Scope, cgroupRoot: string, options: SeedOptions): Survey {
	const { procRoot = "/proc", maxSockets = MAX_SOCKETS, maxDescriptors = MAX_DESCRIPTORS } = options;
	const holders = new Map<string, Holder>();
	const ancestors = new Map<number, ReadonlySet<number>>();
	const descendsFrom = (pid: number, other: number) => {
		const known = ancestors.get(pid) ?? ancestorsOf(pid, procRoot);
		ancestors.set(pid, known);
		return known.has(other);
	};
	const tcpByNamespace = new Map<string, ReadonlySet<string>>();
	const overLimit = new Set<string>();
	let unreadableProcesses = 0;
	let descriptors = 0;
	for (const pid of processesOf(scope, cgroupRoot, procRoot)) {
		const fds = descriptorsOf(pid, procRoot);
		if (fds === "denied") unreadableProcesses++;
		if (fds === "denied" || fds.length === 0) continue;
		const namespace = readNetworkNamespace(pid, procRoot);
		if (namespace === undefined) continue;
		const tcp = tcpByNamespace.get(namespace) ?? readTcpInodes(pid, procRoot);
		tcpByNamespace.set(namespace, tcp);
		if (tcp.size === 0) continue;
		for (const fd of fds) {
			if (++descriptors > maxDescriptors) break;
			const inode = socketAt(pid, fd, procRoot);
			if (inode === undefined || !tcp.has(inode)) continue;
			const holder = holders.get(inode);
			if (holder === undefined && holders.size >= maxSockets) overLimit.add(inode);
			else if (holder === undefined || descendsFrom(holder.pid, pid)) holders.set(inode, { pid, fd });
		}
	}
	if (descriptors > maxDescriptors) for (const inode of unmet(tcpByNamespace.values(), holders)) overLimit.add(inode);
	return { holders, overLimit: overLimit.size, unreadableProcesses };
}

/** Sockets of the tables whose holders were not reached: more than in scope perhaps, never fewer. */
function* unmet(tables: Iterable<ReadonlySet<string>>, holders: ReadonlyMap<string, Holder>): Generator<string> {
	for (const table of tables) for (const inode of table) if (!holders.has(inode)) yield inode;
}

function processesOf(scope: Scope, cgroupRoot: string, procRoot: string): number[] {
	if (scope.pids !== undefined) return [...scope.pids].sort((a, b) => a - b);
	if (scope.cgroups.includes(cgroupRoot)) return listProcesses(procRoot).filter((pid) => pid !== process.pid);
	const pids = new Set<number>();
	for (const cgroup of scope.cgroups) {
		for (const { path } of walkCgroups(cgroup)) for (const pid of membersOf(join(cgroup, path))) pids.add(pid);
	}
	pids.delete(process.pid);
	return [...pids].sort((a, b) => a - b);
}

function membersOf(cgroup: string): number[] {
	try {
		// A process of another pid namespace is shown as 0.
		return readFileSync(join(cgroup, "cgroup.procs"), "utf8").split("\n").map(Number).filter(Boolean);
	} catch {
		return [];
	}
}

function descriptorsOf(pid: number, procRoot: string): number[] | "denied" {
	try {
		return readdirSync(join(procRoot, String(pid), "fd")).map(Number);
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		return code === "EACCES" || code === "EPERM" ? "denied" : [];
	}
}

/** The inode of the socket at a descriptor of a process; undefined for every other kind of file. */
function socketAt(pid: number, fd: number, procRoot: string): string | undefined {
	try {
		return /^socket:\[(\d+)\]$/.exec(readlinkSync(`${procRoot}/${pid}/fd/${fd}`))?.[1];
	} catch {
		return undefined;
	}
}

/** The processes that `pid` descends from. */
function ancestorsOf(pid: number, procRoot: string): ReadonlySet<number> {
	const ancestors = new Set<number>();
	let parent = readStat(pid, procRoot)?.parentPid;
	while (parent !== undefined && parent > 0 && !ancestors.has(parent)) {
		ancestors.add(parent);
		parent = readStat(parent, procRoot)?.parentPid;
	}
	return ancestors;
}

function ownerOf(pid: number, cgroupRoot: string, procRoot: string): SocketOwner {
	const path = readCgroups(pid, procRoot).unified;
	return {
		cgroupId: (path === undefined ? undefined : cgroupId(join(cgroupRoot, path))) ?? 0n,
		pid,
		comm: readComm(pid, procRoot) ?? "",
	};
}

function closeOnce(fd: number): () => void {
	let isOpen = true;
	return () => {
		if (!isOpen) return;
		isOpen = false;
		closeSync(fd);
	};
}
