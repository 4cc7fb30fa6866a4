/** Files in which a TLS library is looked for. */
import { readlinkSync } from "node:fs";
import { basename, join } from "node:path";

export const PROC = "/proc";
const DELETED = / \(deleted\)$/;

/**
 * Shared libraries that may have a TLS library in them: OpenSSL's libssl (and the copies in Python's wheels), GnuTLS,
 * what Java loads (Conscrypt, netty's tcnative), gRPC's own BoringSSL, and runtimes as libraries. Not NSS: its functions
 * are those of all of a program's files. Names only save time: a program itself is always looked at.
 */
const PROMISING_NAME = /ssl|tls|conscrypt|tcnative|grpc|libpython|libnode/i;

/** A file that may hold a TLS library. */
export interface CandidateFile {
	/** Where to open it: of what a process has mapped this very file, whatever has become of its name. */
	readonly openPath: string;
	/** As the process sees it. Whoever started it chose it: escape it. */
	readonly path: string;
}

/** Whether a shared library may have a TLS library in it, by its name. */
export function isPromising(path: string): boolean {
	return PROMISING_NAME.test(basename(path));
}

/** The program that a process executes; undefined for a process that has ended, and for one of the kernel. */
export function programOf(pid: number, procRoot = PROC): CandidateFile | undefined {
	const openPath = join(procRoot, String(pid), "exe");
	const path = readLink(openPath);
	return path === undefined ? undefined : { openPath, path: withoutDeleted(path) };
}

/** Where a link leads, as it says itself; undefined where there is none. */
export function readLink(path: string): string | undefined {
	try {
		return readlinkSync(path);
	} catch {
		return undefined;
	}
}

/** A path as the kernel shows it, without the mark of a file whose name is gone. */
export function withoutDeleted(path: string): string {
	return path.replace(DELETED, "");
}
