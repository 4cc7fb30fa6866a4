/** The loop behind watch(): exchanges in batches, and what could not be shown. Apart from the kernel and the real clock. */
import { type Clock, systemClock } from "../base/clock.js";
import { HttpeekError } from "../base/errors.js";
import type { TakenExchanges } from "../model/exchange.js";
import type { Snapshot, WatchedExchange } from "../model/snapshot.js";
import { type CountingInfo, countingInfo, type ObservedSession } from "./observe.js";
import { WatchPace } from "./watch-pace.js";

/** What the loop needs of a session. */
export interface WatchedSession extends ObservedSession {
	readonly exchanges: {
		take(most: number): TakenExchanges;
		wait(mostMs: number, signal?: AbortSignal): Promise<void>;
	};
	/** Exchanges that found the ring full, since the start. */
	dropped(): number;
	/** Takes the programs off; what they counted can still be read. */
	detach(): void;
}

export interface WatchScheduleOptions {
	/** Ends after so many seconds. Default: never. */
	readonly durationSeconds?: number;
	/** Ends after so many exchanges. Default: never. */
	readonly count?: number;
	/** Exchanges handed out in a second, at most; the others are skipped. Default: as many as the consumer takes. */
	readonly mostPerSecond?: number;
	/** Ends the iteration when aborted, after one last batch. */
	readonly signal?: AbortSignal;
	/** Called once when counting has begun. */
	readonly onCounting?: (info: CountingInfo) => void;
}

/** Exchanges that ended since the last batch, and how many more there were. */
export interface WatchBatch {
	/** In the order in which they ended. */
	readonly exchanges: readonly WatchedExchange[];
	/** Exchanges that were passed over because the consumer was too slow for all. */
	readonly skipped: number;
	/** Exchanges that the kernel had no room left for. */
	readonly dropped: number;
	/** In the last batch: everything that was counted, whether it was wanted or not. */
	readonly last?: Snapshot;
}

/** Exchanges are collected so long before they are shown: one wake-up for all of them. */
const COLLECT_SECONDS = 0.02;
/** Services are named while their processes live, whether anything is shown or not. */
const LOOK_SECONDS = 1;

/**
 * Yields a batch whenever there are exchanges that pass `isWanted`, or some were missed. The last batch has the totals. The
 * session is closed when the iteration ends, however it ends.
 */
export async function* watchSession(
	open: () => WatchedSession | Promise<WatchedSession>,
	isWanted: (exchange: WatchedExchange) => boolean,
	options: WatchScheduleOptions,
	clock: Clock = systemClock,
): AsyncGenerator<WatchBatch, void, undefined> {
	const { durationSeconds = Number.POSITIVE_INFINITY, signal, count = Number.POSITIVE_INFINITY } = options;
	checkPositive("durationSeconds", durationSeconds);
	checkPositive("count", count);
	const session = await open();
	try {
		options.onCounting?.(countingInfo(session));
		const end = clock.nowSeconds() + durationSeconds;
		const pace = new WatchPace(clock.nowSeconds(), options.mostPerSecond);
		let [left, droppedBefore, nextLook] = [count, 0, clock.nowSeconds() + LOOK_SECONDS];
		for (;;) {
			const waitSeconds = Math.min(nextLook, end) - clock.nowSeconds();
			await session.exchanges.wait(Math.max(0, waitSeconds) * 1000, signal);
			await clock.sleepUntil(Math.min(clock.nowSeconds() + COLLECT_SECONDS, end), signal);
			const isOver = signal?.aborted === true || clock.nowSeconds() >= end;
			if (isOver) session.detach();
			const now = clock.nowSeconds();
			const taken = session.exchanges.take(pace.most(now));
			const exchanges = taken.exchanges.filter(isWanted).slice(0, left);
			pace.spent(exchanges.length);
			left -= exchanges.length;
			const droppedSoFar = session.dropped();
			const dropped = droppedSoFar - droppedBefore;
			droppedBefore = droppedSoFar;
			if (isOver || left <= 0) {
				session.detach();
				yield { exchanges, skipped: taken.skipped, dropped, last: session.read() };
				return;
			}
			if (now >= nextLook) {
				session.keepUp();
				nextLook = now + LOOK_SECONDS;
			}
			if (exchanges.length > 0 || taken.skipped > 0 || dropped > 0) {
				yield { exchanges, skipped: taken.skipped, dropped };
				pace.took(clock.nowSeconds() - now);
			}
		}
	} finally {
		session.close();
	}
}

function checkPositive(name: string, value: number): void {
	if (!(value > 0)) {
		throw new HttpeekError("HTTPEEK_USAGE", `${name} cannot be used: ${value} is not above 0`);
	}
}
