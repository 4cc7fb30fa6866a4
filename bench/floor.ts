/** The empty programs: what the kernel's measuring of a run costs by itself, on the same packets and at the same time. */
import { closeSync, openSync } from "node:fs";
import { objectPath } from "../src/capture/programs.js";
import { BpfObject } from "../src/kernel/object.js";
import type { ObjectNames } from "../src/wire/object.js";
import type { RunCounts } from "./httpeek.js";

export interface Floor extends Disposable {
	readonly in: () => RunCounts;
	readonly out: () => RunCounts;
}

/** Attaches them to a cgroup, behind what is there. */
export function attachFloor(cgroup: string): Floor {
	const object = BpfObject.open<ObjectNames>(objectPath(), { optionalPrograms: ["floor_in", "floor_out"] });
	const undo = [() => object.close()];
	const dispose = (): void => {
		for (let step = undo.pop(); step !== undefined; step = undo.pop()) step();
	};
	try {
		object.load();
		const fd = openSync(cgroup, "r");
		undo.push(() => closeSync(fd));
		const programs = [object.program("floor_in"), object.program("floor_out")] as const;
		for (const program of programs) {
			const link = program.attachCgroup(fd, cgroup);
			undo.push(() => link.close());
		}
		return { in: () => programs[0].statistics(), out: () => programs[1].statistics(), [Symbol.dispose]: dispose };
	} catch (error) {
		dispose();
		throw error;
	}
}
