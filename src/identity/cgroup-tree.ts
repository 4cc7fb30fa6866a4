/**
 * The cgroup v2 tree of this machine: where it is mounted, and which path belongs to an id.
 *
 * A cgroup's id, as the kernel programs report it, is the inode number of its directory. The kernel has no call from an
 * id to a path, so the tree is walked, and only when an id turns up that is not known.
 */
import { readdirSync, readFileSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import { HttpeekError } from "../base/errors.js";

/** `CGROUP2_SUPER_MAGIC` of linux/magic.h. */
const CGROUP2_MAGIC = 0x63677270;
/** A machine with more cgroups than this gets process names for the rest. */
const MAX_CGROUPS = 65_536;
/** Between two walks at least this long, */
const WALK_PAUSE_MS = 250;
/** and at least this many times what the last walk took: walking never costs more than 5 % of a core. */
const WALK_PAUSE_FACTOR = 20;

/** One directory of the tree. `path` is relative to the mount and begins with `/`, as in /proc/PID/cgroup. */
export interface Cgroup {
	readonly path: string;
	readonly id: bigint;
}

/**
 * Mount points of cgroup v2 in the text of /proc/PID/mountinfo, whole trees before bind mounts of a part of one.
 * Format: https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html
 */
export function parseCgroup2Mounts(mountinfo: string): string[] {
	const whole: string[] = [];
	const parts: string[] = [];
	for (const line of mountinfo.split("\n")) {
		const [mount = "", filesystem = ""] = line.split(" - ", 2);
		if (!filesystem.startsWith("cgroup2 ")) continue;
		const [, , , root, mountPoint] = mount.split(" ");
		if (mountPoint !== undefined) (root === "/" ? whole : parts).push(unescapeOctal(mountPoint));
	}
	return [...whole, ...parts];
}

/** The directory where the cgroup v2 tree is mounted. Throws HTTPEEK_NO_CGROUP2 when there is none. */
export function findCgroupRoot(procRoot = "/proc"): string {
	let mounts: string[] = [];
	let cause: unknown;
	try {
		mounts = parseCgroup2Mounts(readFileSync(join(procRoot, "self/mountinfo"), "utf8"));
	} catch (error) {
		cause = error;
	}
	const [root] = mounts;
	if (root !== undefined) return root;
	throw new HttpeekError("HTTPEEK_NO_CGROUP2", "cannot find the cgroup v2 tree: none is mounted", {
		hint: "mkdir -p /sys/fs/cgroup/unified && mount -t cgroup2 none /sys/fs/cgroup/unified",
		cause,
	});
}

/** Whether a directory lies in a cgroup v2 mount. False when it does not exist. */
export function isCgroup2(directory: string): boolean {
	try {
		return statfsSync(directory).type === CGROUP2_MAGIC;
	} catch {
		return false;
	}
}

/** The id of the cgroup at a directory, undefined when it has gone. */
export function cgroupId(directory: string): bigint | undefined {
	return statSync(directory, { bigint: true, throwIfNoEntry: false })?.ino;
}

/**
 * Every cgroup at or below `from`, parents before children, at most `limit`. Cgroups that go while it runs are left out.
 * @param root directory of the mount
 * @param from path in the tree, `/` for all of it
 */
export function* walkCgroups(root: string, from = "/", limit = MAX_CGROUPS): Generator<Cgroup> {
	const pending = [from];
	for (let met = 0; met < limit; met++) {
		const path = pending.pop();
		if (path === undefined) return;
		const directory = join(root, path);
		const stat = statSync(directory, { bigint: true, throwIfNoEntry: false });
		if (stat === undefined) continue;
		yield { path, id: stat.ino };
		// Two links are the directory's own: it has no subdirectory, and its forty-odd files need no reading.
		if (stat.nlink !== 2n) for (const name of subdirectories(directory)) pending.push(join(path, name));
	}
}

export interface CgroupTreeOptions {
	/** Milliseconds that only grow. */
	readonly now?: () => number;
	readonly limit?: number;
}

/** Finds the path of a cgroup by its id. */
export class CgroupTree {
	readonly #root: string;
	readonly #now: () => number;
	readonly #limit: number;
	#paths = new Map<bigint, string>();
	#nextWalkMs = Number.NEGATIVE_INFINITY;

	/** @param root directory of the cgroup v2 mount */
	constructor(root: string, options: CgroupTreeOptions = {}) {
		this.#root = root;
		this.#now = options.now ?? (() => performance.now());
		this.#limit = options.limit ?? MAX_CGROUPS;
	}

	/** Whether `path` is the cgroup with this id: one look instead of a walk. Remembers it if so. */
	confirm(id: bigint, path: string): boolean {
		if (this.#paths.get(id) === path) return true;
		if (cgroupId(join(this.#root, path)) !== id) return false;
		if (this.#paths.size < this.#limit) this.#paths.set(id, path);
		return true;
	}

	/** The path of a cgroup, undefined when it has gone, or was made since a walk that is too recent for another. */
	pathOf(id: bigint): string | undefined {
		const known = this.#paths.get(id);
		if (known !== undefined || this.#now() < this.#nextWalkMs) return known;
		this.#walk();
		return this.#paths.get(id);
	}

	#walk(): void {
		const startedMs = this.#now();
		this.#paths = new Map();
		for (const { id, path } of walkCgroups(this.#root, "/", this.#limit)) this.#paths.set(id, path);
		const endedMs = this.#now();
		this.#nextWalkMs = endedMs + Math.max(WALK_PAUSE_MS, WALK_PAUSE_FACTOR * (endedMs - startedMs));
	}
}

function subdirectories(directory: string): string[] {
	try {
		return readdirSync(directory, { withFileTypes: true })
			.filter((entry) => entry.isDirectory())
			.map((entry) => entry.name);
	} catch {
		return [];
	}
}

/** Space, tab, newline and backslash are `\ooo` in mount tables. */
function unescapeOctal(text: string): string {
	return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
