/** What httpeek does to the process it is itself, for a command that it runs to be as if there were no httpeek. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { HttpeekError } from "../base/errors.js";
import { findCgroupRoot } from "../identity/cgroup-tree.js";
import { readCgroups } from "../identity/process.js";
import { forbidCoreDump } from "../kernel/syscall.js";

/**
 * Does `action` while this process is in a cgroup, and moves it back: what it starts meanwhile is born there. A shell that
 * enters the cgroup before it becomes the command would do for most, but it takes variables out of the environment whose
 * names are not a shell's (functions that bash exports, names with dots), and adds some of its own.
 *
 * @throws HttpeekError HTTPEEK_IO when the cgroup cannot be entered; the action is not done then
 */
export function insideCgroup<T>(directory: string, action: () => T): T {
	const before = readCgroups("self").unified;
	try {
		enter(directory);
	} catch (error) {
		const reason = error instanceof Error ? error.message : String(error);
		throw new HttpeekError("HTTPEEK_IO", `cannot enter cgroup ${directory}: ${reason}`, {
			hint: "see whether an LSM or a delegation of cgroups forbids it",
			cause: error,
		});
	}
	try {
		return action();
	} finally {
		if (before !== undefined) leaveTo(join(findCgroupRoot(), before));
	}
}

/** "0" is the process that writes. */
function enter(directory: string): void {
	writeFileSync(join(directory, "cgroup.procs"), "0");
}

/** Where there is no way back it stays: when its cgroup is dissolved, it is moved with what else is in there. */
function leaveTo(directory: string): void {
	try {
		enter(directory);
	} catch {}
}

/** Ends this process by a signal that would make others write a core file: this one writes none. */
export function endWithoutCore(signal: NodeJS.Signals): void {
	forbidCoreDump();
	process.kill(process.pid, signal);
}
