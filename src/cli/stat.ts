/** `httpeek stat`: counts for a while, then prints one report. */
import type { ExitCode } from "../base/errors.js";
import type { OutputFormat } from "../sinks/format-names.js";
import type { CliContext } from "./context.js";
import { conclude, follow } from "./follow.js";
import { withRecording } from "./recording.js";
import { checkFormat, type Flags, formatOptions, observeOptions } from "./settings.js";

/** Runs the command. */
export async function stat(flags: Flags, context: CliContext): Promise<ExitCode> {
	const format: OutputFormat = flags.output ?? "table";
	checkFormat(flags, format);
	const interruption = context.interruption();
	try {
		let printing: Promise<typeof import("../sinks/format.js")> | undefined;
		const last = await follow(flags, withRecording(flags, context), {
			observe: observeOptions(flags),
			end: interruption,
			// what prints is loaded while it counts
			onCounting: () => {
				printing = import("../sinks/format.js");
			},
			advice: flags.duration === undefined && flags.count === undefined ? " (Ctrl-C ends and reports)" : "",
		});
		const { formatSnapshot, streamHeader } = await (printing ?? import("../sinks/format.js"));
		const report = formatSnapshot(last, format, formatOptions(flags, context.stdout, context.env));
		await context.stdout.write(streamHeader(format) + report);
		return await conclude(last, flags, context);
	} finally {
		interruption.dispose();
	}
}
