/** Waiting for a descriptor on Node's event loop. */
import type * as Koffi from "koffi";
import type { PollHandle } from "./native.js";

/** `koffi.node` is not in koffi's documentation: what it lacks, or refuses, is done by timers (ring.ts). */
export function pollHandle(koffi: typeof Koffi, fd: number): PollHandle | undefined {
	try {
		const handle = koffi.node.poll(fd, { readable: true }, () => undefined);
		handle.stop();
		return {
			start: (onReadable) => handle.start({ readable: true }, onReadable),
			stop: () => handle.stop(),
			close: () => handle.close(),
		};
	} catch {
		return undefined;
	}
}
