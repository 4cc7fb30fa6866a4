/** Reads a session on a steady schedule: the loop behind observe(), apart from what is read and from the real clock. */
import { type Clock, systemClock } from "../base/clock.js";
import { HttpeekError } from "../base/errors.js";
import { type Filter, snapshotFilter } from "../model/filter.js";
import type { Snapshot } from "../model/snapshot.js";

/** What a schedule needs of a session. */
export interface ObservedSession {
	/** What is watched, for people: `the whole host`, `process 42 (node)`. */
	readonly description: string;
	/** Why encrypted connections are not read, where they should be. */
	readonly tlsProblem?: string | undefined;
	read(): Snapshot;
	/** In place of a read whose snapshot nobody wants: names services while they live. */
	keepUp(): void;
	close(): void;
}

/** Told once, when the programs are attached: every exchange from here on is counted. */
export interface CountingInfo {
	/** What is watched, for people. May hold text of others: escape it before it reaches a terminal. */
	readonly description: string;
	/** Why encrypted connections are not read, where they should be: everything else is counted. May hold text of others. */
	readonly tlsProblem?: string;
}

export interface ScheduleOptions {
	/** Which rows the snapshots hold. Everything is counted all the same. Default: all rows. */
	readonly filter?: Filter;
	/** Seconds between two snapshots. Default: 1. */
	readonly intervalSeconds?: number;
	/** Ends after so many seconds. Default: never. */
	readonly durationSeconds?: number;
	/** Ends after so many snapshots. Default: never. */
	readonly count?: number;
	/** Only the last snapshot is yielded, with the same counts; the others are not made, which spares CPU time. Default: false. */
	readonly lastOnly?: boolean;
	/** Ends the iteration when aborted, after one last snapshot. */
	readonly signal?: AbortSignal;
	/** Called once when counting has begun. */
	readonly onCounting?: (info: CountingInfo) => void;
}

/**
 * Yields a snapshot at every multiple of the interval since counting began: a late one does not delay those after it, and
 * intervals that a slow consumer missed are left out. The last snapshot is yielded at the very end, whatever ended it:
 * count, duration or signal. The session is closed when the iteration ends, also by `break` or an error.
 */
export async function* observeSession(
	open: () => ObservedSession | Promise<ObservedSession>,
	options: ScheduleOptions,
	clock: Clock = systemClock,
): AsyncGenerator<Snapshot, void, undefined> {
	const { intervalSeconds = 1, durationSeconds = Number.POSITIVE_INFINITY, signal } = options;
	const snapshotsWanted = options.count ?? Number.POSITIVE_INFINITY;
	checkPositive("intervalSeconds", intervalSeconds);
	checkPositive("durationSeconds", durationSeconds);
	checkPositive("count", snapshotsWanted);
	const filtered = snapshotFilter(options.filter ?? {});
	const session = await open();
	try {
		const started = clock.nowSeconds();
		options.onCounting?.(countingInfo(session));
		const end = started + durationSeconds;
		for (let taken = 1, tick = 1; ; taken += 1) {
			const deadline = Math.min(started + tick * intervalSeconds, end);
			await clock.sleepUntil(deadline, signal);
			const isLast = signal?.aborted === true || deadline === end || taken >= snapshotsWanted;
			if (isLast || options.lastOnly !== true) yield filtered(session.read());
			else session.keepUp();
			if (isLast) {
				return;
			}
			const passed = Math.floor((clock.nowSeconds() - started) / intervalSeconds);
			tick = Math.max(tick, passed) + 1;
		}
	} finally {
		session.close();
	}
}

/** What is told of a session when it has begun. */
export function countingInfo({ description, tlsProblem }: ObservedSession): CountingInfo {
	return { description, ...(tlsProblem !== undefined && { tlsProblem }) };
}

function checkPositive(name: string, value: number): void {
	if (!(value > 0)) {
		throw new HttpeekError("HTTPEEK_USAGE", `${name} cannot be used: ${value} is not above 0`);
	}
}
