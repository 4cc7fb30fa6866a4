import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { HttpeekError } from "../base/errors.js";
import { makeRow, makeSnapshot } from "../model/testing.js";
import { demo } from "./demo.js";
import { type FakeWorld, runCli } from "./testing.js";

const snapshots = [makeSnapshot([makeRow({ count: 9 })])];

async function runDemo(traffic: string, world: FakeWorld) {
	const directory = mkdtempSync(join(tmpdir(), "httpeek-test-"));
	try {
		const program = join(directory, "traffic.mjs");
		writeFileSync(program, traffic);
		return await runCli([], world, (context) => demo({}, context, program));
	} finally {
		rmSync(directory, { recursive: true });
	}
}

test("the demo shows its traffic as top does, and ends it", { timeout: 30_000 }, async () => {
	const result = await runDemo("setInterval(() => {}, 1000)", { snapshots });
	assert.equal(result.exitCode, 0);
	assert.equal(result.stdout, "Endpoint: /, Status Code: 200, Count: 9\n");
	assert.deepEqual(result.observed?.scope, { cgroups: ["/a/cgroup"] });
	assert.equal(result.openCgroups, 0);
});

test("traffic that ignores the request to end is ended", { timeout: 30_000 }, async () => {
	const result = await runDemo("process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)", { snapshots });
	assert.equal(result.exitCode, 0);
});

test("traffic that ends early is an error", { timeout: 30_000 }, async () => {
	const [afterAbort] = snapshots;
	assert.ok(afterAbort);
	await assert.rejects(
		runDemo("process.exit(3)", { afterAbort }),
		(error) => error instanceof HttpeekError && error.message === "the demo's traffic ended early: code 3",
	);
});
