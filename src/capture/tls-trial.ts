/** Whether uprobes may and can be put on at all: tried on this process, where the one place that is hooked is never reached again. */
import { release } from "node:os";
import { HttpeekError } from "../base/errors.js";
import { BoundedFile } from "../tls/bounded-file.js";
import { entryOffsetOf, readElf } from "../tls/elf.js";
import type { TlsLibrary } from "../tls/libraries.js";
import type { AttachTls } from "./tls-reader.js";

const OWN_PROGRAM = "/proc/self/exe";

/**
 * x86-64 kernels that end a function's hook by a system call of their own (uretprobe, since 6.11) and have seccomp filters
 * judge it, which do not know it: programs under a filter (systemd's services, containers) are killed. Since 6.14, and the
 * last releases of 6.12 and 6.13 named here, filters do not see it. A filter can be installed at any moment, so that it
 * does not help to ask a process beforehand.
 */
const DANGEROUS: readonly (readonly [major: number, minor: number, fixedIn: number])[] = [
	[6, 11, Number.POSITIVE_INFINITY],
	[6, 12, 15],
	[6, 13, 4],
];

/**
 * Nothing, unless hooks would be a danger to those that are hooked.
 * @throws HttpeekError HTTPEEK_PLATFORM
 */
export function checkKernelIsSafe(kernelRelease = release(), architecture: string = process.arch): void {
	const [major = 0, minor = 0, patch = 0] = (kernelRelease.match(/\d+/g) ?? []).map(Number);
	const isDangerous = DANGEROUS.some(([x, y, fixedIn]) => major === x && minor === y && patch < fixedIn);
	if (architecture !== "x64" || !isDangerous) return;
	throw new HttpeekError(
		"HTTPEEK_PLATFORM",
		`Linux ${kernelRelease} kills programs under a seccomp filter when their functions are hooked`,
		{ hint: "update the kernel: 6.12.15, 6.13.4 and 6.14 do not" },
	);
}

/**
 * Puts a uprobe and a uretprobe on the entry point of the program that this process runs, for this process only, and takes
 * them off.
 * @throws HttpeekError HTTPEEK_BPF, HTTPEEK_PRIVILEGE as attaching does; HTTPEEK_INTERNAL where there is no such place
 */
export function tryHooks(attach: AttachTls): void {
	using file = new BoundedFile(OWN_PROGRAM);
	const offset = entryOffsetOf(readElf(file));
	if (offset === undefined) throw new HttpeekError("HTTPEEK_INTERNAL", `${OWN_PROGRAM} has no entry point`);
	const place = { offset, symbol: "entry point" };
	const library: TlsLibrary = {
		kind: "openssl",
		version: undefined,
		points: [
			{ ...place, program: "tls_read", atReturn: false },
			{ ...place, program: "tls_end", atReturn: true },
		],
		problem: undefined,
	};
	attach(OWN_PROGRAM, library, process.pid).close();
}
