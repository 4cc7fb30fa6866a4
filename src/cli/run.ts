/** `httpeek run`: a command from its first request to its last, in a cgroup of its own. */
import { closeSync, openSync, writeSync } from "node:fs";
import { ExitCode, HttpeekError } from "../base/errors.js";
import { endWithoutCore } from "../capture/own-process.js";
import { readStat } from "../identity/process.js";
import type { Snapshot } from "../model/snapshot.js";
import { formatSnapshot, streamHeader } from "../sinks/format.js";
import type { OutputFormat } from "../sinks/format-names.js";
import { type Child, type ChildEnd, StartError, startChild } from "./child.js";
import type { CliContext } from "./context.js";
import { conclude, follow } from "./follow.js";
import { signalExitCode } from "./interruption.js";
import { errorText } from "./messages.js";
import { followSignals, type SignalPlace } from "./run-signals.js";
import { checkFormat, type Flags, formatOptions, observeOptions } from "./settings.js";

/** Signals that end a process and have others write a core file, which is to be the command's, not httpeek's. */
const DUMPING: ReadonlySet<NodeJS.Signals> = new Set([
	"SIGQUIT",
	"SIGILL",
	"SIGTRAP",
	"SIGABRT",
	"SIGBUS",
	"SIGFPE",
	"SIGSEGV",
	"SIGXCPU",
	"SIGXFSZ",
	"SIGSYS",
]);

/** What `run` does to the process it is in; tests have their own. */
export interface RunProcess extends SignalPlace {
	/** Ends this process by a signal that would leave a core file, without one. */
	readonly raiseWithoutCore: (signal: NodeJS.Signals) => void;
}

const thisProcess: RunProcess = {
	on: (signal, listener) => process.on(signal, listener),
	removeListener: (signal, listener) => process.removeListener(signal, listener),
	raise: (signal) => process.kill(process.pid, signal),
	standingOf: (pid) => readStat(pid),
	raiseWithoutCore: endWithoutCore,
};

/**
 * Runs the command line and reports when it has ended. Returns its exit code; 3 where it ended well and a `--fail-if`
 * holds.
 */
export async function run(
	commandLine: readonly [command: string, ...args: string[]],
	flags: Flags,
	context: CliContext,
	ownProcess: RunProcess = thisProcess,
): Promise<number> {
	const format: OutputFormat = flags.output ?? "table";
	checkFormat(flags, format);
	const report = new Report(flags.report, context);
	try {
		const { last, end } = await watchCommand(commandLine, flags, context, ownProcess);
		if (last !== undefined) {
			const options = {
				...formatOptions(flags, context.stderr, context.env),
				byRole: true,
				title: commandLine.join(" "),
			};
			await report.write(streamHeader(format) + formatSnapshot(last, format, options));
		}
		const verdict = last === undefined ? ExitCode.ok : await conclude(last, flags, context, { isCommand: true });
		context.letGoOfTerminal();
		return endAs(end, verdict, ownProcess);
	} catch (error) {
		if (!(error instanceof StartError)) {
			throw error;
		}
		await context.stderr.tell(errorText(error));
		return error.shellExitCode;
	} finally {
		report.close();
	}
}

/** Ends as the command did: by its signal, or with its exit code; where that is 0, with the verdict. */
function endAs({ code, signal }: ChildEnd, verdict: ExitCode, ownProcess: RunProcess): number {
	if (signal === null) {
		return code === 0 ? verdict : (code ?? ExitCode.runtime);
	}
	if (DUMPING.has(signal)) {
		ownProcess.raiseWithoutCore(signal);
	} else {
		ownProcess.raise(signal);
	}
	return signalExitCode(signal);
}

interface Watched {
	/** Undefined when counting broke off while the command ran. */
	readonly last: Snapshot | undefined;
	readonly end: ChildEnd;
}

async function watchCommand(
	[command, ...args]: readonly [string, ...string[]],
	flags: Flags,
	context: CliContext,
	ownProcess: RunProcess,
): Promise<Watched> {
	const cgroup = await context.createCgroup("run");
	const ended = new AbortController();
	let child: Child | undefined;
	const unfollow = followSignals(ownProcess, () => child);
	try {
		const last = await follow(flags, context, {
			observe: { ...observeOptions(flags), scope: { cgroups: [cgroup.path] } },
			end: { signal: ended.signal, end: () => undefined },
			description: [command, ...args].join(" "),
			onCounting: () => {
				child = cgroup.inside(() => startChild({ command, args }, { stdio: "inherit" }));
				child.ended.finally(() => ended.abort()).catch(() => undefined);
			},
		}).catch((error: unknown) => brokenOff(error, child, context));
		return { last, end: await endOf(child) };
	} finally {
		unfollow();
		cgroup.close();
	}
}

/** The command is not to suffer from a failure of its observer: it goes on, unobserved. */
async function brokenOff(error: unknown, child: Child | undefined, context: CliContext): Promise<undefined> {
	if (child?.isRunning() !== true) {
		throw error;
	}
	await context.stderr.tell(errorText(error));
}

function endOf(child: Child | undefined): Promise<ChildEnd> {
	if (child === undefined) {
		throw new HttpeekError("HTTPEEK_INTERNAL", "the command was never started");
	}
	return child.ended;
}

/** Where the report goes: standard error, or a file that is opened before the command runs, so that it fails early. */
class Report {
	readonly #path: string | undefined;
	readonly #fd: number | undefined;
	readonly #context: CliContext;

	constructor(path: string | undefined, context: CliContext) {
		this.#path = path;
		this.#context = context;
		this.#fd = path === undefined ? undefined : this.#attempt(() => openSync(path, "w"));
	}

	async write(text: string): Promise<void> {
		const fd = this.#fd;
		if (fd === undefined) {
			await this.#context.stderr.write(text);
			return;
		}
		this.#attempt(() => {
			const bytes = Buffer.from(text);
			for (let written = 0; written < bytes.length; ) {
				written += writeSync(fd, bytes, written);
			}
		});
	}

	close(): void {
		if (this.#fd !== undefined) {
			closeSync(this.#fd);
		}
	}

	#attempt<T>(action: () => T): T {
		try {
			return action();
		} catch (error) {
			const message = error instanceof Error ? error.message : String(error);
			throw new HttpeekError("HTTPEEK_IO", `cannot write the report to ${this.#path}: ${message}`, {
				hint: "name a file that can be written",
				cause: error,
			});
		}
	}
}
