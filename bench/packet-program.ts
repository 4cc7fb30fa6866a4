/** A packet program that the benchmark attaches by itself, without the rest of httpeek. */
import { attach, Cleanup } from "../src/capture/attach.js";
import { objectPath } from "../src/capture/programs.js";
import { BpfObject } from "../src/kernel/object.js";
import type { PacketDirection } from "../src/kernel/program.js";
import type { ObjectNames } from "../src/wire/object.js";
import type { RunCounts } from "./httpeek.js";

/**
 * `empty` is empty: what it takes is what the kernel's measuring of a run costs by itself. `helpers` calls what the real one
 * cannot do without: what it takes is the kernel's part.
 */
export type PacketProgram = Extract<ObjectNames["program"], "empty" | "helpers" | "traffic">;

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
	const undo = new Cleanup();
	undo.defer(() => object.close());
	try {
		object.load();
		const hooks = directions.map((direction) => ({ program: name, direction }));
		attach(object, hooks, [cgroup], undo);
		return { counts: () => object.program(name).statistics(), [Symbol.dispose]: () => undo.run() };
	} catch (error) {
		undo.run();
		throw error;
	}
}
