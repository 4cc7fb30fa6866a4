/** `httpeek watch`: a line for each exchange as it ends. */
import { ExitCode, HttpeekError } from "../base/errors.js";
import type { WatchBatch } from "../capture/watch.js";
import type { WatchOptions } from "../index.js";
import type { WatchFilter } from "../model/exchange.js";
import type { Snapshot } from "../model/snapshot.js";
import type { TargetOptions } from "../model/target.js";
import { totalsOf } from "../model/totals.js";
import { exchangeFormatter, exchangeHeader } from "../sinks/exchanges.js";
import type { CliContext } from "./context.js";
import { conclude } from "./follow.js";
import type { Interruption } from "./interruption.js";
import { countingText, missedLine, replayLine, watchSummaryLine } from "./messages.js";
import { observeOptions, useColor } from "./settings.js";
import type { WatchFlags } from "./watch-options.js";
import { ExchangeRecording, replay } from "./watch-recording.js";

/** Nobody reads more on a screen, and terminals take so much with ease. */
const MOST_PER_SECOND_ON_A_TERMINAL = 1000;
/** Between two lines about what could not be shown. */
const NOTICE_MS = 1000;

/** Runs the command. */
export async function watch(flags: WatchFlags, context: CliContext): Promise<ExitCode> {
	checkInputFlags(flags);
	const interruption = context.interruption();
	const recording = flags.record === undefined ? undefined : new ExchangeRecording(flags.record);
	try {
		const view = new WatchView(flags, context, recording);
		const batches =
			flags.input === undefined
				? context.watch(watchOptions(flags, context, interruption, recording))
				: replay(flags.input, context, {
						...watchFilterAndTarget(flags),
						...(flags.count !== undefined && { count: flags.count }),
						signal: interruption.signal,
					});
		for await (const batch of batches) {
			if (!(await view.show(batch))) interruption.end();
		}
		return await view.conclude();
	} finally {
		recording?.close();
		interruption.dispose();
	}
}

function watchFilterAndTarget(flags: WatchFlags): TargetOptions & { readonly filter: WatchFilter } {
	const { minLatency = 0, slow = 0, errors = false, sample = 1, query = false, raw = false } = flags;
	return {
		filter: {
			...observeOptions({ ...flags, output: "lines" }).filter,
			minLatencySeconds: Math.max(minLatency, slow),
			errorsOnly: errors,
			sampleOneIn: sample,
		},
		query,
		raw,
	};
}

/** A recording has its scope and its end. */
const NOT_WITH_INPUT = ["record", "cgroup", "pid", "unit", "container", "duration", "maxEndpoints", "failIf"] as const;

function checkInputFlags(flags: WatchFlags): void {
	const given = NOT_WITH_INPUT.find((name) => flags[name] !== undefined);
	if (flags.input === undefined || given === undefined) return;
	const flag = `--${given.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
	throw new HttpeekError("HTTPEEK_USAGE", `${flag} cannot be used with --input: nothing is counted`, {
		hint: "give it where the recording is made",
	});
}

function watchOptions(
	flags: WatchFlags,
	{ stdout, stderr }: CliContext,
	{ signal }: Interruption,
	recording: ExchangeRecording | undefined,
): WatchOptions {
	const { scope = {}, durationSeconds, count, maxEndpoints, tls } = observeOptions({ ...flags, output: "lines" });
	return {
		scope,
		...watchFilterAndTarget(flags),
		...(durationSeconds !== undefined && { durationSeconds }),
		...(count !== undefined && { count }),
		...(maxEndpoints !== undefined && { maxEndpoints }),
		...(tls !== undefined && { tls }),
		...(stdout.isTerminal && { mostPerSecond: MOST_PER_SECOND_ON_A_TERMINAL }),
		signal,
		onCounting: (info) => {
			recording?.open();
			const advice = flags.duration === undefined && flags.count === undefined ? " (Ctrl-C ends)" : "";
			if (flags.quiet !== true) void stderr.tell(countingText(info, advice));
		},
	};
}

/** What was shown so far, and what was not. */
class WatchView {
	readonly #flags: WatchFlags;
	readonly #context: CliContext;
	readonly #recording: ExchangeRecording | undefined;
	readonly #format: ReturnType<typeof exchangeFormatter>;
	#header: string;
	#shown = 0;
	#skipped = 0;
	#dropped = 0;
	#told = 0;
	#toldAtMs = Number.NEGATIVE_INFINITY;
	#last: Snapshot | undefined;

	constructor(flags: WatchFlags, context: CliContext, recording: ExchangeRecording | undefined) {
		const { stdout, env } = context;
		const { output = "lines" } = flags;
		this.#flags = flags;
		this.#context = context;
		this.#recording = recording;
		this.#header = exchangeHeader(output);
		const width = stdout.columns;
		const color = useColor(flags.color, stdout, env);
		this.#format = exchangeFormatter(output, { color, ...(width !== undefined && { width }) });
	}

	/** Resolves to false when nobody looks any more. */
	async show({ exchanges, skipped, dropped, last }: WatchBatch): Promise<boolean> {
		this.#skipped += skipped;
		this.#dropped += dropped;
		this.#last = last;
		this.#recording?.write(exchanges);
		const isRead = await this.#context.stdout.write(this.#header + exchanges.map(this.#format).join(""));
		this.#header = "";
		if (isRead) this.#shown += exchanges.length;
		await this.#tellMissed();
		return isRead;
	}

	/** Sums up, and judges by `--fail-if`. */
	async conclude(): Promise<ExitCode> {
		const counts = { shown: this.#shown, skipped: this.#skipped, dropped: this.#dropped };
		if (this.#last !== undefined) {
			const summary = watchSummaryLine(totalsOf(this.#last), counts);
			const { output: _, ...flags } = this.#flags;
			return await conclude(this.#last, flags, this.#context, { summary });
		}
		if (this.#flags.quiet !== true) await this.#context.stderr.tell(replayLine(counts.shown));
		return ExitCode.ok;
	}

	/** Now and then: what was missed since it was last said. It is never silent. */
	async #tellMissed(): Promise<void> {
		const missed = this.#skipped + this.#dropped - this.#told;
		const isDue = this.#last !== undefined || performance.now() - this.#toldAtMs >= NOTICE_MS;
		if (missed === 0 || !isDue) return;
		this.#told += missed;
		this.#toldAtMs = performance.now();
		await this.#context.stderr.tell(missedLine(missed));
	}
}
