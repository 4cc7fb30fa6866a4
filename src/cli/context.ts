/** What commands need of the world, in one place, so that tests can give them another. */
import type { Check } from "../capture/doctor.js";
import type { OwnCgroup } from "../capture/own-cgroup.js";
import type { ObserveOptions } from "../index.js";
import type { Snapshot } from "../model/snapshot.js";
import { type Interruption, listenForInterruption } from "./interruption.js";
import { Output } from "./output.js";

export interface CliContext {
	readonly stdout: Output;
	readonly stderr: Output;
	readonly env: Readonly<Record<string, string | undefined>>;
	readonly interruption: () => Interruption;
	readonly observe: (options: ObserveOptions) => AsyncIterable<Snapshot>;
	readonly createCgroup: (purpose: string) => Promise<Pick<OwnCgroup, "path" | "wrap" | "close">>;
	readonly runChecks: () => Promise<readonly Check[]>;
}

/** The real world. What is heavy or native is imported when a command asks for it. */
export function systemContext(): CliContext {
	return {
		stdout: new Output(process.stdout),
		stderr: new Output(process.stderr),
		env: process.env,
		interruption: () => listenForInterruption(),
		async *observe(options) {
			const { observe } = await import("../index.js");
			yield* observe(options);
		},
		async createCgroup(purpose) {
			const { OwnCgroup } = await import("../capture/own-cgroup.js");
			return OwnCgroup.create(purpose);
		},
		async runChecks() {
			const { runChecks } = await import("../capture/doctor.js");
			const { systemProbes } = await import("../capture/doctor-probes.js");
			return runChecks(systemProbes);
		},
	};
}
