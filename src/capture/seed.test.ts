import assert from "node:assert/strict";
import { closeSync, fstatSync, openSync } from "node:fs";
import { test } from "node:test";
import { type FakeHost, makeFakeHost } from "../../test/support/fake-host.js";
import { type ExistingSocket, existingSockets, type SeedOptions, type SeedSummary } from "./seed.js";

const HEADER = "  sl  local_address rem_address   st\n";

/** A line of /proc/net/tcp. */
function line(inode: string, state = "0A"): string {
	return `   0: 00000000:07E8 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0\n`;
}

/** Stands in for pidfd_getfd: opens a file whose inode plays the socket's. */
function foreignFile(): { open: () => number; inode: string } {
	const open = () => openSync("/dev/null", "r");
	const fd = open();
	const inode = String(fstatSync(fd).ino);
	closeSync(fd);
	return { open, inode };
}

interface Collected {
	readonly sockets: { pid: number; comm: string; cgroupId: bigint; inode: string }[];
	readonly summary: SeedSummary;
}

function collect(host: FakeHost, options: Partial<SeedOptions> = {}, pids?: ReadonlySet<number>): Collected {
	const scope = { cgroups: [host.cgroupRoot], pids, description: "" };
	const walk = existingSockets(scope, host.cgroupRoot, {
		openForeignFd: foreignFile().open,
		procRoot: host.procRoot,
		...options,
	});
	const sockets: Collected["sockets"] = [];
	let last: ExistingSocket | undefined;
	for (let step = walk.next(); ; step = walk.next()) {
		if (last !== undefined)
			assert.throws(() => fstatSync(last?.fd ?? -1), { code: "EBADF" }, "closed by the generator");
		if (step.done) return { sockets, summary: step.value };
		last = step.value;
		sockets.push({ ...last.owner, inode: String(fstatSync(last.fd).ino) });
	}
}

const NOTHING_MISSED = { refused: 0, overLimit: 0, unreadableProcesses: 0 };

test("hands over live TCP sockets with their owners, and no other descriptors", (context) => {
	const host = makeFakeHost(context);
	const { inode } = foreignFile();
	const cgroupId = host.addCgroup("/a.service");
	const descriptors = { 0: "/dev/null", 3: `socket:[${inode}]`, 4: "socket:[9991]", 5: "anon_inode:[eventpoll]" };
	const tcp = `${HEADER}${line(inode)}${line("9991", "06")}`;
	host.addProcess({ pid: 10, comm: "nginx", cgroup: "0::/a.service\n", descriptors, tcp });
	assert.deepEqual(collect(host), {
		sockets: [{ pid: 10, comm: "nginx", cgroupId, inode }],
		summary: { seeded: 1, ...NOTHING_MISSED },
	});
});

test("a socket that processes share belongs to the one the others descend from", (context) => {
	const host = makeFakeHost(context);
	const { inode } = foreignFile();
	const shared = { descriptors: { 3: `socket:[${inode}]` }, tcp: `${HEADER}${line(inode)}` };
	// The pids have wrapped around: the workers' are lower.
	host.addProcess({ pid: 20, comm: "worker", parentPid: 30, ...shared });
	host.addProcess({ pid: 30, comm: "master", parentPid: 1, ...shared });
	host.addProcess({ pid: 40, comm: "worker", parentPid: 20, ...shared });
	assert.deepEqual(
		collect(host).sockets.map(({ pid }) => pid),
		[30],
	);
});

test("each network namespace has its own table", (context) => {
	const host = makeFakeHost(context);
	const { inode } = foreignFile();
	const descriptors = { 3: `socket:[${inode}]` };
	host.addProcess({ pid: 10, comm: "a", descriptors, networkNamespace: "net:[1]", tcp: HEADER });
	host.addProcess({ pid: 11, comm: "b", descriptors, networkNamespace: "net:[2]", tcp: `${HEADER}${line(inode)}` });
	host.addProcess({ pid: 12, comm: "c", networkNamespace: "net:[2]", tcp: HEADER });
	assert.deepEqual(
		collect(host).sockets.map(({ comm }) => comm),
		["b"],
	);
});

test("only processes of the scope", (context) => {
	const host = makeFakeHost(context);
	const { inode } = foreignFile();
	const socket = { descriptors: { 3: `socket:[${inode}]` }, tcp: `${HEADER}${line(inode)}` };
	host.addCgroup("/in/deeper", [11]);
	host.addCgroup("/out", [10]);
	host.addProcess({ pid: 10, comm: "out", ...socket });
	assert.equal(collect(host, {}, new Set([11])).summary.seeded, 0);
	assert.equal(collect(host, {}, new Set([10])).summary.seeded, 1);
	host.addProcess({ pid: 11, comm: "in", ...socket });
	const scope = { cgroups: [`${host.cgroupRoot}/in`], pids: undefined, description: "" };
	const options = { openForeignFd: foreignFile().open, procRoot: host.procRoot };
	const owners = [...existingSockets(scope, host.cgroupRoot, options)].map(({ owner }) => owner.comm);
	assert.deepEqual(owners, ["in"]);
});

test("counts what it cannot hand over", (context) => {
	const host = makeFakeHost(context);
	const { inode } = foreignFile();
	const tcp = HEADER + line(inode) + line("9991") + line("9992");
	const descriptors = { 3: `socket:[${inode}]`, 4: "socket:[9991]", 5: "socket:[9992]" };
	host.addProcess({ pid: 10, comm: "a", descriptors, tcp });
	assert.deepEqual(collect(host, { maxSockets: 1 }).summary, { seeded: 1, ...NOTHING_MISSED, overLimit: 2 });
	assert.deepEqual(collect(host, { maxDescriptors: 1 }).summary, { seeded: 1, ...NOTHING_MISSED, overLimit: 2 });
	const refuse = () => {
		throw new Error("EPERM");
	};
	assert.deepEqual(collect(host, { openForeignFd: refuse }).summary, { seeded: 0, ...NOTHING_MISSED, refused: 3 });
	const end = () => {
		host.removeProcess(10);
		throw new Error("ESRCH");
	};
	host.addProcess({ pid: 11, comm: "b", tcp });
	const closed = collect(host, { openForeignFd: end, maxSockets: 1 }).summary;
	assert.deepEqual(closed, { seeded: 0, ...NOTHING_MISSED, overLimit: 2 });
});

test("a descriptor that has become another file is not handed over", (context) => {
	const host = makeFakeHost(context);
	host.addProcess({ pid: 10, comm: "a", descriptors: { 3: "socket:[9991]" }, tcp: HEADER + line("9991") });
	assert.deepEqual(collect(host), { sockets: [], summary: { seeded: 0, ...NOTHING_MISSED } });
});

test("closes its descriptor also when the consumer stops half-way or closes it first", (context) => {
	const host = makeFakeHost(context);
	const { inode, open } = foreignFile();
	host.addProcess({ pid: 10, comm: "a", descriptors: { 3: `socket:[${inode}]` }, tcp: HEADER + line(inode) });
	const scope = { cgroups: [host.cgroupRoot], pids: undefined, description: "" };
	const options = { openForeignFd: open, procRoot: host.procRoot };
	for (const { fd, close } of existingSockets(scope, host.cgroupRoot, options)) {
		close();
		assert.throws(() => fstatSync(fd), { code: "EBADF" });
		close();
	}
	let kept = -1;
	for (const { fd } of existingSockets(scope, host.cgroupRoot, options)) {
		kept = fd;
		break;
	}
	assert.throws(() => fstatSync(kept), { code: "EBADF" });
});
