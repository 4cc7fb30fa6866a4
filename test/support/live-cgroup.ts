/** A real cgroup for a test, under the root of the v2 tree; gone with all that runs in it when the test ends. */
import { mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { findCgroupRoot, walkCgroups } from "../../src/identity/cgroup-tree.js";
import { until } from "./until.js";

/** Makes the cgroup, in the root or below one that the test has, and returns its directory. Needs root. */
export function makeLiveCgroup(context: TestContext, parent = findCgroupRoot()): string {
	const name = `test-${process.pid}-${context.name.replaceAll(/\W+/g, "-")}`.slice(0, 100);
	const directory = join(parent, name);
	mkdirSync(directory);
	context.after(() => until(() => tryToRemove(directory), `${directory} is removed`));
	return directory;
}

/** Pids of the processes in a cgroup, not in those below it. */
export function processesIn(cgroup: string): number[] {
	return readFileSync(join(cgroup, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
}

function tryToRemove(directory: string): boolean {
	const inside = [...walkCgroups(directory)].map(({ path }) => join(directory, path)).reverse();
	try {
		for (const cgroup of inside) {
			for (const pid of processesIn(cgroup)) process.kill(pid, "SIGKILL");
			rmdirSync(cgroup);
		}
		return true;
	} catch {
		return false;
	}
}
