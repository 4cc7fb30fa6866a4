/** System calls that Node does not offer. */
import { closeSync } from "node:fs";
import { HttpeekError } from "../base/errors.js";
import { errnoText } from "./errno.js";
import { native } from "./libbpf.js";

/** The same numbers on all architectures: both calls are younger than the common table. */
const SYS_PIDFD_OPEN = 434;
const SYS_PIDFD_GETFD = 438;
/** An old one, so it has a number for each architecture. */
const SYS_PRCTL: Readonly<Record<string, number>> = { x64: 157, arm64: 167 };
const PR_SET_DUMPABLE = 4;

/**
 * Duplicates descriptor `fd` of process `pid` into this one, for the caller to close. Needs ptrace rights on the process.
 * Linux 5.6 and later.
 *
 * @throws HttpeekError HTTPEEK_IO when the process or its descriptor is gone, or access is denied
 */
export function openForeignFd(pid: number, fd: number): number {
	const pidFd = native().systemCall(SYS_PIDFD_OPEN, pid, 0);
	if (pidFd < 0) throw refused(`open process ${pid}`);
	try {
		const copy = native().systemCall(SYS_PIDFD_GETFD, pidFd, fd, 0);
		if (copy < 0) throw refused(`duplicate descriptor ${fd} of process ${pid}`);
		return copy;
	} finally {
		closeSync(pidFd);
	}
}

/**
 * From here on a signal that ends this process leaves no core file, whatever the limits and the kernel's core_pattern say.
 *
 * @throws HttpeekError HTTPEEK_NO_LIBBPF where nothing native can be called
 */
export function forbidCoreDump(): void {
	const number = SYS_PRCTL[process.arch];
	if (number === undefined || native().systemCall(number, PR_SET_DUMPABLE, 0, 0, 0, 0) !== 0) {
		throw refused("forbid core dumps");
	}
}

function refused(what: string): HttpeekError {
	return new HttpeekError("HTTPEEK_IO", `cannot ${what}: ${errnoText(native().errno())}`);
}
