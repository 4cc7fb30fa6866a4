/** When to draw: at once for a person who has just pressed a key, seldom for numbers, never more than it may cost. */

/** Time and timers; tests have their own. */
export interface PaceClock {
	readonly nowMs: () => number;
	/** Calls once after a time; returns what calls it off. */
	readonly after: (ms: number, action: () => void) => () => void;
}

export const realPaceClock: PaceClock = {
	nowMs: () => performance.now(),
	after: (ms, action) => {
		const timer = setTimeout(action, ms);
		return () => clearTimeout(timer);
	},
};

/**
 * New numbers are drawn at most twice a second, and less often where drawing takes long (thousands of endpoints, a slow
 * machine): so many times as long as it took passes from one drawing to the next, up to the longest interval.
 */
const DATA_INTERVAL_MS = 500;
const REST_FOR_WORK = 20;
const LONGEST_INTERVAL_MS = 5_000;
/** Keys are drawn at once, as long as there are not many: a held key is drawn this often. */
const KEY_BURST = 4;
const KEY_INTERVAL_MS = 250;
/** Keys that come together are drawn together. */
const KEY_DELAY_MS = 10;

export class Pace {
	readonly #draw: () => void;
	readonly #clock: PaceClock;
	#cancel: (() => void) | undefined;
	#dueMs = Number.POSITIVE_INFINITY;
	#lastDrawMs = Number.NEGATIVE_INFINITY;
	#intervalMs = DATA_INTERVAL_MS;
	#tokens = KEY_BURST;
	#tokensAtMs: number;

	constructor(draw: () => void, clock: PaceClock = realPaceClock) {
		this.#draw = draw;
		this.#clock = clock;
		this.#tokensAtMs = clock.nowMs();
	}

	/** There are new numbers. */
	data(): void {
		this.#schedule(Math.max(this.#clock.nowMs(), this.#lastDrawMs + this.#intervalMs));
	}

	/** A key was pressed. */
	key(): void {
		const now = this.#clock.nowMs();
		this.#tokens = Math.min(KEY_BURST, this.#tokens + (now - this.#tokensAtMs) / KEY_INTERVAL_MS);
		this.#tokensAtMs = now;
		const wait = this.#tokens >= 1 ? KEY_DELAY_MS : (1 - this.#tokens) * KEY_INTERVAL_MS;
		if (this.#dueMs <= now + wait) return;
		this.#tokens -= 1;
		this.#schedule(now + wait);
	}

	/** Draws now, whatever it costs: after a resize nothing on the screen is right. */
	now(): void {
		this.stop();
		this.#lastDrawMs = this.#clock.nowMs();
		this.#draw();
		const tookMs = this.#clock.nowMs() - this.#lastDrawMs;
		this.#intervalMs = Math.min(LONGEST_INTERVAL_MS, Math.max(DATA_INTERVAL_MS, tookMs * REST_FOR_WORK));
	}

	/** Calls off what is to be drawn. */
	stop(): void {
		this.#cancel?.();
		this.#cancel = undefined;
		this.#dueMs = Number.POSITIVE_INFINITY;
	}

	#schedule(dueMs: number): void {
		if (dueMs >= this.#dueMs) return;
		this.stop();
		this.#dueMs = dueMs;
		this.#cancel = this.#clock.after(Math.max(0, dueMs - this.#clock.nowMs()), () => this.now());
	}
}
