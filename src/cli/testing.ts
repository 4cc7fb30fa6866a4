/** A world for tests of the commands: snapshots that were made up, streams that keep what is written. */
import type { Check } from "../capture/doctor.js";
import type { WatchBatch } from "../capture/watch.js";
import type { ObserveOptions, WatchOptions } from "../index.js";
import { snapshotFilter } from "../model/filter.js";
import type { Snapshot } from "../model/snapshot.js";
import { makeSnapshot } from "../model/testing.js";
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
	off(): void {}
}

export interface FakeWorld {
	readonly snapshots?: readonly Snapshot[];
	/** What watch() yields, before a last batch with the last snapshot. */
	readonly batches?: readonly WatchBatch[];
	/** Texts of files, in chunks. */
	readonly inputs?: Readonly<Record<string, readonly string[]>>;
	readonly checks?: readonly Check[];
	/** Why TLS is not read. */
	readonly tlsProblem?: string;
	readonly stdout?: FakeStream;
	readonly stderr?: FakeStream;
	readonly env?: Readonly<Record<string, string>>;
	/** What is typed. Default: there is no keyboard. */
	readonly keyboard?: NodeJS.ReadStream;
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
	/** What watch() was called with. */
	readonly watched: WatchOptions | undefined;
	/** How many snapshots were looked at. */
	readonly looks: number;
	/** Cgroups that were made and not closed. */
	readonly openCgroups: number;
}

/** What came of a made-up world. */
interface Seen {
	observed: ObserveOptions | undefined;
	watched: WatchOptions | undefined;
	looks: number;
	openCgroups: number;
}

/** Runs a command line, or `command` with the context, in a made-up world. */
export async function runCli(
	argv: readonly string[],
	world: FakeWorld = {},
	command: (context: CliContext) => Promise<number> = (context) => main(argv, context),
): Promise<CliResult> {
	const { stdout = new FakeStream(), stderr = new FakeStream() } = world;
	const seen: Seen = { observed: undefined, watched: undefined, looks: 0, openCgroups: 0 };
	const exitCode = await command(fakeContext({ ...world, stdout, stderr }, seen));
	return { exitCode, stdout: stdout.text, stderr: stderr.text, ...seen };
}

/** What `use` makes of the context of a made-up world. */
export function withFakeContext<Result>(world: FakeWorld, use: (context: CliContext) => Result): Result {
	return use(fakeContext(world, { observed: undefined, watched: undefined, looks: 0, openCgroups: 0 }));
}

function fakeContext(world: FakeWorld, seen: Seen): CliContext {
	return {
		stdout: new Output(world.stdout ?? new FakeStream()),
		stderr: new Output(world.stderr ?? new FakeStream()),
		env: world.env ?? {},
		interruption: () => {
			const controller = new AbortController();
			return { signal: controller.signal, end: () => controller.abort(), dispose: () => undefined };
		},
		async *observe(options) {
			seen.observed = options;
			if (world.openError !== undefined) {
				throw world.openError;
			}
			options.onCounting?.({ description: "a test", ...(world.tlsProblem && { tlsProblem: world.tlsProblem }) });
			const filtered = snapshotFilter(options.filter ?? {});
			for (const snapshot of world.snapshots ?? []) {
				seen.looks += 1;
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
		async *watch(options) {
			seen.watched = options;
			if (world.openError !== undefined) {
				throw world.openError;
			}
			options.onCounting?.({ description: "a test", ...(world.tlsProblem && { tlsProblem: world.tlsProblem }) });
			for (const batch of world.batches ?? []) {
				yield batch;
				if (options.signal?.aborted === true) {
					break;
				}
			}
			yield { exchanges: [], skipped: 0, dropped: 0, last: world.snapshots?.at(-1) ?? makeSnapshot() };
		},
		async *readInput(path) {
			for (const chunk of world.inputs?.[path] ?? []) {
				yield Buffer.from(chunk);
			}
		},
		createCgroup: async () => {
			seen.openCgroups += 1;
			return {
				path: "/a/cgroup",
				wrap: (name, args = []) => ({ command: name, args: [...args] }),
				inside: (action) => action(),
				close: () => {
					seen.openCgroups -= 1;
					return true;
				},
			};
		},
		runChecks: async () => world.checks ?? [],
		letGoOfTerminal: () => undefined,
		openKeyboard: () => ({ stream: world.keyboard, isGone: () => false, close: () => undefined }),
	};
}

function aborted(signal: AbortSignal | undefined): Promise<void> {
	return new Promise((resolve) => {
		if (signal?.aborted === true) {
			resolve();
		}
		signal?.addEventListener("abort", () => resolve(), { once: true });
	});
}
