/** Putting programs on cgroups, and undoing what was done. */
import { closeSync, constants, openSync } from "node:fs";
import { HttpeekError } from "../base/errors.js";
import type { PacketDirection } from "../kernel/program.js";
import type { ObjectNames } from "../wire/object.js";
import type { Programs } from "./programs.js";

type ProgramName = ObjectNames["program"];

/** A program of a cgroup, and of one that gets packets both ways, which; default: what it was loaded for. */
export interface CgroupHook {
	readonly program: ProgramName;
	readonly direction?: PacketDirection;
}

/** Steps to undo, run once, last one first. */
export class Cleanup {
	readonly #steps: (() => void)[] = [];
	isDone = false;

	defer(step: () => void): void {
		this.#steps.push(step);
	}

	run(): void {
		this.isDone = true;
		for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) step();
	}
}

/** Attaches programs to cgroups. @throws HttpeekError HTTPEEK_SCOPE_NOT_FOUND, HTTPEEK_BPF, HTTPEEK_PRIVILEGE */
export function attach(
	programs: Programs,
	hooks: readonly CgroupHook[],
	cgroups: readonly string[],
	cleanup: Cleanup,
): void {
	for (const cgroup of cgroups) {
		const fd = openCgroup(cgroup);
		try {
			for (const { program, direction } of hooks) {
				const link = programs.program(program).attachCgroup(fd, cgroup, direction);
				cleanup.defer(() => link.close());
			}
		} finally {
			closeSync(fd);
		}
	}
}

function openCgroup(path: string): number {
	try {
		return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
	} catch (cause) {
		throw new HttpeekError("HTTPEEK_SCOPE_NOT_FOUND", `cannot watch cgroup ${path}: it cannot be opened`, {
			hint: "it may have ended; list cgroups with: systemd-cgls",
			cause,
		});
	}
}
