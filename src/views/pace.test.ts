import assert from "node:assert/strict";
import { test } from "node:test";
import { Pace, type PaceClock } from "./pace.js";

/** A clock that a test moves on; draws are noted by their time. */
class Stage implements PaceClock {
	readonly drawn: number[] = [];
	#nowMs = 1_000_000;
	#timers: { readonly dueMs: number; readonly action: () => void }[] = [];
	readonly pace: Pace;

	/** @param drawingMs how long it takes to draw */
	constructor(drawingMs = 0) {
		this.pace = new Pace(() => {
			this.drawn.push(this.#nowMs - 1_000_000);
			this.#nowMs += drawingMs;
		}, this);
	}

	readonly nowMs = (): number => this.#nowMs;

	readonly after = (ms: number, action: () => void): (() => void) => {
		const timer = { dueMs: this.#nowMs + ms, action };
		this.#timers.push(timer);
		return () => {
			this.#timers = this.#timers.filter((other) => other !== timer);
		};
	};

	/** Lets time pass. */
	wait(ms: number): void {
		const end = this.#nowMs + ms;
		for (;;) {
			const [next] = this.#timers.filter(({ dueMs }) => dueMs <= end).sort((a, b) => a.dueMs - b.dueMs);
			if (next === undefined) break;
			this.#nowMs = next.dueMs;
			this.#timers = this.#timers.filter((timer) => timer !== next);
			next.action();
		}
		this.#nowMs = end;
	}
}

test("numbers are drawn at most twice a second, and none is left out for good", () => {
	const stage = new Stage();
	for (let step = 0; step < 100; step += 1) {
		stage.pace.data();
		stage.wait(100);
	}
	assert.ok(stage.drawn.length <= 21, `${stage.drawn.length} draws in ten seconds`);
	assert.ok(stage.drawn.length >= 19);
	const before = stage.drawn.length;
	stage.pace.data();
	stage.wait(500);
	assert.equal(stage.drawn.length, before + 1);
	stage.wait(60_000);
	assert.equal(stage.drawn.length, before + 1, "nothing is drawn when nothing happens");
});

test("what takes long to draw is drawn less often, but it is drawn", () => {
	const slow = new Stage(100);
	const slowest = new Stage(1_000);
	for (let step = 0; step < 600; step += 1) {
		for (const stage of [slow, slowest]) {
			stage.pace.data();
			stage.wait(100);
		}
	}
	assert.ok(slow.drawn.length >= 28 && slow.drawn.length <= 34, `${slow.drawn.length} draws in a minute`);
	assert.ok(slowest.drawn.length >= 10 && slowest.drawn.length <= 14, `${slowest.drawn.length} draws in a minute`);
});

test("a key after a rest is drawn at once, keys together in one go", () => {
	const stage = new Stage();
	stage.pace.data();
	stage.wait(30);
	for (let key = 0; key < 5; key += 1) stage.pace.key();
	stage.wait(40);
	assert.equal(stage.drawn.length, 2);
	assert.ok((stage.drawn[1] ?? 0) <= 80);
});

test("a held key is drawn a few times a second, and its last press soon", () => {
	const stage = new Stage();
	for (let press = 0; press < 300; press += 1) {
		stage.pace.key();
		stage.wait(33);
	}
	const seconds = 9.9;
	assert.ok(stage.drawn.length <= 4 + seconds * 4 + 1, `${stage.drawn.length} draws`);
	assert.ok(stage.drawn.length >= seconds * 3);
	const before = stage.drawn.length;
	stage.pace.key();
	stage.wait(260);
	assert.ok(stage.drawn.length > before);
});

test("what is stopped draws nothing", () => {
	const stage = new Stage();
	stage.pace.data();
	stage.pace.key();
	stage.pace.stop();
	stage.wait(10_000);
	assert.deepEqual(stage.drawn, []);
	stage.pace.now();
	assert.equal(stage.drawn.length, 1);
});
