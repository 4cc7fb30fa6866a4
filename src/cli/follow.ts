/** The part that all commands which count have in common: look, announce, sum up, judge. */
import { ExitCode, HttpeekError } from "../base/errors.js";
import type { ObserveOptions } from "../index.js";
import type { Snapshot } from "../model/snapshot.js";
import { totalsOf } from "../model/totals.js";
import { isQuiet, type QuietOptions, quietLines } from "../sinks/quiet.js";
import type { CliContext } from "./context.js";
import type { Interruption } from "./interruption.js";
import { countingText, failureLine, quietText, summaryLine } from "./messages.js";
import type { Flags } from "./settings.js";

/** A snapshot, and the one before it. Returns false when nobody looks any more. */
export type Show = (now: Snapshot, previous: Snapshot | undefined) => Promise<boolean>;

export interface FollowOptions {
	readonly observe: ObserveOptions;
	/** Ends the counting. */
	readonly end: Pick<Interruption, "signal" | "end">;
	/** Left out where nothing is shown before the end. */
	readonly show?: Show;
	/** What is counted, for people. Default: what observe() says of its scope. */
	readonly description?: string;
	/** Said behind what is counted: `(Ctrl-C ends)`. */
	readonly advice?: string;
	/** Counting has begun and was announced. */
	readonly onCounting?: (description: string) => void;
}

/**
 * Counts until the end and hands every snapshot to `show`; the last one is returned.
 * @throws HttpeekError as observe() does.
 */
export async function follow(flags: Flags, context: CliContext, options: FollowOptions): Promise<Snapshot> {
	const { end, show } = options;
	const isOver = async (now: Snapshot, before: Snapshot | undefined): Promise<boolean> =>
		show !== undefined && !(await show(now, before));
	const words = new QuietWords(flags, context);
	let previous: Snapshot | undefined;
	const snapshots = context.observe({
		...options.observe,
		...(show === undefined && !words.areDue && { lastOnly: true }),
		signal: end.signal,
		onCounting: (info) => {
			const description = options.description ?? info.description;
			if (flags.quiet !== true) {
				void context.stderr.tell(countingText({ ...info, description }, options.advice));
			}
			words.description = description;
			options.onCounting?.(description);
		},
	});
	for await (const now of snapshots) {
		if (await isOver(now, previous)) end.end();
		await words.tellInTime(now);
		previous = now;
	}
	if (previous === undefined) {
		throw new HttpeekError("HTTPEEK_INTERNAL", "counting ended without a snapshot");
	}
	return previous;
}

/** Nothing for so long, and a person may wonder. */
const QUIET_SECONDS = 5;

/** Tells a person at a terminal, once, why there may be nothing to see. */
class QuietWords {
	description: string | undefined;
	readonly #flags: Flags;
	readonly #context: CliContext;
	/** On a screen the view says it; scripts are not told. */
	#areDue: boolean;

	constructor(flags: Flags, context: CliContext) {
		this.#flags = flags;
		this.#context = context;
		this.#areDue = flags.quiet !== true && context.stderr.isTerminal && !context.stdout.isTerminal;
	}

	/** Whether snapshots are needed for them. */
	get areDue(): boolean {
		return this.#areDue;
	}

	async tellInTime(now: Snapshot): Promise<void> {
		if (!this.#areDue || now.durationSeconds < QUIET_SECONDS) {
			return;
		}
		this.#areDue = false;
		if (isQuiet(now)) {
			const options = this.description === undefined ? {} : { description: this.description };
			const lines = quietLines(now, { ...options, isFiltered: isFiltered(this.#flags) });
			await this.#context.stderr.tell(quietText(lines));
		}
	}
}

/** Whether rows were asked for that fit something. */
export function isFiltered({ port, role, method, status, path, service, minLatency }: Flags): boolean {
	return [port, role, method, status, path, service, minLatency].some((value) => value !== undefined);
}

/** Sums up on standard error, says to a person what may help where nothing was seen, and judges by `--fail-if`. */
export async function conclude(
	last: Snapshot,
	flags: Flags,
	context: CliContext,
	options: Pick<QuietOptions, "isCommand"> & { readonly summary?: string } = {},
): Promise<ExitCode> {
	const totals = totalsOf(last);
	if (flags.quiet !== true) {
		await context.stderr.tell(options.summary ?? summaryLine(totals));
		if (context.stderr.isTerminal && isQuiet(last)) {
			await context.stderr.tell(quietText(quietLines(last, { ...options, isFiltered: isFiltered(flags) })));
		}
	}
	const held = (flags.failIf ?? []).filter(({ holds }) => holds(totals));
	for (const { text } of held) {
		await context.stderr.tell(failureLine(text));
	}
	return held.length > 0 ? ExitCode.failIf : ExitCode.ok;
}
