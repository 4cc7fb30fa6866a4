/** `--record` and `--input`: snapshots into a file, and out of one instead of the kernel. */
import { createReadStream } from "node:fs";
import { systemClock } from "../base/clock.js";
import { HttpeekError } from "../base/errors.js";
import { readLines } from "../base/lines.js";
import type { ObserveOptions } from "../index.js";
import { snapshotFilter } from "../model/filter.js";
import { type Recorded, readRecordingLine, recordingLine } from "../model/recording.js";
import type { Snapshot } from "../model/snapshot.js";
import type { CliContext } from "./context.js";
import { version } from "./program.js";
import { RecordingFile, recordingFileError } from "./recording-file.js";
import type { Flags } from "./settings.js";

/** A snapshot with all endpoints that there can be has some 30 MB. */
const LONGEST_LINE_BYTES = 256 * 1024 * 1024;
const STANDARD_INPUT = "-";

/** How a recording is played. */
export interface Playing {
	/** At the speed at which it was recorded, and when it has ended its last snapshot stays until the signal. For people. */
	readonly isPaced: boolean;
	/** Told once, for people, where a recording that is not at its end by a limit of the user has no more. */
	readonly onEnd?: (text: string) => void;
}

/**
 * The context with what the two flags ask for: observe() reads a recording, or what it yields is recorded.
 * @throws HttpeekError HTTPEEK_USAGE for flags that cannot go together
 */
export function withRecording(flags: Flags, context: CliContext, playing: Playing = { isPaced: false }): CliContext {
	const { input, record } = flags;
	if (input !== undefined) {
		checkInputFlags(flags);
		return { ...context, observe: (options) => replay(input, options, playing, context) };
	}
	if (record !== undefined) {
		return { ...context, observe: (options) => recorded(context.observe, options, record) };
	}
	return context;
}

/** What was counted, and how often it was looked at, is settled once it is recorded. */
const NOT_WITH_INPUT: readonly (keyof Flags)[] = [
	"record",
	"cgroup",
	"pid",
	"unit",
	"container",
	"minLatency",
	"interval",
	"maxEndpoints",
];

function checkInputFlags(flags: Flags): void {
	const given = NOT_WITH_INPUT.find((name) => flags[name] !== undefined);
	if (given === undefined && flags.tls !== false) return;
	const flag = `--${(given ?? "noTls").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
	throw new HttpeekError("HTTPEEK_USAGE", `${flag} cannot be used with --input: nothing is counted`, {
		hint: "give it where the recording is made",
	});
}

/** The lines of a recording, and with them whatever httpeek records: `path` as of --input. */
export async function* readRecording(
	path: string,
	signal: AbortSignal | undefined,
	onCut: (text: string) => void,
): AsyncGenerator<Recorded, void, undefined> {
	const what = path === STANDARD_INPUT ? "standard input" : path;
	const stream = path === STANDARD_INPUT ? process.stdin : createReadStream(path);
	const stop = (): void => void stream.destroy();
	signal?.addEventListener("abort", stop, { once: true });
	if (signal?.aborted === true) stop();
	try {
		for await (const { text, number, isComplete } of readLines(stream, `the recording ${what}`, LONGEST_LINE_BYTES)) {
			if (isComplete) {
				if (text !== "") yield readRecordingLine(text, `line ${number} of ${what}`);
			} else {
				onCut(`the last line of ${what} is cut off: it is left out`);
			}
		}
	} catch (error) {
		if (signal?.aborted === true) return;
		if (error instanceof HttpeekError) throw error;
		throw recordingFileError(`read the recording ${what}`, error);
	} finally {
		signal?.removeEventListener("abort", stop);
		stop();
	}
}

async function* replay(
	path: string,
	options: ObserveOptions,
	{ isPaced, onEnd }: Playing,
	context: CliContext,
): AsyncGenerator<Snapshot, void, undefined> {
	const { signal, count = Number.POSITIVE_INFINITY, durationSeconds = Number.POSITIVE_INFINITY } = options;
	const filtered = snapshotFilter(options.filter ?? {});
	const tell = onEnd ?? ((text: string): void => void context.stderr.tell(`httpeek: ${text}\n`));
	const pace = isPaced && path !== STANDARD_INPUT ? new Pace(signal) : undefined;
	let description = "";
	let shown = 0;
	for await (const record of readRecording(path, signal, tell)) {
		if (record.kind === "start") description = record.description;
		if (record.kind !== "snapshot") continue;
		const { snapshot } = record;
		if (snapshot.durationSeconds > durationSeconds) return;
		if (shown === 0) options.onCounting?.({ description: [description, "a recording"].filter(Boolean).join(", ") });
		await pace?.until(snapshot.durationSeconds);
		shown += 1;
		yield filtered(snapshot);
		if (shown >= count || signal?.aborted === true) return;
	}
	if (shown === 0 && signal?.aborted !== true) {
		throw new HttpeekError("HTTPEEK_RECORDING", `cannot read the recording ${path}: it holds no snapshot`, {
			hint: "record one: httpeek stat -d 10s --record FILE",
		});
	}
	if (isPaced && signal?.aborted !== true) {
		onEnd?.("the recording has ended");
		await systemClock.sleepUntil(Number.POSITIVE_INFINITY, signal);
	}
}

/** Waits as long as it took when it was recorded. */
class Pace {
	readonly #signal: AbortSignal | undefined;
	#startedSeconds: number | undefined;

	constructor(signal: AbortSignal | undefined) {
		this.#signal = signal;
	}

	/** @param seconds since counting began, as it was recorded */
	async until(seconds: number): Promise<void> {
		this.#startedSeconds ??= systemClock.nowSeconds() - seconds;
		await systemClock.sleepUntil(this.#startedSeconds + seconds, this.#signal);
	}
}

async function* recorded(
	observe: CliContext["observe"],
	options: ObserveOptions,
	path: string,
): AsyncGenerator<Snapshot, void, undefined> {
	let file: RecordingFile | undefined;
	try {
		const snapshots = observe({
			...options,
			lastOnly: false,
			onCounting: (info) => {
				// not before: what cannot count leaves no file behind
				file = new RecordingFile(path);
				file.write(recordingLine({ kind: "start", description: info.description, version: version() }));
				options.onCounting?.(info);
			},
		});
		for await (const snapshot of snapshots) {
			file?.write(recordingLine({ kind: "snapshot", snapshot }));
			yield snapshot;
		}
	} finally {
		file?.close();
	}
}
