/** The last minute of a session, in a bounded ring: what the live view draws rates, percentiles and sparklines from. */
import { difference } from "./difference.js";
import { atOneEnd, endpointKey, rowKey } from "./rows.js";
import type { EndpointRow, Snapshot } from "./snapshot.js";
import { isError } from "./totals.js";

export interface TickCounts {
	readonly count: number;
	readonly errors: number;
}

/** What was counted in one interval. */
export interface Tick {
	/** When it ended, and how long it was: seconds by the session's clock. */
	readonly endSeconds: number;
	readonly seconds: number;
	/** Each exchange at one end. */
	readonly total: TickCounts;
	/** By endpointKey(); what did not count is absent. */
	readonly endpoints: ReadonlyMap<string, TickCounts>;
}

/** All that a view shows of one moment: immutable. */
export interface Moment {
	/** As it was read: levels such as requests in flight, and when. */
	readonly now: Snapshot;
	/** Since the start, or since the counters were reset. */
	readonly since: Snapshot;
	/** The last seconds, RECENT_SECONDS at most: rates and percentiles that say how things are, and stay calm. */
	readonly recent: Snapshot;
	/** The last minute, oldest first. */
	readonly minute: readonly Tick[];
}

export const MINUTE_SECONDS = 60;
export const RECENT_SECONDS = 10;
/** Ticks of less than a second are put together: the ring holds a minute in at most so many. */
const SHORTEST_TICK_SECONDS = 0.95;
const MOST_TICKS = 64;

export class History {
	#baseline: Snapshot | undefined;
	#last: Snapshot | undefined;
	/** The newest snapshot that ended a tick, and those of the last seconds before it. */
	#marks: Snapshot[] = [];
	#ticks: Tick[] = [];
	/** What moment() has made of all this. */
	#moment: Moment | undefined;

	/** Takes the next snapshot of the session. */
	push(snapshot: Snapshot): void {
		// a recording may be several sessions in a row, each of which counts from 0
		if (this.#last !== undefined && snapshot.durationSeconds < this.#last.durationSeconds) this.#restart();
		this.#last = snapshot;
		this.#moment = undefined;
		const mark = this.#marks.at(-1);
		if (mark !== undefined && snapshot.durationSeconds - mark.durationSeconds < SHORTEST_TICK_SECONDS) return;
		const oldest = snapshot.durationSeconds - MINUTE_SECONDS;
		this.#ticks = [...this.#ticks.filter(({ endSeconds }) => endSeconds > oldest), tickBetween(mark, snapshot)];
		this.#ticks = this.#ticks.slice(-MOST_TICKS);
		this.#marks = [...this.#marks, snapshot];
		// one at or before the beginning of the recent time is needed
		const start = snapshot.durationSeconds - RECENT_SECONDS;
		while ((this.#marks[1]?.durationSeconds ?? Number.POSITIVE_INFINITY) <= start) this.#marks.shift();
	}

	/** From here on `since` counts anew. */
	reset(): void {
		this.#baseline = this.#last;
		this.#moment = undefined;
	}

	/** What there is to show: the same value until there is more. Undefined before the first snapshot. */
	moment(): Moment | undefined {
		const now = this.#last;
		if (now === undefined) return undefined;
		const [mark] = this.#marks;
		this.#moment ??= {
			now,
			since: this.#baseline === undefined ? now : difference(this.#baseline, now),
			recent: mark === undefined || mark === now ? now : difference(mark, now),
			minute: this.#ticks,
		};
		return this.#moment;
	}

	#restart(): void {
		this.#baseline = undefined;
		this.#marks = [];
		this.#ticks = [];
	}
}

/** What difference() would say of counts, without subtracting a histogram for each row. */
function tickBetween(before: Snapshot | undefined, after: Snapshot): Tick {
	const earlier = new Map(before?.endpoints.map((row) => [rowKey(row), row]));
	const changed: (Pick<EndpointRow, "role" | "port" | "route"> & TickCounts)[] = [];
	const endpoints = new Map<string, TickCounts>();
	for (const row of after.endpoints) {
		const past = earlier.get(rowKey(row));
		const count = row.count - (past?.count ?? 0);
		if (past === row || count <= 0) continue;
		const { role, port, route } = row;
		const counts = { count, errors: isError(row) ? count : 0 };
		changed.push({ role, port, route, ...counts });
		const key = endpointKey(row);
		endpoints.set(key, plus(endpoints.get(key), counts));
	}
	const total = atOneEnd(changed).reduce<TickCounts>(plus, NO_COUNTS);
	const endSeconds = after.durationSeconds;
	return { endSeconds, seconds: endSeconds - (before?.durationSeconds ?? 0), total, endpoints };
}

const NO_COUNTS: TickCounts = { count: 0, errors: 0 };

function plus(a: TickCounts = NO_COUNTS, b: TickCounts): TickCounts {
	return { count: a.count + b.count, errors: a.errors + b.errors };
}

/**
 * The last minute in `bins` equal parts, oldest first, as rates; undefined where there was no tick yet. A tick that is
 * longer than a part fills all the parts that it covers.
 *
 * @param countOf what is looked at of a tick
 */
export function ratesOf(
	minute: readonly Tick[],
	bins: number,
	countOf: (tick: Tick) => number,
): readonly (number | undefined)[] {
	const end = minute.at(-1)?.endSeconds ?? 0;
	const width = MINUTE_SECONDS / bins;
	const counts = new Array<number>(bins).fill(0);
	const covered = new Array<number>(bins).fill(0);
	for (const tick of minute) {
		const count = countOf(tick);
		const from = tick.endSeconds - tick.seconds - end + MINUTE_SECONDS;
		const to = tick.endSeconds - end + MINUTE_SECONDS;
		for (let bin = Math.max(0, Math.floor(from / width)); bin < bins && bin * width < to; bin += 1) {
			const share = Math.min(to, (bin + 1) * width) - Math.max(from, bin * width);
			if (share <= 0 || tick.seconds <= 0) continue;
			counts[bin] = (counts[bin] ?? 0) + (count * share) / tick.seconds;
			covered[bin] = (covered[bin] ?? 0) + share;
		}
	}
	return counts.map((count, bin) => {
		const seconds = covered[bin] ?? 0;
		return seconds > width / 100 ? count / seconds : undefined;
	});
}
