import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "../base/clock.js";
import { HttpeekError } from "../base/errors.js";
import type { Snapshot } from "../model/snapshot.js";
import { makeRow, makeSnapshot } from "../model/testing.js";
import { type ObservedSession, observeSession, type ScheduleOptions } from "./observe.js";

/** Time passes only in sleeps; `at` happens when its time comes. */
class FakeClock implements Clock {
	now = 1000;
	readonly events: { readonly at: number; readonly run: () => void }[] = [];
	readonly deadlines: number[] = [];

	nowSeconds(): number {
		return this.now;
	}

	async sleepUntil(deadline: number, signal: AbortSignal | undefined): Promise<void> {
		this.deadlines.push(deadline - 1000);
		for (const { at, run } of this.events) {
			if (at + 1000 > this.now && at + 1000 <= deadline && signal?.aborted !== true) {
				this.now = at + 1000;
				run();
			}
		}
		if (signal?.aborted !== true) {
			this.now = Math.max(this.now, deadline);
		}
	}
}

class FakeSession implements ObservedSession {
	readonly description = "a test";
	readonly #clock: FakeClock;
	reads = 0;
	keptUp = 0;
	closed = 0;

	constructor(clock: FakeClock) {
		this.#clock = clock;
	}

	read(): Snapshot {
		assert.equal(this.closed, 0);
		this.reads += 1;
		const rows = [makeRow({ route: "/a", count: this.reads }), makeRow({ route: "/b" })];
		return makeSnapshot(rows, { durationSeconds: this.#clock.now - 1000 });
	}

	keepUp(): void {
		assert.equal(this.closed, 0);
		this.keptUp += 1;
	}

	close(): void {
		this.closed += 1;
	}
}

/** When snapshots came, and the session, after `visit` has seen each of them. */
async function observed(
	options: ScheduleOptions,
	clock = new FakeClock(),
	visit: (snapshot: Snapshot) => void = () => undefined,
): Promise<{ times: number[]; session: FakeSession }> {
	const session = new FakeSession(clock);
	const times: number[] = [];
	for await (const snapshot of observeSession(() => session, options, clock)) {
		times.push(snapshot.durationSeconds);
		visit(snapshot);
	}
	return { times, session };
}

test("a snapshot at every interval, and the last one at the end", async () => {
	assert.deepEqual((await observed({ count: 3 })).times, [1, 2, 3]);
	assert.deepEqual((await observed({ intervalSeconds: 2, durationSeconds: 5 })).times, [2, 4, 5]);
	assert.deepEqual((await observed({ intervalSeconds: 2, durationSeconds: 4 })).times, [2, 4]);
	assert.deepEqual((await observed({ intervalSeconds: 10, durationSeconds: 4 })).times, [4]);
});

test("where only the last snapshot is wanted, intervals go by without one", async () => {
	const { times, session } = await observed({ durationSeconds: 2.5, lastOnly: true });
	assert.deepEqual(times, [2.5]);
	assert.deepEqual([session.keptUp, session.reads], [2, 1]);
	assert.deepEqual((await observed({ count: 3, lastOnly: true })).times, [3]);
});

test("a signal ends it after one last snapshot", async () => {
	const clock = new FakeClock();
	const controller = new AbortController();
	clock.events.push({ at: 2.5, run: () => controller.abort() });
	const { times, session } = await observed({ signal: controller.signal }, clock);
	assert.deepEqual(times, [1, 2, 2.5]);
	assert.equal(session.closed, 1);
	assert.deepEqual((await observed({ signal: AbortSignal.abort() })).times, [0]);
});

test("the schedule does not drift, and a slow consumer misses intervals but gets no burst", async () => {
	const clock = new FakeClock();
	const { times } = await observed({ durationSeconds: 8 }, clock, ({ durationSeconds }) => {
		clock.now += durationSeconds === 2 ? 3.5 : 0.25;
	});
	assert.deepEqual(times, [1, 2, 6, 7, 8]);
});

test("the session is closed when the consumer leaves, and when reading fails", async () => {
	const clock = new FakeClock();
	const session = new FakeSession(clock);
	for await (const _ of observeSession(() => session, {}, clock)) {
		break;
	}
	assert.equal(session.closed, 1);
	const failing = Object.assign(new FakeSession(clock), {
		read: () => {
			throw new Error("read failed");
		},
	});
	await assert.rejects(observeSession(() => failing, {}, clock).next(), /read failed/);
	assert.equal(failing.closed, 1);
});

test("counting is announced once, after opening and before the first snapshot", async () => {
	const order: string[] = [];
	const clock = new FakeClock();
	const session = new FakeSession(clock);
	const open = (): ObservedSession => {
		order.push("open");
		return session;
	};
	const onCounting = ({ description }: { description: string }): void => void order.push(`counting ${description}`);
	for await (const _ of observeSession(open, { count: 2, onCounting }, clock)) {
		order.push("snapshot");
	}
	assert.deepEqual(order, ["open", "counting a test", "snapshot", "snapshot"]);
});

test("snapshots hold what the filter asks for", async () => {
	const routes: string[] = [];
	await observed({ count: 1, filter: { paths: ["/a"] } }, new FakeClock(), ({ endpoints }) => {
		routes.push(...endpoints.map(({ route }) => route));
	});
	assert.deepEqual(routes, ["/a"]);
});

test("impossible options are refused before anything is opened", async () => {
	for (const options of [{ intervalSeconds: 0 }, { durationSeconds: -1 }, { count: 0 }, { filter: { ports: [0] } }]) {
		const iterator = observeSession(() => assert.fail("opened"), options);
		await assert.rejects(iterator.next(), HttpeekError);
	}
});
