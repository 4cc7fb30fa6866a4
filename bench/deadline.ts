/** How long the benchmark waits for what others do. */
import { readFileSync } from "node:fs";

/** Whether this is a machine of tools/lib/vm.mjs, by the command line of its kernel. */
export function isEmulated(commandLine = readFileSync("/proc/cmdline", "latin1")): boolean {
	return commandLine.includes("httpeek.run=");
}

/** Nothing takes longer by itself. An emulated machine is some twenty times slower, and is stopped together with its host. */
export const DEADLINE_MS = isEmulated() ? 240_000 : 30_000;
