/** The TLS libraries of processes, each file examined once however many processes have it. */
import { type BigIntStats, statfsSync, statSync } from "node:fs";
import { findTlsLibraries, type TlsLibrary } from "./libraries.js";
import { type CandidateFile, candidateFiles } from "./mapped-files.js";

/** Most of what is remembered are programs without TLS. */
const MOST_FILES = 8192;
const OVERLAYFS = 0x794c7630;

/** A file with TLS libraries in it. */
export interface TlsFile extends CandidateFile {
	/** Two files with the same identity are one: its hooks act on all processes that have it. */
	readonly identity: string;
	/** At least one. */
	readonly libraries: readonly TlsLibrary[];
}

export interface TlsFilesOptions {
	readonly procRoot?: string;
	/** How many files are remembered. */
	readonly most?: number;
	readonly examine?: (path: string) => readonly TlsLibrary[];
}

/** Finds and remembers. */
export class TlsFiles {
	readonly #procRoot: string;
	readonly #most: number;
	readonly #examine: (path: string) => readonly TlsLibrary[];
	/** By identity, time and size; the one that was asked for longest ago first. */
	readonly #known = new Map<string, readonly TlsLibrary[]>();

	constructor(options: TlsFilesOptions = {}) {
		this.#procRoot = options.procRoot ?? "/proc";
		this.#most = options.most ?? MOST_FILES;
		this.#examine = options.examine ?? findTlsLibraries;
	}

	/** Files with TLS libraries that a process has mapped now, each once; none when it has ended. */
	ofProcess(pid: number): TlsFile[] {
		const found = new Map<string, TlsFile>();
		for (const candidate of candidateFiles(pid, this.#procRoot)) {
			const file = this.#fileOf(candidate);
			if (file !== undefined && !found.has(file.identity)) found.set(file.identity, file);
		}
		return [...found.values()];
	}

	#fileOf(candidate: CandidateFile): TlsFile | undefined {
		try {
			const stat = statSync(candidate.openPath, { bigint: true });
			const identity = identityOf(candidate.openPath, stat);
			const libraries = this.#librariesOf(`${identity} ${stat.mtimeNs} ${stat.size}`, candidate.openPath);
			return libraries.length === 0 ? undefined : { ...candidate, identity, libraries };
		} catch {
			// the process has ended, or the file is on a server that does not answer; the next look will tell
			return undefined;
		}
	}

	#librariesOf(key: string, path: string): readonly TlsLibrary[] {
		const libraries = this.#known.get(key) ?? this.#examine(path);
		this.#known.delete(key);
		this.#known.set(key, libraries);
		const [oldest] = this.#known.keys();
		if (this.#known.size > this.#most && oldest !== undefined) this.#known.delete(oldest);
		return libraries;
	}
}

/**
 * Containers of one image share the image's files: the kernel hooks the one file below, while each container's overlay
 * gives it a device number of its own. The time of its last change is that of the file below, so that with the inode's
 * number it tells files apart as well as a device number does.
 */
function identityOf(path: string, { dev, ino, ctimeNs, size }: BigIntStats): string {
	return statfsSync(path).type === OVERLAYFS ? `overlay:${ino}:${ctimeNs}:${size}` : `${dev}:${ino}`;
}
