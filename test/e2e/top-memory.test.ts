/** A view that is left open does not grow: twenty minutes of a busy service, without waiting for them. */
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { histogramOf } from "../../src/model/histogram.js";
import type { Snapshot } from "../../src/model/snapshot.js";
import { makeRow, makeSnapshot } from "../../src/model/testing.js";

const ENDPOINTS = 40;
const SECONDS = 1200;
/** By when everything that is kept for a while has been kept. */
const SETTLED_SECONDS = 300;
const MOST_GROWTH_BYTES = 1_000_000;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Every number is another one each second: no text on the screen comes twice. */
function busyAfter(seconds: number): Snapshot {
	const rows = Array.from({ length: ENDPOINTS }, (_, at) => {
		const count = seconds * (at + 1) * 7 + Math.floor(seconds ** 1.3);
		const latency = histogramOf([1e5 * (1 + (seconds % 977)), 1e6 + at * 12_345 + seconds]);
		return makeRow({ route: `/endpoint/${at}`, status: at % 10 === 0 ? 500 : 200, count, latency });
	});
	return makeSnapshot(rows, { durationSeconds: seconds });
}

async function heapAfterGarbage(): Promise<number> {
	for (let turn = 0; turn < 3; turn += 1) {
		await setImmediate();
		collectGarbage();
	}
	return process.memoryUsage().heapUsed;
}

test("twenty minutes on the screen", async () => {
	// before React is loaded: its other build keeps notes of every drawing
	process.env.NODE_ENV = "production";
	const { LiveView } = await import("../../src/views/live-view.js");
	let bytes = 0;
	const view = new LiveView({
		terminal: { columns: 120, rows: 40, write: (text) => (bytes += text.length) },
		onResize: () => () => undefined,
		keyboard: undefined,
		host: "a-host",
		look: { color: true, isUtf8: true },
		onQuit: () => undefined,
		onFailure: (error) => assert.fail(String(error)),
		save: () => "",
		suspend: () => undefined,
		exits: new EventEmitter(),
	});
	try {
		view.start("a test");
		let [settled, drawn] = [0, 0];
		for (let second = 1; second <= SECONDS; second += 1) {
			view.push(busyAfter(second));
			// draws, as the timer would
			view.resume();
			if (second === SETTLED_SECONDS) {
				settled = await heapAfterGarbage();
				drawn = bytes;
			}
		}
		assert.ok(bytes - drawn > (SECONDS - SETTLED_SECONDS) * 1000, "every second was drawn");
		const grown = (await heapAfterGarbage()) - settled;
		assert.ok(
			grown < MOST_GROWTH_BYTES,
			`the heap has grown by ${grown} bytes in ${SECONDS - SETTLED_SECONDS} seconds`,
		);
	} finally {
		view.close();
	}
});
