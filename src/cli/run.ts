/** `httpeek run`: a command from its first request to its last, in a cgroup of its own. */
import { closeSync, openSync, writeSync } from "node:fs";
import { ExitCode, HttpeekError } from "../base/errors.js";
import type { Snapshot } from "../model/snapshot.js";
import { formatSnapshot, type OutputFormat, streamHeader } from "../sinks/format.js";
import { type Child, type ChildEnd, startChild } from "./child.js";
import type { CliContext } from "./context.js";
import { conclude, follow } from "./follow.js";
import { signalExitCode } from "./interruption.js";
import { errorText } from "./messages.js";
import { checkFormat, type Flags, formatOptions, observeOptions } from "./settings.js";

/** Passed on to the command, which decides what they mean. */
const PASSED_ON = ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGQUIT"] as const;
/** Signals that httpeek ends itself with when the command was ended by them. The others would dump a core of httpeek. */
const REPEATED: ReadonlySet<NodeJS.Signals> = new Set(["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGALRM"]);

/** What `run` does to the process it is in; tests have their own. */
export interface RunProcess {
	readonly on: (signal: NodeJS.Signals, listener: () => void) => unknown;
	readonly removeListener: (signal: NodeJS.Signals, listener: () => void) => unknown;
	/** Ends this process by a signal. */
	readonly raise: (signal: NodeJS.Signals) => void;
	/** Whether a Ctrl-C of the terminal reaches the command without help. */
	readonly hasTerminal: boolean;
}

const thisProcess: RunProcess = {
	on: (signal, listener) => process.on(signal, listener),
	removeListener: (signal, listener) => process.removeListener(signal, listener),
	raise: (signal) => process.kill(process.pid, signal),
	hasTerminal: process.stdin.isTTY === true,
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
			await report.write(
				streamHeader(format) + formatSnapshot(last, format, formatOptions(flags, context.stderr, context.env)),
			);
		}
		const verdict = last === undefined ? ExitCode.ok : await conclude(last, flags, context);
		if (end.signal !== null) {
			if (REPEATED.has(end.signal)) {
				ownProcess.raise(end.signal);
			}
			return signalExitCode(end.signal);
		}
		return end.code === 0 ? verdict : (end.code ?? ExitCode.runtime);
	} finally {
		report.close();
	}
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
	const listeners = PASSED_ON.map((signal) => {
		const isDeliveredByTerminal = ownProcess.hasTerminal && (signal === "SIGINT" || signal === "SIGQUIT");
		return { signal, listener: () => (isDeliveredByTerminal ? undefined : child?.kill(signal)) };
	});
	for (const { signal, listener } of listeners) {
		ownProcess.on(signal, listener);
	}
	try {
		const last = await follow(flags, context, {
			observe: { ...observeOptions(flags), scope: { cgroups: [cgroup.path] } },
			end: { signal: ended.signal, end: () => undefined },
			show: async () => true,
			description: [command, ...args].join(" "),
			onCounting: () => {
				child = startChild(cgroup.wrap(command, args), { stdio: "inherit" });
				child.ended.finally(() => ended.abort()).catch(() => undefined);
			},
		}).catch((error: unknown) => brokenOff(error, child, context));
		return { last, end: await endOf(child) };
	} finally {
		for (const { signal, listener } of listeners) {
			ownProcess.removeListener(signal, listener);
		}
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
