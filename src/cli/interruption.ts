/** Ctrl-C and its like: the first one asks for an end, the second one is the end. */
import type { EventEmitter } from "node:events";
import { constants } from "node:os";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
type EndSignal = (typeof SIGNALS)[number];

/** One Ctrl-C arrives twice where a parent (npm, say) passes on what the terminal has sent to all. */
const SAME_KEYPRESS_MS = 500;

export interface Interruption {
	/** Aborted by the first signal, or by end(). */
	readonly signal: AbortSignal;
	/** Asks for an end for another reason, such as a closed pipe. */
	end(): void;
	/**
	 * Stops listening, unless a signal has come: then the program is about to end, and the same key press may still be on its
	 * way through a parent. It would kill a program that no longer listens, after all was done.
	 */
	dispose(): void;
}

/** Where signals come from and what the second one does; tests have their own. */
export interface SignalSource {
	readonly events: Pick<EventEmitter, "on" | "removeListener">;
	readonly exit: (code: number) => void;
	readonly nowMs: () => number;
}

const processSignals: SignalSource = {
	events: process,
	exit: (code) => process.exit(code),
	nowMs: () => performance.now(),
};

/** Listens for signals until it is disposed of, or after the first one until the process ends. */
export function listenForInterruption(source: SignalSource = processSignals): Interruption {
	const controller = new AbortController();
	let firstMs: number | undefined;
	const onSignal = (name: EndSignal): void => {
		if (firstMs === undefined) {
			firstMs = source.nowMs();
			controller.abort();
		} else if (source.nowMs() - firstMs > SAME_KEYPRESS_MS) {
			source.exit(signalExitCode(name));
		}
	};
	for (const name of SIGNALS) {
		source.events.on(name, onSignal);
	}
	return {
		signal: controller.signal,
		end: () => controller.abort(),
		dispose() {
			if (firstMs !== undefined) return;
			for (const name of SIGNALS) {
				source.events.removeListener(name, onSignal);
			}
		},
	};
}

/** The exit code by which shells tell that a signal ended a process: 128 and its number. */
export function signalExitCode(name: NodeJS.Signals): number {
	return 128 + constants.signals[name];
}
