import assert from "node:assert/strict";
import { test } from "node:test";
import { type FakeHost, makeFakeHost } from "../../test/support/fake-host.js";
import { ServiceNames } from "./service-names.js";

const ID = "ab12".repeat(16);

function namesOn(host: FakeHost): ServiceNames {
	return new ServiceNames({ cgroupRoot: host.cgroupRoot, procRoot: host.procRoot });
}

test("the socket's cgroup decides, whether or not the process lives", (context) => {
	const host = makeFakeHost(context);
	const names = namesOn(host);
	const unit = host.addCgroup("/system.slice/nginx.service");
	const container = host.addCgroup(`/system.slice/docker-${ID}.scope`);
	host.addProcess({ pid: 50, comm: "nginx", cgroup: "0::/system.slice/nginx.service\n" });
	assert.equal(names.resolve({ cgroupId: unit, pid: 50, comm: "nginx" }), "nginx.service");
	assert.equal(names.resolve({ cgroupId: container, pid: 51, comm: "java" }), "ab12ab12ab12");
});

test("a container has the name that its engine gives it, where one does", (context) => {
	const host = makeFakeHost(context);
	const other = "cd34".repeat(16);
	const named = host.addCgroup(`/system.slice/docker-${ID}.scope`);
	const unnamed = host.addCgroup(`/system.slice/docker-${other}.scope`);
	const containers = { nameOf: (id: string) => (id === ID ? "shop" : undefined) };
	const names = new ServiceNames({ cgroupRoot: host.cgroupRoot, procRoot: host.procRoot, containers });
	assert.equal(names.resolve({ cgroupId: named, pid: 0, comm: "java" }), "shop");
	assert.equal(names.resolve({ cgroupId: unnamed, pid: 0, comm: "java" }), "cd34cd34cd34");
});

test("a process that has moved does not lend its new cgroup to an old socket", (context) => {
	const host = makeFakeHost(context);
	const unit = host.addCgroup("/system.slice/old.service");
	host.addCgroup("/system.slice/new.service");
	host.addProcess({ pid: 50, comm: "x", cgroup: "0::/system.slice/new.service\n" });
	assert.equal(namesOn(host).resolve({ cgroupId: unit, pid: 50, comm: "x" }), "old.service");
});

test("in the root cgroup: the v1 path, else the process, else the thread, else unknown", (context) => {
	const host = makeFakeHost(context);
	const names = namesOn(host);
	const root = host.addCgroup("/");
	host.addProcess({ pid: 60, comm: "node", cgroup: `4:memory:/docker/${ID}\n0::/\n` });
	host.addProcess({ pid: 61, comm: "MainThread", exe: "/usr/bin/node", cgroup: "1:name=systemd:/\n0::/\n" });
	assert.equal(names.resolve({ cgroupId: root, pid: 60, comm: "node" }), "ab12ab12ab12");
	assert.equal(names.resolve({ cgroupId: root, pid: 61, comm: "MainThread" }), "node");
	assert.equal(names.resolve({ cgroupId: root, pid: 62, comm: "node-MainThread" }), "node");
	assert.equal(names.resolve({ cgroupId: 0n, pid: 0, comm: "curl" }), "curl");
	assert.equal(names.resolve({ cgroupId: 0n, pid: 0, comm: "" }), "unknown");
});

test("an unknown cgroup id falls back to the process", (context) => {
	const host = makeFakeHost(context);
	host.addProcess({ pid: 70, comm: "puma" });
	assert.equal(namesOn(host).resolve({ cgroupId: 1n << 60n, pid: 70, comm: "puma 001" }), "puma");
});

test("in a cgroup of httpeek's own a program has its own name, whatever is around", (context) => {
	const host = makeFakeHost(context);
	const path = "/system.slice/cron.service/httpeek-run-5-1.a.ff";
	const own = host.addCgroup(path);
	host.addProcess({ pid: 80, comm: "curl", cgroup: `1:name=systemd:/system.slice/cron.service\n0::${path}\n` });
	assert.equal(namesOn(host).resolve({ cgroupId: own, pid: 80, comm: "curl" }), "curl");
});

test("a name stays when the process and the cgroup have gone", (context) => {
	const host = makeFakeHost(context);
	const names = namesOn(host);
	const root = host.addCgroup("/");
	const unit = host.addCgroup("/system.slice/a.service");
	host.addProcess({ pid: 90, comm: "MainThread", exe: "/usr/bin/node" });
	const inRoot = { cgroupId: root, pid: 90, comm: "MainThread" };
	const inUnit = { cgroupId: unit, pid: 91, comm: "x" };
	assert.deepEqual([names.resolve(inRoot), names.resolve(inUnit)], ["node", "a.service"]);
	host.removeProcess(90);
	host.removeCgroup("/system.slice/a.service");
	assert.deepEqual([names.resolve(inRoot), names.resolve(inUnit)], ["node", "a.service"]);
});

test("keeps a bounded number of names", (context) => {
	const host = makeFakeHost(context);
	const names = namesOn(host);
	const first = { cgroupId: 0n, pid: 1_000_000, comm: "thread" };
	host.addProcess({ pid: first.pid, comm: "program" });
	assert.equal(names.resolve(first), "program");
	host.removeProcess(first.pid);
	for (let pid = 1; pid < 16_384; pid++) names.resolve({ cgroupId: 0n, pid: 2_000_000 + pid, comm: "x" });
	assert.equal(names.resolve(first), "program", "asked for again: now the youngest");
	for (let pid = 1; pid <= 16_384; pid++) names.resolve({ cgroupId: 0n, pid: 3_000_000 + pid, comm: "x" });
	assert.equal(names.resolve(first), "thread", "forgotten");
});
