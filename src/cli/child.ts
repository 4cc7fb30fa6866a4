/** A command that httpeek starts. */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { HttpeekError } from "../base/errors.js";

/** How a process ended: with a code, or by a signal. */
export interface ChildEnd {
	readonly code: number | null;
	readonly signal: NodeJS.Signals | null;
}

export interface Child {
	/** Undefined when it could not be started. */
	readonly pid: number | undefined;
	/** @throws StartError when it could not be started. */
	readonly ended: Promise<ChildEnd>;
	readonly isRunning: () => boolean;
	/** Sends a signal; nothing happens when it has ended. */
	readonly kill: (signal: NodeJS.Signals) => void;
}

/** The exit codes by which shells and their like (env, nohup, timeout) tell that there was nothing to run. */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

/** Starts a command. That it could not be started is told by `ended`. */
export function startChild({ command, args }: { command: string; args: string[] }, options: SpawnOptions): Child {
	let process: ChildProcess;
	try {
		process = spawn(command, args, options);
	} catch (error) {
		// some failures are thrown, others are events
		return neverStarted(new StartError(command, error as NodeJS.ErrnoException));
	}
	let isRunning = true;
	const ended = new Promise<ChildEnd>((resolve, reject) => {
		process.on("exit", (code, signal) => {
			isRunning = false;
			resolve({ code, signal });
		});
		process.on("error", (error) => {
			// Also the error of a failed kill(), which ends nothing.
			if (process.pid === undefined) {
				isRunning = false;
				reject(new StartError(command, error));
			}
		});
	});
	// Whoever awaits it sees a failure; until then it is not unhandled.
	ended.catch(() => undefined);
	return { pid: process.pid, ended, isRunning: () => isRunning, kill: (signal) => void process.kill(signal) };
}

function neverStarted(error: StartError): Child {
	const ended = Promise.reject(error);
	ended.catch(() => undefined);
	return { pid: undefined, ended, isRunning: () => false, kill: () => undefined };
}

/** The command was never there. */
export class StartError extends HttpeekError {
	/** What a shell would end with. */
	readonly shellExitCode: number;

	constructor(command: string, cause: NodeJS.ErrnoException) {
		const isMissing = cause.code === "ENOENT" || command === "";
		const isRefused = cause.code === "EACCES";
		const reason = isMissing
			? "there is no such command"
			: isRefused
				? "it is no program, or not executable"
				: undefined;
		const message = `cannot run ${JSON.stringify(command)}: ${reason ?? cause.message}`;
		super("HTTPEEK_IO", message, reason === undefined ? { cause } : {});
		this.shellExitCode = isMissing ? NOT_FOUND : NOT_EXECUTABLE;
	}
}
