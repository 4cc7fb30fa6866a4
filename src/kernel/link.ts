/** An attachment of a program: the program runs until the link is closed, or until this process ends in any way. */
import { native } from "./libbpf.js";
import type { Pointer } from "./native.js";

export class BpfLink {
	#link: Pointer | undefined;

	/** @param link a `struct bpf_link *`, owned from now on */
	constructor(link: Pointer) {
		this.#link = link;
	}

	/** Detaches. */
	close(): void {
		if (this.#link === undefined) return;
		const link = this.#link;
		this.#link = undefined;
		native().linkDestroy(link);
	}

	[Symbol.dispose](): void {
		this.close();
	}
}
