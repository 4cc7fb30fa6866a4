/**
 * /etc/ld.so.cache: where the dynamic linker of glibc finds libraries by name, without looking into folders. Its tables are
 * for searches in order; the paths stand behind them as texts, and to search these for a name's path is as quick from
 * JavaScript, and the same in both formats that there have been (glibc's sysdeps/generic/dl-cache.h).
 */
import { BoundedFile, UnreadableFile } from "./bounded-file.js";

export const LINKER_CACHE = "/etc/ld.so.cache";
const MAGICS = ["glibc-ld.so.cache", "ld.so-1.7.0"];
/** A desktop with everything has a third of it. */
const MOST_CACHE_BYTES = 1024 * 1024;
const MOST_PATH_BYTES = 4096;
/** Of one name: one for each kind of processor and each machine. */
const MOST_PATHS = 16;

/** Paths of libraries by name. */
export class LinkerCache {
	readonly #bytes: Buffer;

	/** Throws UnreadableFile when it is no such file, and the error of the system when it cannot be read. */
	constructor(path: string) {
		using file = new BoundedFile(path, MOST_CACHE_BYTES);
		this.#bytes = file.read(0, file.sizeBytes);
		if (MAGICS.some((magic) => this.#bytes.toString("latin1", 0, magic.length) === magic)) return;
		throw new UnreadableFile("foreign", "it is not a cache of glibc's dynamic linker");
	}

	/** Where libraries of a name are, of all machines and for all kinds of processors, each once. */
	pathsOf(name: string): string[] {
		const paths = new Set<string>();
		const end = Buffer.from(`/${name}\0`);
		let left = MOST_PATHS;
		for (let at = this.#bytes.indexOf(end); at >= 0 && left > 0; at = this.#bytes.indexOf(end, at + 1), left--) {
			const before = this.#bytes.subarray(Math.max(0, at - MOST_PATH_BYTES), at);
			const folder = before.toString("utf8", before.lastIndexOf(0) + 1);
			if (folder.startsWith("/")) paths.add(`${folder}/${name}`);
		}
		return [...paths];
	}
}
