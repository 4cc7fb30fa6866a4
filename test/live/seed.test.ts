import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fstatSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { OwnCgroup } from "../../src/capture/own-cgroup.js";
import { resolveScope } from "../../src/capture/scope.js";
import { existingSockets, type SeedSummary } from "../../src/capture/seed.js";
import { cgroupId, findCgroupRoot } from "../../src/identity/cgroup-tree.js";
import type { SocketOwner } from "../../src/identity/service-names.js";
import { openForeignFd } from "../../src/kernel/syscall.js";
import { makeLiveCgroup } from "../support/live-cgroup.js";

/** Listens, connects to itself as often as told, and forks a worker that shares the listener; then says so. */
const PREFORK = `
import os, resource, socket, sys, time
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
listener = socket.create_server(("127.0.0.1", 0), backlog=64)
pairs = []
for _ in range(int(sys.argv[1])):
    client = socket.create_connection(listener.getsockname())
    pairs.append((client, listener.accept()[0]))
open("/dev/null")
if os.fork() == 0:
    time.sleep(1000)
print("ready", flush=True)
time.sleep(1000)
`;

async function startPrefork(context: TestContext, connections: number): Promise<[ChildProcess, OwnCgroup]> {
	const cgroup = OwnCgroup.create("test", { parent: makeLiveCgroup(context) });
	const { command, args } = cgroup.wrap("python3", ["-c", PREFORK, String(connections)]);
	const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
	await once(child.stdout, "data");
	return [child, cgroup];
}

function seed(cgroups: string[], pids?: number[]): { owners: SocketOwner[]; summary: SeedSummary } {
	const root = findCgroupRoot();
	const scope = resolveScope(pids === undefined ? { cgroups } : { pids });
	const sockets = existingSockets(scope, root, { openForeignFd });
	const owners: SocketOwner[] = [];
	for (let step = sockets.next(); ; step = sockets.next()) {
		if (step.done) return { owners, summary: step.value };
		assert.ok(fstatSync(step.value.fd).isSocket());
		owners.push(step.value.owner);
	}
}

test("finds listeners and connections of a prefork server once, and gives them to the master", async (context) => {
	const [{ pid = 0 }, cgroup] = await startPrefork(context, 3);
	const expected = Array<SocketOwner>(7).fill({ cgroupId: cgroupId(cgroup.path) ?? 0n, pid, comm: "python3" });
	const summary = { seeded: 7, refused: 0, overLimit: 0, unreadableProcesses: 0 };
	assert.deepEqual(seed([cgroup.path]), { owners: expected, summary });
	assert.deepEqual(seed([], [pid]), { owners: expected, summary });
	assert.deepEqual(seed([join(cgroup.path, "..")]), { owners: expected, summary });
	const ofHost = seed([findCgroupRoot()]).owners.filter((owner) => owner.pid === pid);
	assert.deepEqual(ofHost, expected);
});

test("thousands of sockets are found in one go", async (context) => {
	const [, cgroup] = await startPrefork(context, 5_000);
	const startedMs = performance.now();
	assert.equal(seed([cgroup.path]).summary.seeded, 10_001);
	context.diagnostic(`10,001 sockets in ${Math.round(performance.now() - startedMs)} ms`);
});
