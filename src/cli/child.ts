/** A command that httpeek starts. */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { HttpeekError } from "../base/errors.js";

/** How a process ended: with a code, or by a signal. */
export interface ChildEnd {
	readonly code: number | null;
	readonly signal: NodeJS.Signals | null;
}

export interface Child {
	/** @throws HttpeekError HTTPEEK_IO when it could not be started. */
	readonly ended: Promise<ChildEnd>;
	readonly isRunning: () => boolean;
	/** Sends a signal; nothing happens when it has ended. */
	readonly kill: (signal: NodeJS.Signals) => void;
}

/** Starts a command. That there is no such command is told by the shell that wraps it: exit code 127. */
export function startChild({ command, args }: { command: string; args: string[] }, options: SpawnOptions): Child {
	const process: ChildProcess = spawn(command, args, options);
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
				reject(new HttpeekError("HTTPEEK_IO", `cannot start ${command}: ${error.message}`, { cause: error }));
			}
		});
	});
	// Whoever awaits it sees a failure; until then it is not unhandled.
	ended.catch(() => undefined);
	return { ended, isRunning: () => isRunning, kill: (signal) => void process.kill(signal) };
}
