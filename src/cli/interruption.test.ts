import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { listenForInterruption, signalExitCode } from "./interruption.js";

test("the first signal asks for an end, a second one ends at once; one key press sent twice is one", () => {
	const events = new EventEmitter();
	const exits: number[] = [];
	let nowMs = 0;
	const interruption = listenForInterruption({ events, exit: (code) => exits.push(code), nowMs: () => nowMs });
	assert.equal(interruption.signal.aborted, false);
	events.emit("SIGINT", "SIGINT");
	assert.equal(interruption.signal.aborted, true);
	nowMs = 400;
	events.emit("SIGINT", "SIGINT");
	assert.deepEqual(exits, []);
	nowMs = 1000;
	events.emit("SIGTERM", "SIGTERM");
	assert.deepEqual(exits, [143]);
});

test("it stops listening when it is disposed of, but not once a signal has come: an echo of it must not kill", () => {
	const events = new EventEmitter();
	const source = { events, exit: () => assert.fail("it ends by itself"), nowMs: () => 0 };
	listenForInterruption(source).dispose();
	assert.deepEqual(events.eventNames(), []);
	const interrupted = listenForInterruption(source);
	events.emit("SIGINT", "SIGINT");
	interrupted.dispose();
	assert.ok(events.emit("SIGINT", "SIGINT"), "somebody listens");
});

test("exit codes of signals are those of shells", () => {
	assert.deepEqual((["SIGHUP", "SIGINT", "SIGKILL", "SIGTERM"] as const).map(signalExitCode), [129, 130, 137, 143]);
});
