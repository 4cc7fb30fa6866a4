/**
 * Signals around a command of `run`, so that it looks to its parent, its terminal and itself as if there were no httpeek.
 *
 * The command stays in httpeek's process group: the terminal's keys reach both, and a shell's `fg` and `bg` mean both.
 * httpeek leaves every decision to the command. What reaches httpeek alone is passed on; when the command has stopped,
 * httpeek stops as well, so that the shell gets its terminal back, and not earlier.
 */
import type { Child } from "./child.js";

/** What a process can catch, but for faults, and SIGPIPE, which Node ignores and which would not be ignored afterwards. */
const PASSED_ON = [
	"SIGINT",
	"SIGQUIT",
	"SIGTSTP",
	"SIGWINCH",
	"SIGTERM",
	"SIGHUP",
	"SIGUSR1",
	"SIGUSR2",
	"SIGALRM",
	"SIGIO",
	"SIGPWR",
	"SIGURG",
] as const;
/** Those that a terminal sends to its foreground process group. */
const FROM_TERMINAL: ReadonlySet<NodeJS.Signals> = new Set(["SIGINT", "SIGQUIT", "SIGTSTP", "SIGWINCH"]);

/** Where a process stands: of /proc/PID/stat what matters here. */
export interface ProcessStanding {
	readonly group: number;
	/** -1 without a terminal. */
	readonly terminalGroup: number;
	readonly isStopped: boolean;
}

/** What is done to the process that httpeek is; tests have their own. */
export interface SignalPlace {
	readonly on: (signal: NodeJS.Signals, listener: () => void) => unknown;
	readonly removeListener: (signal: NodeJS.Signals, listener: () => void) => unknown;
	/** Sends this process a signal, which acts as if nobody listened. Returns when a stop is over. */
	readonly raise: (signal: NodeJS.Signals) => void;
	/** Undefined when there is no such process. */
	readonly standingOf: (pid: number | "self") => ProcessStanding | undefined;
}

/** Passes signals on and stops with the command. Returns how to end that. */
export function followSignals(place: SignalPlace, child: () => Child | undefined): () => void {
	// the shell is told by the same signal that stopped the command
	let stopSignal: "SIGTSTP" | "SIGSTOP" = "SIGSTOP";
	const isStopped = (): boolean => {
		const pid = child()?.pid;
		return pid !== undefined && place.standingOf(pid)?.isStopped === true;
	};
	const listeners = new Map<NodeJS.Signals, () => void>(
		PASSED_ON.map((signal) => [
			signal,
			() => {
				if (signal === "SIGTSTP") {
					stopSignal = "SIGTSTP";
				}
				if (!(FROM_TERMINAL.has(signal) && isInForeground(place, child()?.pid))) {
					child()?.kill(signal);
				}
			},
		]),
	);
	const stopWith = (): void => {
		if (!isStopped()) {
			return;
		}
		const signal = stopSignal;
		stopSignal = "SIGSTOP";
		const listener = listeners.get("SIGTSTP") ?? (() => undefined);
		place.removeListener("SIGTSTP", listener);
		place.raise(signal);
		place.on("SIGTSTP", listener);
	};
	// also sent when a child stops
	listeners.set("SIGCHLD", stopWith);
	// a shell's `fg` reaches the whole group; an interactive command is in one of its own, and misses it
	listeners.set("SIGCONT", () => {
		stopSignal = "SIGSTOP";
		if (isStopped()) {
			child()?.kill("SIGCONT");
		}
	});
	for (const [signal, listener] of listeners) {
		place.on(signal, listener);
	}
	return () => {
		for (const [signal, listener] of listeners) {
			place.removeListener(signal, listener);
		}
	};
}

/** Whether keys of the terminal that reach this process reach the command too. */
function isInForeground(place: SignalPlace, childPid: number | undefined): boolean {
	const own = place.standingOf("self");
	const command = childPid === undefined ? undefined : place.standingOf(childPid);
	return own !== undefined && own.group === own.terminalGroup && command?.group === own.group;
}
