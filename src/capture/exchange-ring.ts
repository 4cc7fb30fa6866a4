/** Exchanges out of the ring, as many at a time as there is use for. */
import type { Ring } from "../kernel/ring.js";
import type { TakenExchanges } from "../model/exchange.js";
import type { WatchedExchange } from "../model/snapshot.js";
import { bootTimeMs, type ExchangeDecoder } from "./exchange-events.js";

export class ExchangeRing {
	readonly #ring: Ring;
	readonly #decoder: ExchangeDecoder;

	constructor(ring: Ring, decoder: ExchangeDecoder) {
		this.#ring = ring;
		this.#decoder = decoder;
	}

	/** Empties the ring and returns the newest exchanges of it, at most `most`: who is late has the latest at least. */
	take(most: number): TakenExchanges {
		const skipped = this.#ring.skip(Math.max(0, this.#ring.count() - most));
		const exchanges: WatchedExchange[] = [];
		const bootMs = bootTimeMs();
		this.#ring.read(most, (view, at, length) => {
			const exchange = this.#decoder.decode(view, at, length, bootMs);
			if (exchange !== undefined) exchanges.push(exchange);
		});
		return { exchanges, skipped };
	}

	/** Resolves when there may be something to take, after `mostMs`, or when the signal is aborted. */
	wait(mostMs: number, signal?: AbortSignal): Promise<void> {
		return this.#ring.wait(mostMs, signal);
	}
}

/** The last exchanges of some kind, newest first. */
export class RecentExchanges {
	readonly #ring: ExchangeRing;
	readonly #most: number;
	#recent: readonly WatchedExchange[] = [];

	/** @param most that are kept */
	constructor(ring: ExchangeRing, most: number) {
		this.#ring = ring;
		this.#most = most;
	}

	/** Takes what is new, and returns those that are kept: the same array if nothing is new. */
	read(): readonly WatchedExchange[] {
		const { exchanges } = this.#ring.take(this.#most);
		if (exchanges.length > 0) {
			this.#recent = Object.freeze([...exchanges.toReversed(), ...this.#recent].slice(0, this.#most));
		}
		return this.#recent;
	}
}
