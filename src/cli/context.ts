/** What commands need of the world, in one place, so that tests can give them another. */
import { closeSync, createReadStream, openSync } from "node:fs";
import { isatty, ReadStream } from "node:tty";
import { HttpeekError } from "../base/errors.js";
import type { Check } from "../capture/doctor.js";
import type { OwnCgroup } from "../capture/own-cgroup.js";
import type { WatchBatch } from "../capture/watch.js";
import type { ObserveOptions, WatchOptions } from "../index.js";
import type { Snapshot } from "../model/snapshot.js";
import { type Interruption, listenForInterruption } from "./interruption.js";
import { optimizeWhenBusy } from "./optimizing.js";
import { Output } from "./output.js";

/** A cgroup for what a command starts. */
export interface CommandCgroup extends Pick<OwnCgroup, "path" | "wrap" | "close"> {
	/** Does something from within: what it starts is in the cgroup from its first instruction on. */
	readonly inside: <T>(action: () => T) => T;
}

export interface CliContext {
	readonly stdout: Output;
	readonly stderr: Output;
	readonly env: Readonly<Record<string, string | undefined>>;
	readonly interruption: () => Interruption;
	readonly observe: (options: ObserveOptions) => AsyncIterable<Snapshot>;
	readonly watch: (options: WatchOptions) => AsyncIterable<WatchBatch>;
	/** The bytes of a file, or of standard input where its name is `-`. */
	readonly readInput: (path: string) => AsyncIterable<Uint8Array>;
	readonly createCgroup: (purpose: string) => Promise<CommandCgroup>;
	readonly runChecks: () => Promise<readonly Check[]>;
	/** Nothing is written any more: the terminal stays in the modes that it has, whoever set them. */
	readonly letGoOfTerminal: () => void;
	/** The keyboard of the terminal, where there is one. */
	readonly openKeyboard: () => OpenKeyboard;
}

export interface OpenKeyboard {
	readonly stream: NodeJS.ReadStream | undefined;
	/** There was a terminal, and it has gone away. */
	readonly isGone: () => boolean;
	readonly close: () => void;
}

async function* readInput(path: string): AsyncGenerator<Uint8Array> {
	try {
		for await (const chunk of path === "-" ? process.stdin : createReadStream(path)) yield chunk as Uint8Array;
	} catch (cause) {
		const message = cause instanceof Error ? cause.message : String(cause);
		throw new HttpeekError("HTTPEEK_IO", `cannot read the recording ${path}: ${message}`, { cause });
	}
}

/** The real world. What is heavy or native is imported when a command asks for it. */
export function systemContext(): CliContext {
	optimizeWhenBusy();
	return {
		stdout: new Output(process.stdout),
		stderr: new Output(process.stderr),
		env: process.env,
		interruption: () => listenForInterruption(),
		async *observe(options) {
			const { observe } = await import("../index.js");
			yield* observe(options);
		},
		async *watch(options) {
			const { watch } = await import("../index.js");
			yield* watch(options);
		},
		readInput,
		async createCgroup(purpose) {
			const { OwnCgroup } = await import("../capture/own-cgroup.js");
			const { insideCgroup } = await import("../capture/own-process.js");
			const cgroup = OwnCgroup.create(purpose);
			return {
				path: cgroup.path,
				wrap: (command, args) => cgroup.wrap(command, args),
				close: () => cgroup.close(),
				inside: (action) => insideCgroup(cgroup.path, action),
			};
		},
		async runChecks() {
			const { runChecks } = await import("../capture/doctor.js");
			const { systemProbes } = await import("../capture/doctor-probes.js");
			return runChecks(systemProbes);
		},
		letGoOfTerminal() {
			// At its end Node puts back the modes that a terminal had at its start, unless the descriptors are closed.
			for (const fd of [0, 1, 2]) {
				closeSync(fd);
			}
		},
		openKeyboard,
	};
}

/** Standard input may be a recording or nothing at all: keys then come from the terminal that the process belongs to. */
function openKeyboard(): OpenKeyboard {
	// a terminal that goes away fails whatever is done to it; its end is told by a signal
	const patient = (stream: NodeJS.ReadStream): NodeJS.ReadStream => stream.on("error", () => undefined);
	const of = (stream: NodeJS.ReadStream, fd: number, close: () => void): OpenKeyboard => {
		return { stream: patient(stream), isGone: () => !isatty(fd), close };
	};
	if (process.stdin.isTTY) return of(process.stdin, process.stdin.fd, () => undefined);
	try {
		const fd = openSync("/dev/tty", "r");
		const stream = new ReadStream(fd);
		return of(stream, fd, () => stream.destroy());
	} catch {
		return { stream: undefined, isGone: () => false, close: () => undefined };
	}
}
