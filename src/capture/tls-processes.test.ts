import assert from "node:assert/strict";
import { rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { makeFakeHost } from "../../test/support/fake-host.js";
import { LookSchedule, processesOf } from "./tls-processes.js";

test("the processes of a scope: of its cgroups and those below, of the whole host, or those that were named", (context) => {
	const host = makeFakeHost(context);
	host.addCgroup("web", [10, 11]);
	host.addCgroup("web/worker", [12]);
	host.addCgroup("other", [13]);
	for (const pid of [10, 11, 12, 13]) host.addProcess({ pid, comm: "x" });
	const scope = { cgroups: [join(host.cgroupRoot, "web")], pids: undefined, description: "web" };
	assert.deepEqual(processesOf(scope, false, host.procRoot), [10, 11, 12]);
	assert.deepEqual(processesOf(scope, true, host.procRoot), [10, 11, 12, 13]);
	assert.deepEqual(processesOf({ ...scope, pids: new Set([13]) }, false, host.procRoot), [13]);
	host.removeCgroup("web");
	assert.deepEqual(processesOf(scope, false, host.procRoot), []);
});

test("a process is looked at often when it is new, then rarely, and anew when it executes another program", (context) => {
	const host = makeFakeHost(context);
	host.addProcess({ pid: 10, comm: "x", exe: "/bin/one" });
	const schedule = new LookSchedule(host.procRoot);
	const looksUntil = (seconds: number, from: number): number => {
		let looks = 0;
		for (let now = from; now < seconds; now += 0.05) looks += schedule.next([10], now).due.length;
		return looks;
	};
	assert.deepEqual(schedule.next([10], 100), { due: [10], gone: [], isChanged: true });
	assert.equal(looksUntil(130.1, 100.05), 10);
	assert.equal(looksUntil(250, 130.1), 1);
	const exe = join(host.procRoot, "10/exe");
	rmSync(exe);
	symlinkSync("/bin/two", exe);
	assert.equal(schedule.isThere(10), false);
	assert.deepEqual(schedule.next([10], 251), { due: [10], gone: [], isChanged: true });
	assert.equal(schedule.isThere(10), true);
});

test("a process that ends is told once, also if it was only known from elsewhere", (context) => {
	const host = makeFakeHost(context);
	host.addProcess({ pid: 10, comm: "x", exe: "/bin/one" });
	const schedule = new LookSchedule(host.procRoot);
	schedule.note(10, 5);
	assert.deepEqual(schedule.next([], 5.1), { due: [], gone: [10], isChanged: true });
	assert.deepEqual(schedule.next([], 5.2), { due: [], gone: [], isChanged: false });
});
