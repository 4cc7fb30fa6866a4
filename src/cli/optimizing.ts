/**
 * V8's optimizing compiler takes some 5 MB as soon as it is used, and what runs before counting runs once. So bin/httpeek
 * starts without it, and it is let in when there is something to do: thousands of endpoints, a screen, a long recording.
 */
import { setFlagsFromString } from "node:v8";

const LOOK_MS = 2000;
/** A twentieth of a core. */
const BUSY_MICROSECONDS = (LOOK_MS * 1000) / 20;

/** Tells whether a process has been busy between two looks. The first look comes after the start, which does not count. */
export class BusyWatch {
	#before = Number.POSITIVE_INFINITY;

	/** @param cpuMicroseconds CPU time of the process so far; to be called every two seconds */
	isBusy(cpuMicroseconds: number): boolean {
		const spent = cpuMicroseconds - this.#before;
		this.#before = cpuMicroseconds;
		return spent >= BUSY_MICROSECONDS;
	}
}

/** Lets V8 optimize from when this process is busy. */
export function optimizeWhenBusy(): void {
	const watch = new BusyWatch();
	const timer = setInterval(() => {
		if (!watch.isBusy(process.cpuUsage().user)) return;
		clearInterval(timer);
		setFlagsFromString("--opt");
	}, LOOK_MS).unref();
}
