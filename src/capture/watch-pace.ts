/** How many exchanges to hand out at a time, so that what is shown is never old. */

/** A batch that is dealt with in less asks for larger ones, in more for smaller ones. */
const QUICK_SECONDS = 0.05;
const SLOW_SECONDS = 0.2;
const FEWEST = 64;
const MOST = 8192;

/**
 * Batches grow while the consumer is quick and shrink while it is slow: a slow one is then a batch behind, not the whole
 * ring. Where a rate is given, a second's worth can be saved up.
 */
export class WatchPace {
	readonly #perSecond: number;
	#batch = MOST / 2;
	#saved: number;
	#lastSeconds: number;

	/** @param perSecond exchanges in a second, at most */
	constructor(nowSeconds: number, perSecond = Number.POSITIVE_INFINITY) {
		this.#perSecond = perSecond;
		this.#saved = perSecond;
		this.#lastSeconds = nowSeconds;
	}

	/** How many may be handed out now. */
	most(nowSeconds: number): number {
		if (this.#perSecond === Number.POSITIVE_INFINITY) return this.#batch;
		const earned = (nowSeconds - this.#lastSeconds) * this.#perSecond;
		this.#saved = Math.min(this.#saved + earned, this.#perSecond);
		this.#lastSeconds = nowSeconds;
		return Math.min(this.#batch, Math.floor(this.#saved));
	}

	/** So many were handed out. */
	spent(exchanges: number): void {
		this.#saved -= exchanges;
	}

	/** The consumer was busy so long with the last batch. */
	took(seconds: number): void {
		if (seconds < QUICK_SECONDS) this.#batch = Math.min(this.#batch * 2, MOST);
		else if (seconds > SLOW_SECONDS) this.#batch = Math.max(this.#batch / 2, FEWEST);
	}
}
