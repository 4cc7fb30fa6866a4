/** The loop of watch(), with a session and a clock that are made up. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "../base/clock.js";
import type { WatchedExchange } from "../model/snapshot.js";
import { makeExchange, makeSnapshot } from "../model/testing.js";
import { type WatchBatch, type WatchedSession, type WatchScheduleOptions, watchSession } from "./watch.js";

/** What the ring holds at each look; time passes only by waiting. */
class FakeSession implements WatchedSession {
	readonly description = "a test";
	readonly log: string[] = [];
	readonly clock: Clock;
	nowSeconds = 100;
	droppedSoFar = 0;
	readonly #looks: (readonly WatchedExchange[])[];

	constructor(...looks: (readonly WatchedExchange[])[]) {
		this.#looks = looks;
		this.clock = {
			nowSeconds: () => this.nowSeconds,
			sleepUntil: async (deadline) => {
				this.nowSeconds = Math.max(this.nowSeconds, deadline);
			},
		};
	}

	readonly exchanges = {
		take: (most: number) => {
			const all = this.#looks.shift() ?? [];
			this.log.push(`take ${all.length}`);
			return { exchanges: all.slice(-most), skipped: Math.max(0, all.length - most) };
		},
		wait: async (mostMs: number, signal?: AbortSignal) => {
			if (signal?.aborted !== true) this.nowSeconds += Math.min(mostMs / 1000, 0.4);
		},
	};

	dropped(): number {
		return this.droppedSoFar;
	}

	read() {
		this.log.push("read");
		return makeSnapshot();
	}

	keepUp(): void {
		this.log.push("keep up");
	}

	detach(): void {
		this.log.push("detach");
	}

	close(): void {
		this.log.push("close");
	}
}

async function batchesOf(
	session: FakeSession,
	options: WatchScheduleOptions,
	onBatch: (batch: WatchBatch) => void = () => undefined,
	isWanted: (exchange: WatchedExchange) => boolean = () => true,
): Promise<WatchBatch[]> {
	const batches: WatchBatch[] = [];
	for await (const batch of watchSession(() => session, isWanted, options, session.clock)) {
		batches.push(batch);
		onBatch(batch);
	}
	return batches;
}

const some = (count: number, path = "/a"): WatchedExchange[] =>
	Array.from({ length: count }, () => makeExchange({ path }));
const sizes = (batches: readonly WatchBatch[]): number[] => batches.map(({ exchanges }) => exchanges.length);

test("batches come when there is something, the last one with the totals", async () => {
	const session = new FakeSession(some(2), [], some(1));
	const batches = await batchesOf(session, { durationSeconds: 2 });
	assert.deepEqual(sizes(batches), [2, 1, 0]);
	assert.deepEqual(
		batches.map(({ last }) => last !== undefined),
		[false, false, true],
	);
	assert.ok(session.log.includes("keep up"), "services are named meanwhile");
	assert.deepEqual(session.log.slice(-4), ["take 0", "detach", "read", "close"]);
});

test("what happened until the programs were off is still taken", async () => {
	const abort = new AbortController();
	const session = new FakeSession(some(1), some(5));
	const batches = await batchesOf(session, { signal: abort.signal }, () => abort.abort());
	assert.deepEqual(sizes(batches), [1, 5]);
	assert.ok(session.log.indexOf("detach") < session.log.indexOf("take 5"));
});

test("an end after so many is exact, and counts what is wanted only", async () => {
	const session = new FakeSession([...some(3, "/no"), ...some(2)], some(9));
	const batches = await batchesOf(session, { count: 4 }, undefined, ({ path }) => path === "/a");
	assert.deepEqual(sizes(batches), [2, 2]);
	assert.ok(batches[1]?.last !== undefined);
});

test("what was dropped and skipped is said once, also without exchanges", async () => {
	const session = new FakeSession([], [], some(300));
	session.droppedSoFar = 7;
	const batches = await batchesOf(session, { durationSeconds: 2, mostPerSecond: 100 });
	assert.deepEqual(
		batches.map(({ dropped }) => dropped),
		[7, 0, 0],
	);
	assert.deepEqual(
		batches.map(({ skipped }) => skipped),
		[0, 200, 0],
	);
});

test("leaving the loop closes the session; so does an error", async () => {
	const session = new FakeSession(some(1));
	for await (const _ of watchSession(
		() => session,
		() => true,
		{},
		session.clock,
	))
		break;
	assert.equal(session.log.at(-1), "close");
	const failing = new FakeSession(some(1));
	const fails = () => {
		throw new Error("a filter fails");
	};
	await assert.rejects(batchesOf(failing, {}, undefined, fails), /a filter fails/);
	assert.equal(failing.log.at(-1), "close");
});

test("a duration or count of nothing is refused before anything begins", async () => {
	for (const options of [{ durationSeconds: 0 }, { count: -1 }]) {
		const session = new FakeSession();
		await assert.rejects(batchesOf(session, options), /is not above 0/);
		assert.deepEqual(session.log, []);
	}
});
