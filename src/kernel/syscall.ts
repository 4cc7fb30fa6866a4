/** System calls that Node does not offer. */
import { closeSync } from "node:fs";
import { HttpeekError } from "../base/errors.js";
import { errnoText } from "./errno.js";
import { native } from "./libbpf.js";

/** The same numbers on all architectures: both calls are younger than the common table. */
const SYS_PIDFD_OPEN = 434;
const SYS_PIDFD_GETFD = 438;

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

function refused(what: string): HttpeekError {
	return new HttpeekError("HTTPEEK_IO", `cannot ${what}: ${errnoText(native().errno())}`);
}
