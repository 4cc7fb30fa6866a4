import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { parseUsage, treeUsage, usageOf } from "./process-tree.js";

test("user and system time are found behind a name with spaces and parentheses", () => {
	const stat = `42 (a) b (c) S 1 42 42 0 -1 4194304 100 0 0 0 ${[150, 50].join(" ")} 7 7 20 0 1 0 12345 1000 100`;
	assert.deepEqual(parseUsage(stat, "Name:\ta\nVmHWM:\t    2048 kB\n"), { cpuSeconds: 2, peakBytes: 2048 * 1024 });
});

test("a tree is its root and whatever that has started", async (context) => {
	const script = "sleep 60 & trap 'kill $!' TERM; echo ready; wait";
	const child = spawn("/bin/sh", ["-c", script], { stdio: ["ignore", "pipe", "ignore"] });
	context.after(() => child.kill("SIGTERM"));
	await once(child.stdout, "data");
	const pid = child.pid ?? 0;
	assert.ok(treeUsage(pid).peakBytes > usageOf(pid).peakBytes);
});
