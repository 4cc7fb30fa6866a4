/** A packet program that the benchmark attaches by itself, without the rest of httpeek. */
import { closeSync, openSync } from "node:fs";
import { objectPath } from "../src/capture/programs.js";
import { BpfObject } from "../src/kernel/object.js";
import type { PacketDirection } from "../src/kernel/program.js";
import type { ObjectNames } from "../src/wire/object.js";
import type { RunCounts } from "./httpeek.js";

/** `empty` is empty: what it takes is what the kernel's measuring of a run costs by itself. */
export type PacketProgram = Extract<ObjectNames["program"], "empty" | "traffic">;

export const BOTH_WAYS: readonly PacketDirection[] = ["ingress", "egress"];

export interface AttachedProgram extends Disposable {
	readonly counts: () => RunCounts;
}

/** Attaches it to a cgroup, behind what is there, for packets that go one of these ways. */
export function attachPacketProgram(
	cgroup: string,
	name: PacketProgram,
	directions: readonly PacketDirection[],
): AttachedProgram {
	const object = BpfObject.open<ObjectNames>(objectPath(), { only: [], optionalPrograms: [name] });
	const undo = [() => object.close()];
	const dispose = (): void => {
		for (let step = undo.pop(); step !== undefined; step = undo.pop()) step();
	};
	try {
		object.load();
		const fd = openSync(cgroup, "r");
		undo.push(() => closeSync(fd));
		const program = object.program(name);
		for (const direction of directions) {
			const link = program.attachCgroup(fd, cgroup, direction);
			undo.push(() => link.close());
		}
		return { counts: () => program.statistics(), [Symbol.dispose]: dispose };
	} catch (error) {
		dispose();
		throw error;
	}
}
