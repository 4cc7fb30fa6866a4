/** The oldest kernel that is supported, in a machine that QEMU emulates: the shortest part of `npm run test:kernels`. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const CHECKOUT = fileURLToPath(new URL("../../..", import.meta.url));
/** Longer than the machine needs where everything else is busy; less than a test may take. */
const DEADLINE_MS = 540_000;

const skipReason =
	process.getuid?.() !== 0
		? "it installs packages and mounts folders: that takes root"
		: process.arch !== "x64" && "the machine that is emulated is an x86-64 one";

test("Linux 5.10 takes every program, and both ends of an exchange are seen on a whole host, over TLS too", {
	skip: skipReason,
	timeout: DEADLINE_MS,
}, async () => {
	const command = ["tools/test-kernels.mjs", "5.10", "vm"];
	const { stdout } = await promisify(execFile)(process.execPath, command, {
		cwd: CHECKOUT,
		timeout: DEADLINE_MS,
	}).catch((error: { stdout: string; stderr: string }) => assert.fail(`${error.stdout}\n${error.stderr}`));
	assert.match(stdout, /^Linux 5\.10\.\S+ \(\d+ s\): all is well$/m);
	assert.match(stdout, /vm\/host-wide\.test\.js: 2 passed, 0 failed, 0 skipped/);
});
