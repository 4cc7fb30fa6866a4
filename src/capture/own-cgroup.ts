/**
 * A cgroup of httpeek's own, for a command to be watched in from its first request on.
 *
 * The directory is `httpeek-<purpose>-<pid>-<identity>`, made under httpeek's own cgroup so that limits of the caller
 * hold on. The identity has the pid namespace and the start time of the httpeek that made it: a pid alone may belong to
 * somebody else by the time that a later httpeek clears away what a killed one left.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, readlinkSync, rmdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { HttpeekError } from "../base/errors.js";
import { OWN_CGROUP_PREFIX } from "../identity/cgroup-name.js";
import { findCgroupRoot, walkCgroups } from "../identity/cgroup-tree.js";
import { readCgroups, readStat } from "../identity/process.js";

/** How long close() waits for processes that are dying. */
const CLOSE_DEADLINE_MS = 2_000;
const POLL_MS = 5;

/**
 * The shell moves itself in ("0" is the writing process) and becomes the command, whose exit code, signals and streams
 * are then its own. `exec` itself ends with 127 or 126 when there is no such command or it cannot run.
 */
const ENTER_AND_EXEC = 'echo 0 >"$1" || exit 126; shift; exec "$@"';

export interface OwnCgroupOptions {
	/** Directory to make it in; httpeek's own cgroup when left out. */
	readonly parent?: string;
	readonly closeDeadlineMs?: number;
}

export class OwnCgroup {
	/** The directory of the cgroup. */
	readonly path: string;
	readonly #closeDeadlineMs: number;
	#isClosed = false;

	private constructor(path: string, closeDeadlineMs: number) {
		this.path = path;
		this.#closeDeadlineMs = closeDeadlineMs;
	}

	/**
	 * Makes the cgroup, after clearing away those of httpeeks that were killed.
	 * Throws HTTPEEK_NO_CGROUP2, HTTPEEK_PRIVILEGE, HTTPEEK_IO.
	 * @param purpose letters that go into the name, such as `run`
	 */
	static create(purpose: string, options: OwnCgroupOptions = {}): OwnCgroup {
		const root = findCgroupRoot();
		removeStale(root);
		const parent = options.parent ?? join(root, readCgroups("self").unified ?? "/");
		const suffix = `${makerIdentity(process.pid)}.${randomBytes(4).toString("hex")}`;
		const path = join(parent, `${OWN_CGROUP_PREFIX}${purpose}-${process.pid}-${suffix}`);
		try {
			mkdirSync(path);
		} catch (error) {
			throw creationError(path, error);
		}
		return new OwnCgroup(path, options.closeDeadlineMs ?? CLOSE_DEADLINE_MS);
	}

	/** A command line that runs `command` in the cgroup, to be given to spawn(). */
	wrap(command: string, args: readonly string[] = []): { command: string; args: string[] } {
		const processes = join(this.path, "cgroup.procs");
		return { command: "/bin/sh", args: ["-c", ENTER_AND_EXEC, "httpeek", processes, command, ...args] };
	}

	/**
	 * Moves what still runs in the cgroup to its parent, as if there had been none, and removes it. Waits for dying
	 * processes; returns false when some process kept it busy all the same (the next httpeek then removes it).
	 */
	close(): boolean {
		this.#isClosed ||= dissolve(this.path, this.#closeDeadlineMs);
		return this.#isClosed;
	}

	[Symbol.dispose](): void {
		this.close();
	}
}

/**
 * Removes cgroups of httpeeks that have ended without doing so themselves; what runs in one is moved to its parent.
 * One whose maker lives, or cannot be seen from this pid namespace, is not touched. Returns the directories removed.
 */
export function removeStale(root = findCgroupRoot()): string[] {
	return [...walkCgroups(root)]
		.map(({ path }) => join(root, path))
		.filter((directory) => isStale(basename(directory)))
		.filter((directory) => dissolve(directory, 0));
}

function isStale(name: string): boolean {
	const match = /^httpeek-[a-z]+-(?<pid>\d+)-(?<namespace>[0-9a-z]+)\.(?<start>[0-9a-z]+)\.[0-9a-f]+$/.exec(name);
	const { pid, namespace, start } = match?.groups ?? {};
	if (pid === undefined || namespace !== pidNamespace()) return false;
	return `${namespace}.${start}` !== makerIdentity(Number(pid));
}

/** Tells a process from every other that has or will have its pid; undefined when none runs with that pid. */
function makerIdentity(pid: number): string | undefined {
	const stat = readStat(pid);
	return stat === undefined || stat.hasEnded ? undefined : `${pidNamespace()}.${stat.startTicks.toString(36)}`;
}

function pidNamespace(): string {
	const inode = /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? "0";
	return Number(inode).toString(36);
}

/** Moves all processes at or below a cgroup to its parent and removes it. */
function dissolve(directory: string, deadlineMs: number): boolean {
	const deadline = performance.now() + deadlineMs;
	const parent = join(dirname(directory), "cgroup.procs");
	while (true) {
		// Deepest first: a cgroup with cgroups below it cannot be removed.
		const inside = [...walkCgroups(directory)].map(({ path }) => join(directory, path)).reverse();
		for (const cgroup of inside) {
			for (const pid of processesIn(cgroup)) tryTo(() => writeFileSync(parent, pid));
			tryTo(() => rmdirSync(cgroup));
		}
		if (walkCgroups(directory).next().done) return true;
		if (performance.now() >= deadline) return false;
		Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS);
	}
}

function processesIn(cgroup: string): string[] {
	try {
		// A process of another pid namespace is shown as 0, which would move httpeek itself.
		const pids = readFileSync(join(cgroup, "cgroup.procs"), "utf8").split("\n");
		return pids.filter((pid) => pid !== "" && pid !== "0");
	} catch {
		return [];
	}
}

/** Processes end and cgroups fill while this goes on; whether it worked is seen from what is left. */
function tryTo(action: () => void): void {
	try {
		action();
	} catch {}
}

function creationError(path: string, error: unknown): HttpeekError {
	const { code = "unknown error" } = error as NodeJS.ErrnoException;
	const message = `cannot make cgroup ${path}: ${code}`;
	if (code === "EACCES" || code === "EPERM") {
		return new HttpeekError("HTTPEEK_PRIVILEGE", message, { hint: "run httpeek as root (sudo)", cause: error });
	}
	if (code === "EROFS") {
		const hint = "mount the cgroup v2 tree writable: docker run --privileged --cgroupns=host, or run it on the host";
		return new HttpeekError("HTTPEEK_PRIVILEGE", message, { hint, cause: error });
	}
	const hint = "see cgroup.max.descendants and cgroup.max.depth of the cgroups above it";
	return new HttpeekError("HTTPEEK_IO", message, { hint, cause: error });
}
