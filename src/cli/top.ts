/** `httpeek top`: endpoints live. A screen on a terminal, a stream elsewhere. */
import type { ExitCode } from "../base/errors.js";
import type { ObserveOptions } from "../index.js";
import { formatSnapshot, type OutputFormat, streamHeader } from "../sinks/format.js";
import { screenLines } from "../views/screen-lines.js";
import { TableScreen, type Terminal } from "../views/table-screen.js";
import type { CliContext } from "./context.js";
import { conclude, follow, type Show } from "./follow.js";
import type { Interruption } from "./interruption.js";
import { withRecording } from "./recording.js";
import { checkFormat, type Flags, formatOptions, observeOptions } from "./settings.js";

/** Runs the command. */
export async function top(flags: Flags, context: CliContext): Promise<ExitCode> {
	const interruption = context.interruption();
	try {
		return await live(flags, withRecording(flags, context), observeOptions(flags), interruption);
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
	if (format !== undefined) {
		const last = await follow(flags, context, { ...common, show: stream(flags, context, format) });
		return await conclude(last, flags, context);
	}
	const screen = new TableScreen(terminalOf(context, end));
	let last: Awaited<ReturnType<typeof follow>>;
	try {
		last = await follow(flags, context, { ...common, ...onScreen(flags, context, screen) });
	} finally {
		screen.close();
	}
	return await conclude(last, flags, context);
}

/** Undefined: a screen. On a terminal only formats that are for programs, and `wide`, are streamed. */
function streamFormat({ output }: Flags, { stdout }: CliContext): OutputFormat | undefined {
	return stdout.isTerminal ? (output === "table" ? undefined : output) : (output ?? "lines");
}

function stream(flags: Flags, context: CliContext, format: OutputFormat): Show {
	const options = formatOptions(flags, context.stdout, context.env);
	return (now, previous) => {
		const header = previous === undefined ? streamHeader(format) : "";
		return context.stdout.write(header + formatSnapshot(now, format, options));
	};
}

function onScreen(
	flags: Flags,
	context: CliContext,
	screen: TableScreen,
): { readonly show: Show; readonly onCounting: (description: string) => void } {
	const { color, sort = "count", limit } = formatOptions(flags, context.stdout, context.env);
	let what = "";
	return {
		onCounting: (description) => {
			what = description;
		},
		async show(now, previous) {
			const options = { description: what, color, sort, ...(limit === undefined ? {} : { limit }) };
			screen.draw(screenLines(previous, now, screen.size, options));
			return true;
		},
	};
}

function terminalOf({ stdout }: CliContext, end: Interruption): Terminal {
	return {
		get columns() {
			return stdout.columns;
		},
		get rows() {
			return stdout.rows;
		},
		// A terminal that was closed ends the view: there is nobody left to be told.
		write: (text) => void stdout.write(text).catch(() => end.end()),
	};
}
