import assert from "node:assert/strict";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Waits until what changes now in a folder's file system has another time than before: its clock ticks every 1 to 10 ms. */
export function untilFileClockTicks(folder: string): void {
	const path = join(folder, "clock");
	const now = () => {
		writeFileSync(path, "");
		return statSync(path, { bigint: true }).ctimeNs;
	};
	const before = now();
	const deadline = performance.now() + 1000;
	while (now() === before) assert.ok(performance.now() < deadline, "the clock of the file system stands still");
}
