/** Memory of a BPF map, mapped into this process: read without system calls. */
import { HttpeekError } from "../base/errors.js";
import { native } from "./libbpf.js";
import type { Pointer } from "./native.js";
import { bpfRefused } from "./refusal.js";

/**
 * A mapped map. Whoever holds views on `buffer` must drop them before `close()`: reading through one afterwards kills the
 * process (an ArrayBuffer over foreign memory cannot be detached).
 */
export class MappedMemory {
	readonly lengthBytes: number;
	#address: Pointer | undefined;
	#buffer: ArrayBuffer | undefined;

	/**
	 * @param offsetBytes where the part that is mapped begins: whole pages
	 * @param isWritable not only to be read, as maps are
	 * @throws HttpeekError HTTPEEK_BPF when the kernel refuses to map `fd`.
	 */
	constructor(fd: number, lengthBytes: number, mapName: string, offsetBytes = 0, isWritable = false) {
		const address = native().mapMemory(fd, lengthBytes, offsetBytes, isWritable);
		if (address === null) throw bpfRefused(`map the memory of ${mapName}`, native().errno());
		this.lengthBytes = lengthBytes;
		this.#address = address;
		this.#buffer = native().viewMemory(address, lengthBytes);
	}

	/** The live memory: the kernel writes it while it is read. Read only: a write kills the process. */
	get buffer(): ArrayBuffer {
		if (this.#buffer === undefined)
			throw new HttpeekError("HTTPEEK_INTERNAL", "cannot read a map's memory: it is closed");
		return this.#buffer;
	}

	close(): void {
		if (this.#address === undefined) return;
		native().unmapMemory(this.#address, this.lengthBytes);
		this.#address = undefined;
		this.#buffer = undefined;
	}

	[Symbol.dispose](): void {
		this.close();
	}
}
