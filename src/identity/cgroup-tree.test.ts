import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { makeFakeHost } from "../../test/support/fake-host.js";
import { CgroupTree, findCgroupRoot, isCgroup2, parseCgroup2Mounts, walkCgroups } from "./cgroup-tree.js";

test("finds the v2 mounts, whole trees first", () => {
	const mountinfo = [
		"31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755",
		"40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd",
		"41 31 0:38 /part /mnt/part rw - cgroup2 cgroup2 rw",
		"42 31 0:38 / /sys/fs/cgroup/uni\\040fied rw,relatime shared:9 master:1 - cgroup2 cgroup2 rw",
		"",
	].join("\n");
	assert.deepEqual(parseCgroup2Mounts(mountinfo), ["/sys/fs/cgroup/uni fied", "/mnt/part"]);
});

test("without a v2 mount the error says how to get one", (context) => {
	const host = makeFakeHost(context);
	assert.equal(findCgroupRoot(host.procRoot), host.cgroupRoot);
	writeFileSync(join(host.procRoot, "self/mountinfo"), "31 23 0:28 / /sys rw - sysfs sysfs rw\n");
	assert.throws(() => findCgroupRoot(host.procRoot), { code: "HTTPEEK_NO_CGROUP2", hint: /mount -t cgroup2/ });
});

test("a plain directory is no cgroup", (context) => {
	const { cgroupRoot } = makeFakeHost(context);
	assert.equal(isCgroup2(cgroupRoot), false);
	assert.equal(isCgroup2(join(cgroupRoot, "missing")), false);
});

test("walks parents before children, not below a limit, and not out of a subtree", (context) => {
	const host = makeFakeHost(context);
	for (const path of ["/a/b/c", "/a/d", "/e"]) host.addCgroup(path);
	const paths = (from: string, limit?: number) =>
		[...walkCgroups(host.cgroupRoot, from, limit)].map(({ path }) => path);
	const all = paths("/");
	assert.deepEqual(all.toSorted(), ["/", "/a", "/a/b", "/a/b/c", "/a/d", "/e"]);
	assert.ok(all.indexOf("/a") < all.indexOf("/a/b") && all.indexOf("/a/b") < all.indexOf("/a/b/c"));
	assert.deepEqual(paths("/a").toSorted(), ["/a", "/a/b", "/a/b/c", "/a/d"]);
	assert.equal(paths("/", 3).length, 3);
	assert.deepEqual(paths("/missing"), []);
});

test("finds paths by id, walks again for a new cgroup, but not at once", (context) => {
	const host = makeFakeHost(context);
	const old = host.addCgroup("/system.slice/a.service");
	let nowMs = 0;
	const tree = new CgroupTree(host.cgroupRoot, { now: () => nowMs });
	assert.equal(tree.pathOf(old), "/system.slice/a.service");
	const young = host.addCgroup("/system.slice/b.service");
	nowMs = 100;
	assert.equal(tree.pathOf(young), undefined);
	nowMs = 250;
	assert.equal(tree.pathOf(young), "/system.slice/b.service");
	nowMs = 600;
	assert.equal(tree.pathOf(1n << 62n), undefined);
});

test("confirms a path only with its id", (context) => {
	const host = makeFakeHost(context);
	const id = host.addCgroup("/a");
	const tree = new CgroupTree(host.cgroupRoot, { now: () => 0 });
	assert.equal(tree.confirm(id, "/"), false);
	assert.equal(tree.confirm(id, "/missing"), false);
	assert.equal(tree.confirm(id, "/a"), true);
	host.removeCgroup("/a");
	assert.equal(tree.pathOf(id), "/a");
});
