import assert from "node:assert/strict";
import { test } from "node:test";
import { makeFakeHost } from "../../test/support/fake-host.js";
import {
	listProcesses,
	nameFromComm,
	parseCgroups,
	readCgroups,
	readNetworkNamespace,
	readProcessName,
	readStat,
	withDescendants,
} from "./process.js";

test("names a process after its comm, and after its program where the comm says too little", (context) => {
	const { procRoot, addProcess } = makeFakeHost(context);
	const cases = [
		[{ comm: "nginx", exe: "/usr/sbin/nginx", commandLine: ["nginx: master process"] }, "nginx"],
		[{ comm: "MainThread", exe: "/usr/bin/node", commandLine: ["node", "app.js"] }, "node"],
		[{ comm: "node-MainThread", exe: "/opt/node/bin/node" }, "node"],
		[{ comm: "MainThread", exe: "/usr/bin/node (deleted)" }, "node"],
		[{ comm: "MainThread" }, "MainThread"],
		[
			{ comm: "gunicorn-server", exe: "/usr/bin/python3", commandLine: ["python3", "/a/gunicorn-server-main"] },
			"gunicorn-server-main",
		],
		[{ comm: "a-very-long-nam", exe: "/x/a-very-long-name-of-a-program" }, "a-very-long-name-of-a-program"],
		[{ comm: "exactly-fifteen", exe: "/usr/bin/java" }, "exactly-fifteen"],
		[{ comm: "fifteen-bytes-x", exe: `/x/fifteen-bytes-x${"y".repeat(200)}` }, `fifteen-bytes-x${"y".repeat(49)}`],
		[{ comm: "", exe: "/bin/nameless" }, "nameless"],
		[{ comm: "evil\x1b[2J\nname", exe: "/bin/evil" }, "evil\x1b[2J\nname"],
	] as const;
	for (const [index, [process, name]] of cases.entries()) {
		addProcess({ pid: 100 + index, ...process });
		assert.equal(readProcessName(100 + index, procRoot), name);
	}
	assert.equal(readProcessName(99, procRoot), undefined);
});

test("a comm that is not UTF-8 is kept, byte by byte", (context) => {
	const { procRoot, addProcess } = makeFakeHost(context);
	addProcess({ pid: 5, comm: Buffer.from([0x61, 0xff, 0xc3, 0xa9]) });
	assert.equal(readProcessName(5, procRoot), "a\udcff\u00e9");
});

test("takes what runtimes add from a thread's name", () => {
	assert.equal(nameFromComm("node-MainThread"), "node");
	assert.equal(nameFromComm("nginx"), "nginx");
	assert.equal(nameFromComm(""), "");
});

test("reads cgroups of v2, hybrid and v1 hosts", () => {
	assert.deepEqual(parseCgroups("0::/system.slice/a.service\n"), { unified: "/system.slice/a.service", legacy: [] });
	const hybrid = "9:name=systemd:/s\n8:pids:/p\n4:memory:/m\n3:cpu,cpuacct:/c\n0::/\n";
	assert.deepEqual(parseCgroups(hybrid), { unified: "/", legacy: ["/s", "/p", "/m"] });
	assert.deepEqual(parseCgroups("4:memory:/a:b\n8:pids:/p\n"), { unified: undefined, legacy: ["/p", "/a:b"] });
	assert.deepEqual(parseCgroups("0::/gone (deleted)\n"), { unified: "/gone", legacy: [] });
	assert.deepEqual(parseCgroups("garbage\n::\n"), { unified: undefined, legacy: [] });
});

test("a comm with spaces and parentheses does not shift the fields of stat", (context) => {
	const { procRoot, addProcess } = makeFakeHost(context);
	addProcess({ pid: 7, comm: "a) S 99 (b", parentPid: 3 });
	const { parentPid, startTicks, hasEnded } = readStat(7, procRoot) ?? {};
	assert.deepEqual({ parentPid, startTicks, hasEnded }, { parentPid: 3, startTicks: 100, hasEnded: false });
	assert.equal(readStat(8, procRoot), undefined);
});

for (const hasChildrenFiles of [true, false]) {
	test(`finds descendants ${hasChildrenFiles ? "by children files" : "by asking every process"}`, (context) => {
		const { procRoot, addProcess } = makeFakeHost(context);
		const tree: Record<number, number[]> = { 10: [11, 12], 11: [13], 12: [], 13: [], 20: [21], 21: [] };
		for (const [pid, children] of Object.entries(tree)) {
			const parentPid = Number(Object.keys(tree).find((parent) => tree[Number(parent)]?.includes(Number(pid))) ?? 1);
			addProcess({ pid: Number(pid), comm: "x", parentPid, ...(hasChildrenFiles ? { children } : {}) });
		}
		const sorted = (roots: number[]) => [...withDescendants(roots, procRoot)].sort((a, b) => a - b);
		assert.deepEqual(sorted([10]), [10, 11, 12, 13]);
		assert.deepEqual(sorted([11, 20, 99]), [11, 13, 20, 21]);
		assert.deepEqual(sorted([]), []);
	});
}

test("reads the real /proc", () => {
	assert.ok(listProcesses().includes(process.pid));
	assert.ok(withDescendants([process.ppid]).has(process.pid));
	assert.equal(readStat(process.pid)?.parentPid, process.ppid);
	assert.notDeepEqual(readCgroups("self"), { unified: undefined, legacy: [] });
	assert.match(readNetworkNamespace(process.pid) ?? "", /^net:\[\d+\]$/);
	// Above the highest pid that a kernel can give.
	assert.equal(readProcessName(2 ** 22 + 1), undefined);
});
