import assert from "node:assert/strict";
import { test } from "node:test";
import { BusyWatch } from "./optimizing.js";

test("a process is busy from a twentieth of a core on, whatever its start took", () => {
	const watch = new BusyWatch();
	const cpuMicroseconds = [900_000, 920_000, 1_019_000, 1_120_000];
	assert.deepEqual(
		cpuMicroseconds.map((cpu) => watch.isBusy(cpu)),
		[false, false, false, true],
	);
});
