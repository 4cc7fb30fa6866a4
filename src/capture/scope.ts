/** Which part of the host is watched: from what a person asked for to the cgroups that programs are attached to. */
import { statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { HttpeekError } from "../base/errors.js";
import { nameCgroup } from "../identity/cgroup-name.js";
import { findCgroupRoot, isCgroup2, walkCgroups } from "../identity/cgroup-tree.js";
import { readCgroups, readComm, withDescendants } from "../identity/process.js";

/** Everything given is watched. `pids` cannot be combined with the others. Nothing given: the whole host. */
export interface ScopeOptions {
	/** Directories of cgroups, or paths from the root of the v2 tree as in /proc/PID/cgroup. */
	readonly cgroups?: readonly string[];
	/** Processes, with all their descendants. */
	readonly pids?: readonly number[];
	/** systemd units, `.service` may be left out. */
	readonly units?: readonly string[];
	/** Container ids or beginnings of one, or names where the cgroup has a name (LXC, machined). */
	readonly containers?: readonly string[];
}

export interface Scope {
	/** Directories of the cgroups to attach to. None lies in another, so that nothing is counted twice. */
	readonly cgroups: readonly string[];
	/** Only sockets made by these processes; undefined: those of all processes in the cgroups. */
	readonly pids: ReadonlySet<number> | undefined;
	/** For a person: `the whole host`, `unit nginx.service`, `process 42 (node)`. Names in it are hostile: escape it. */
	readonly description: string;
}

/** Where to look; tests put trees of their own here. */
export interface ScopePlaces {
	readonly procRoot?: string;
	readonly cgroupRoot?: string;
	/** Whether a directory is in a cgroup v2 mount. */
	readonly isCgroup2?: (directory: string) => boolean;
}

/** How many candidates an error names. */
const MAX_LISTED = 5;

/**
 * Finds the cgroups and processes of a scope.
 * Throws HTTPEEK_SCOPE_NOT_FOUND, HTTPEEK_PROCESS_NOT_FOUND, HTTPEEK_NO_CGROUP2, and HTTPEEK_USAGE when a container or
 * unit is ambiguous or flags do not go together.
 */
export function resolveScope(options: ScopeOptions = {}, places: ScopePlaces = {}): Scope {
	const { cgroups = [], pids = [], units = [], containers = [] } = options;
	const procRoot = places.procRoot ?? "/proc";
	const root = places.cgroupRoot ?? findCgroupRoot(procRoot);
	if (pids.length > 0) {
		if (cgroups.length + units.length + containers.length > 0) {
			throw new HttpeekError("HTTPEEK_USAGE", "cannot watch processes and cgroups at once: a pid limits every cgroup", {
				hint: "use --pid alone, or --cgroup, --unit and --container",
			});
		}
		return processScope(pids, root, procRoot);
	}
	const check = places.isCgroup2 ?? isCgroup2;
	const found = [
		...cgroups.map((path) => ({ directory: findCgroup(path, root, check), text: `cgroup ${path}` })),
		...units.map((unit) => findUnit(unit, root)),
		...containers.map((container) => findContainer(container, root)),
	];
	if (found.length === 0) return { cgroups: [root], pids: undefined, description: "the whole host" };
	return {
		cgroups: outermost(found.map(({ directory }) => directory)),
		pids: undefined,
		description: found.map(({ text }) => text).join(", "),
	};
}

/** What changed in the processes of a scope. */
export interface ScopeChange {
	/** The scope as it is now: pass it next time. */
	readonly scope: Scope;
	readonly added: readonly number[];
	readonly gone: readonly number[];
}

/**
 * Looks for processes that those of the scope have started since. A process whose parent began and ended between two
 * looks is missed, so call it once an interval. Without pids in the scope nothing is read and nothing changes.
 */
export function followDescendants(scope: Scope, procRoot = "/proc"): ScopeChange {
	const before = scope.pids;
	if (before === undefined) return { scope, added: [], gone: [] };
	const now = withDescendants(before, procRoot);
	const added = [...now].filter((pid) => !before.has(pid));
	const gone = [...before].filter((pid) => !now.has(pid));
	return { scope: added.length + gone.length === 0 ? scope : { ...scope, pids: now }, added, gone };
}

function processScope(pids: readonly number[], root: string, procRoot: string): Scope {
	const descriptions: string[] = [];
	for (const pid of new Set(pids)) {
		const comm = readComm(pid, procRoot);
		if (comm === undefined) {
			throw new HttpeekError("HTTPEEK_PROCESS_NOT_FOUND", `cannot watch process ${pid}: it does not exist`, {
				hint: "list processes: ps -e",
			});
		}
		descriptions.push(`process ${pid} (${comm})`);
	}
	const watched = withDescendants(pids, procRoot);
	const directories = new Set<string>();
	for (const pid of watched) {
		const path = readCgroups(pid, procRoot).unified;
		// A path that climbs is outside of the cgroup namespace that httpeek runs in.
		if (path !== undefined && !path.startsWith("/..")) directories.add(join(root, path));
	}
	if (directories.size === 0) {
		throw new HttpeekError("HTTPEEK_SCOPE_NOT_FOUND", `cannot watch ${descriptions.join(", ")}: no cgroup in reach`, {
			hint: "run httpeek outside of the container, on the host",
		});
	}
	return { cgroups: outermost([...directories]), pids: watched, description: descriptions.join(", ") };
}

function findCgroup(path: string, root: string, check: (directory: string) => boolean): string {
	const inTree = !relative(root, resolve(path)).startsWith("..");
	// A path such as /system.slice may exist outside of the tree by chance: the tree goes first.
	const candidates = inTree ? [resolve(path)] : [join(root, path), resolve(path)];
	const found = candidates.find((directory) => isDirectory(directory) && check(directory));
	if (found !== undefined) return found;
	const why = candidates.some(isDirectory) ? "it is not in a cgroup v2 tree" : "it does not exist";
	throw new HttpeekError("HTTPEEK_SCOPE_NOT_FOUND", `cannot watch cgroup ${path}: ${why}`, {
		hint: `list cgroups: find ${root} -type d`,
	});
}

function findUnit(unit: string, root: string): { directory: string; text: string } {
	const name = /\.(?:service|scope|slice|socket|mount)$/.test(unit) ? unit : `${unit}.service`;
	const matches = [...walkCgroups(root)].map(({ path }) => path).filter((path) => path.endsWith(`/${name}`));
	return {
		directory: join(root, single(matches, `unit ${name}`, "list units: systemctl list-units --type=service")),
		text: `unit ${name}`,
	};
}

function findContainer(container: string, root: string): { directory: string; text: string } {
	const wanted = nameCgroup(container).containerId ?? container;
	const outermostOf = new Map<string, string>();
	for (const { path } of walkCgroups(root)) {
		const last = path.slice(path.lastIndexOf("/") + 1);
		const { kind, name, containerId } = nameCgroup(path);
		// A cgroup inside of the container has the container's id or name from further up its path.
		const isInside = outermostOf.has(containerId ?? name) || (containerId !== undefined && !last.includes(containerId));
		if (kind !== "container" || isInside) continue;
		if (containerId === undefined ? name === wanted : containerId.startsWith(wanted)) {
			outermostOf.set(containerId ?? name, path);
		}
	}
	const path = single(
		[...outermostOf.values()],
		`container ${container}`,
		"list ids: docker ps, podman ps or crictl ps",
	);
	return { directory: join(root, path), text: `container ${container}` };
}

function single(matches: readonly string[], what: string, hint: string): string {
	const [match, ...others] = matches;
	if (match === undefined) {
		throw new HttpeekError("HTTPEEK_SCOPE_NOT_FOUND", `cannot watch ${what}: no cgroup has it`, { hint });
	}
	if (others.length === 0) return match;
	const listed = matches.slice(0, MAX_LISTED).join(", ");
	const more = matches.length > MAX_LISTED ? ` and ${matches.length - MAX_LISTED} more` : "";
	throw new HttpeekError("HTTPEEK_USAGE", `cannot watch ${what}: it can be ${listed}${more}`, {
		hint: "give more of the id, or the path of one of them with --cgroup",
	});
}

function outermost(directories: readonly string[]): string[] {
	const unique = [...new Set(directories.map((directory) => resolve(directory)))];
	return unique.filter((inner) => !unique.some((outer) => outer !== inner && inner.startsWith(`${outer}/`))).sort();
}

function isDirectory(path: string): boolean {
	return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
