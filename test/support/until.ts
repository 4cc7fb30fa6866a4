import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { PATIENCE } from "./emulation.js";

const DEADLINE_MS = 30_000 * PATIENCE;
const POLL_MS = 10;

/** Waits until a condition holds, and fails with what was awaited when it does not in half a minute: machines that run tests are busy. */
export async function until(condition: () => boolean, what: string): Promise<void> {
	const deadline = performance.now() + DEADLINE_MS;
	while (!condition()) {
		assert.ok(performance.now() < deadline, `waited in vain until ${what}`);
		await delay(POLL_MS);
	}
}
