/** Whether uprobes can be put on at all: tried on this process, where the one place that is hooked is never reached again. */
import { HttpeekError } from "../base/errors.js";
import { BoundedFile } from "../tls/bounded-file.js";
import { entryOffsetOf, readElf } from "../tls/elf.js";
import type { TlsLibrary } from "../tls/libraries.js";
import type { AttachTls } from "./tls-reader.js";

const OWN_PROGRAM = "/proc/self/exe";

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
