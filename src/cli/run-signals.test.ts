import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import type { Child } from "./child.js";
import { followSignals, type ProcessStanding } from "./run-signals.js";

const OWN_GROUP = 10;
const CHILD_PID = 11;

/** httpeek and its command, and all that is done to either. */
function stage(standing: { own?: Partial<ProcessStanding>; child?: Partial<ProcessStanding> } = {}) {
	const signals = new EventEmitter();
	const done: string[] = [];
	const child = { group: OWN_GROUP, terminalGroup: OWN_GROUP, isStopped: false, ...standing.child };
	const own = { group: OWN_GROUP, terminalGroup: OWN_GROUP, isStopped: false, ...standing.own };
	const running: Child = {
		pid: CHILD_PID,
		ended: new Promise(() => undefined),
		isRunning: () => true,
		kill: (signal) => void done.push(`passed on ${signal}`),
	};
	const unfollow = followSignals(
		{
			on: (signal, listener) => signals.on(signal, listener),
			removeListener: (signal, listener) => signals.removeListener(signal, listener),
			raise: (signal) => done.push(`${signals.listenerCount("SIGTSTP")} listen: ${signal}`),
			standingOf: (pid) => (pid === "self" ? own : child),
		},
		() => running,
	);
	return { signals, done, child, unfollow };
}

test("what the terminal sends to both is not passed on; what reaches httpeek alone is", () => {
	const together = stage();
	for (const signal of ["SIGINT", "SIGQUIT", "SIGTSTP", "SIGWINCH", "SIGTERM", "SIGHUP", "SIGUSR1"]) {
		together.signals.emit(signal);
	}
	assert.deepEqual(together.done, ["passed on SIGTERM", "passed on SIGHUP", "passed on SIGUSR1"]);
	for (const apart of [
		stage({ own: { terminalGroup: -1 } }),
		stage({ own: { terminalGroup: 99 } }),
		stage({ child: { group: CHILD_PID } }),
	]) {
		apart.signals.emit("SIGINT");
		assert.deepEqual(apart.done, ["passed on SIGINT"]);
	}
});

test("httpeek stops when the command has stopped, by the signal that stopped it, and listens again afterwards", () => {
	const { signals, done, child } = stage();
	signals.emit("SIGTSTP");
	signals.emit("SIGCHLD");
	assert.deepEqual(done, [], "the command has not stopped yet, or never will");
	child.isStopped = true;
	signals.emit("SIGCHLD");
	signals.emit("SIGCHLD");
	assert.deepEqual(done, ["0 listen: SIGTSTP", "0 listen: SIGSTOP"]);
	assert.equal(signals.listenerCount("SIGTSTP"), 1);
});

test("a command that a shell's fg does not reach is gone on with, others are not told twice", () => {
	const { signals, done, child } = stage();
	signals.emit("SIGCONT");
	assert.deepEqual(done, []);
	child.isStopped = true;
	signals.emit("SIGCONT");
	assert.deepEqual(done, ["passed on SIGCONT"]);
});

test("an ignored Ctrl-Z does not name a later stop", () => {
	const { signals, done, child } = stage();
	signals.emit("SIGTSTP");
	signals.emit("SIGCONT");
	child.isStopped = true;
	signals.emit("SIGCHLD");
	assert.deepEqual(done, ["0 listen: SIGSTOP"]);
});

test("afterwards nobody listens", () => {
	const { signals, unfollow } = stage();
	assert.ok(signals.eventNames().length > 10);
	unfollow();
	assert.deepEqual(signals.eventNames(), []);
});
