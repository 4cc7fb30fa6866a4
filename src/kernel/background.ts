/**
 * Calls of native functions that wait for the kernel, in other threads: side by side, but only so many at once, because
 * koffi refuses what its queue has no room for. That holds 256 calls by default (koffi's `max_async_calls`), and a process's
 * hooks are some twenty links on kernels that have one for each.
 */
const MOST_AT_ONCE = 64;

/** Begins a call, and calls `done` when it has ended. */
export type BackgroundCall = (done: () => void) => void;

export class Background {
	readonly #most: number;
	readonly #waiting: BackgroundCall[] = [];
	#running = 0;

	constructor(most = MOST_AT_ONCE) {
		this.#most = most;
	}

	/** Begins the call when there is room for it: in the order of run(). */
	run(call: BackgroundCall): void {
		this.#waiting.push(call);
		this.#beginSome();
	}

	#beginSome(): void {
		while (this.#running < this.#most) {
			const call = this.#waiting.shift();
			if (call === undefined) return;
			this.#running++;
			call(() => {
				this.#running--;
				this.#beginSome();
			});
		}
	}
}
