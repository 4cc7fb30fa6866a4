/** `httpeek top`: endpoints live. A screen on a terminal, a stream elsewhere. */
import type { ExitCode } from "../base/errors.js";
import type { ObserveOptions } from "../index.js";
import { formatSnapshot, streamHeader } from "../sinks/format.js";
import type { OutputFormat } from "../sinks/format-names.js";
import type { CliContext } from "./context.js";
import { conclude, follow, type Show } from "./follow.js";
import type { Interruption } from "./interruption.js";
import { openLiveScreen } from "./live-screen.js";
import { withRecording } from "./recording.js";
import { checkFormat, type Flags, formatOptions, observeOptions } from "./settings.js";

/** An answer that took so long is shown one by one on its endpoint's page, as failures are. */
const SLOW_SECONDS = 0.5;

/** Runs the command. */
export async function top(flags: Flags, context: CliContext): Promise<ExitCode> {
	const interruption = context.interruption();
	try {
		return await live(flags, context, observeOptions(flags), interruption);
	} finally {
		interruption.dispose();
	}
}

/** The live view of anything; the end is the caller's. */
export async function live(
	flags: Flags,
	context: CliContext,
	observe: ObserveOptions,
	end: Interruption,
	description?: string,
): Promise<ExitCode> {
	const format = streamFormat(flags, context);
	checkFormat(flags, format);
	const advice = context.stdout.isTerminal ? " (Ctrl-C ends)" : "";
	const common = { observe, end, advice, ...(description === undefined ? {} : { description }) };
	let tell: ((text: string) => void) | undefined;
	const playing = format === undefined ? { isPaced: true, onEnd: (text: string) => tell?.(text) } : { isPaced: false };
	const source = withRecording(flags, context, playing);
	if (format !== undefined) {
		const last = await follow(flags, source, { ...common, show: stream(flags, context, format) });
		return await conclude(last, flags, context);
	}
	const screen = await openLiveScreen(flags, context, end);
	tell = (text) => screen.view.tell(text);
	let last: Awaited<ReturnType<typeof follow>>;
	try {
		last = await follow(flags, source, {
			...common,
			observe: { ...observe, samples: { slowSeconds: SLOW_SECONDS } },
			onCounting: (what) => screen.view.start(what),
			show: async (now) => {
				screen.view.push(now);
				return true;
			},
		});
	} finally {
		screen.close();
	}
	return await conclude(last, flags, context);
}

/** Undefined: a screen. On a terminal that can be drawn on, only formats for programs, and `wide`, are streamed. */
function streamFormat({ output }: Flags, { stdout, env }: CliContext): OutputFormat | undefined {
	return stdout.isTerminal && env.TERM !== "dumb" ? (output === "table" ? undefined : output) : (output ?? "lines");
}

function stream(flags: Flags, context: CliContext, format: OutputFormat): Show {
	const options = formatOptions(flags, context.stdout, context.env);
	return (now, previous) => {
		const header = previous === undefined ? streamHeader(format) : "";
		return context.stdout.write(header + formatSnapshot(now, format, options));
	};
}
