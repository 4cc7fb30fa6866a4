/** Time as the schedules need it: a monotonic reading and a wait, both replaceable by a test's own. */

export interface Clock {
	/** Seconds of a clock that never jumps; only differences mean something. */
	nowSeconds(): number;
	/** Waits until nowSeconds() has reached the deadline, or the signal is aborted: it resolves either way. */
	sleepUntil(deadlineSeconds: number, signal: AbortSignal | undefined): Promise<void>;
}

/** setTimeout() fires at once when it is given more than 2^31-1 ms. */
const LONGEST_TIMER_SECONDS = 86_400;

/** The real clock. */
export const systemClock: Clock = {
	nowSeconds: () => performance.now() / 1000,
	async sleepUntil(deadlineSeconds, signal) {
		for (;;) {
			const leftSeconds = deadlineSeconds - this.nowSeconds();
			if (leftSeconds <= 0 || signal?.aborted === true) {
				return;
			}
			await sleepOnce(Math.min(leftSeconds, LONGEST_TIMER_SECONDS), signal);
		}
	},
};

function sleepOnce(seconds: number, signal: AbortSignal | undefined): Promise<void> {
	return new Promise((resolve) => {
		const done = (): void => {
			clearTimeout(timer);
			signal?.removeEventListener("abort", done);
			resolve();
		};
		const timer = setTimeout(done, Math.ceil(seconds * 1000));
		signal?.addEventListener("abort", done, { once: true });
	});
}
