/** An attachment of a program: the program runs until the link is closed, or until this process ends in any way. */
import { close, closeSync } from "node:fs";
import { native } from "./libbpf.js";
import type { Pointer } from "./native.js";

/**
 * What a program is attached by. Both ways of closing may be used any number of times. Taking a uprobe off waits until
 * every CPU has left it (RCU): about 25 ms for a link on Linux 6.18, whatever the machine does. Waits in the background go
 * on side by side.
 */
export interface Attachment extends Disposable {
	/** Detaches, and returns when it is done. */
	close(): void;
	/** Detaches while this thread goes on. The process does not end before it is done. */
	closeInBackground(): void;
}

/** One that libbpf keeps. */
export class BpfLink implements Attachment {
	#link: Pointer | undefined;

	/** @param link a `struct bpf_link *`, owned from now on */
	constructor(link: Pointer) {
		this.#link = link;
	}

	close(): void {
		const link = this.#take();
		if (link !== undefined) native().linkDestroy(link);
	}

	closeInBackground(): void {
		const link = this.#take();
		if (link !== undefined) native().linkDestroyInBackground(link);
	}

	[Symbol.dispose](): void {
		this.close();
	}

	#take(): Pointer | undefined {
		const link = this.#link;
		this.#link = undefined;
		return link;
	}
}

/** One that is a descriptor of this process, and nothing else. */
export class LinkDescriptor implements Attachment {
	#fd: number | undefined;

	/** @param fd of the link, owned from now on */
	constructor(fd: number) {
		this.#fd = fd;
	}

	close(): void {
		const fd = this.#take();
		if (fd !== undefined) closeSync(fd);
	}

	closeInBackground(): void {
		const fd = this.#take();
		// the kernel has let go of it whatever close(2) returns
		if (fd !== undefined) close(fd, () => undefined);
	}

	[Symbol.dispose](): void {
		this.close();
	}

	#take(): number | undefined {
		const fd = this.#fd;
		this.#fd = undefined;
		return fd;
	}
}
