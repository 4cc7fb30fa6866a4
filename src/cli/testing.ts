/** A world for tests of the commands: snapshots that were made up, streams that keep what is written. */
import type { Check } from "../capture/doctor.js";
import type { ObserveOptions } from "../index.js";
import { snapshotFilter } from "../model/filter.js";
import type { Snapshot } from "../model/snapshot.js";
import type { CliContext } from "./context.js";
import { main } from "./main.js";
import { Output, type TextStream } from "./output.js";

/** A stream that keeps its text; as a pipe without a reader it fails as such a pipe does. */
export class FakeStream implements TextStream {
	text = "";
	readonly isTTY: boolean;
	readonly columns = 120;
	readonly rows = 20;
	readonly #errorCode: string | undefined;

	constructor(options: { readonly isTerminal?: boolean; readonly errorCode?: string } = {}) {
		this.isTTY = options.isTerminal ?? false;
		this.#errorCode = options.errorCode;
	}

	write(text: string, done: (error?: Error | null) => void): boolean {
		if (this.#errorCode === undefined) {
			this.text += text;
			done();
		} else {
			done(Object.assign(new Error(`write ${this.#errorCode}`), { code: this.#errorCode }));
		}
		return true;
	}

	on(): void {}
}

export interface FakeWorld {
	readonly snapshots?: readonly Snapshot[];
	readonly checks?: readonly Check[];
	readonly stdout?: FakeStream;
	readonly stderr?: FakeStream;
	readonly env?: Readonly<Record<string, string>>;
	/** The last snapshot, which comes when the signal is aborted and not before. */
	readonly afterAbort?: Snapshot;
	/** Thrown instead of beginning to count. */
	readonly openError?: Error;
	/** Thrown after the snapshots. */
	readonly readError?: Error;
}

export interface CliResult {
	readonly exitCode: number;
	readonly stdout: string;
	readonly stderr: string;
	/** What observe() was called with. */
	readonly observed: ObserveOptions | undefined;
	/** How many snapshots were looked at. */
	readonly looks: number;
	/** Cgroups that were made and not closed. */
	readonly openCgroups: number;
}

/** Runs a command line, or `command` with the context, in a made-up world. */
export async function runCli(
	argv: readonly string[],
	world: FakeWorld = {},
	command: (context: CliContext) => Promise<number> = (context) => main(argv, context),
): Promise<CliResult> {
	const { stdout = new FakeStream(), stderr = new FakeStream() } = world;
	let observed: ObserveOptions | undefined;
	let looks = 0;
	let openCgroups = 0;
	const context: CliContext = {
		stdout: new Output(stdout),
		stderr: new Output(stderr),
		env: world.env ?? {},
		interruption: () => {
			const controller = new AbortController();
			return { signal: controller.signal, end: () => controller.abort(), dispose: () => undefined };
		},
		async *observe(options) {
			observed = options;
			if (world.openError !== undefined) {
				throw world.openError;
			}
			options.onCounting?.({ description: "a test" });
			const filtered = snapshotFilter(options.filter ?? {});
			for (const snapshot of world.snapshots ?? []) {
				looks += 1;
				yield filtered(snapshot);
				if (options.signal?.aborted === true) {
					return;
				}
			}
			if (world.readError !== undefined) {
				throw world.readError;
			}
			if (world.afterAbort !== undefined) {
				await aborted(options.signal);
				yield filtered(world.afterAbort);
			}
		},
		createCgroup: async () => {
			openCgroups += 1;
			return {
				path: "/a/cgroup",
				wrap: (name, args = []) => ({ command: name, args: [...args] }),
				inside: (action) => action(),
				close: () => {
					openCgroups -= 1;
					return true;
				},
			};
		},
		runChecks: async () => world.checks ?? [],
		letGoOfTerminal: () => undefined,
	};
	const exitCode = await command(context);
	return { exitCode, stdout: stdout.text, stderr: stderr.text, observed, looks, openCgroups };
}

function aborted(signal: AbortSignal | undefined): Promise<void> {
	return new Promise((resolve) => {
		if (signal?.aborted === true) {
			resolve();
		}
		signal?.addEventListener("abort", () => resolve(), { once: true });
	});
}
