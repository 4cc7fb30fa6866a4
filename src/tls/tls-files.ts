/** The TLS libraries of processes, each file examined once however many processes have it. */
import { closeSync, openSync, statfsSync, statSync } from "node:fs";
import { O_PATH } from "./bounded-file.js";
import { type CandidateFile, programOf } from "./candidates.js";
import { findTlsLibraries, type TlsLibrary } from "./libraries.js";
import { LINKER_CACHE, LinkerCache } from "./linker-cache.js";
import { candidateFiles } from "./mapped-files.js";
import { NeededFiles } from "./needed-files.js";
import { RecentMap } from "./recent.js";

/** Most of what is remembered are programs without TLS. */
const MOST_FILES = 8192;
/** What the clients of a host use, mostly. */
const COMMON_LIBRARIES = ["libcurl.so.4", "libssl.so.3", "libssl.so.1.1", "libgnutls.so.30"];
const OVERLAYFS = 0x794c7630;

/** A file with TLS libraries in it. */
export interface TlsFile extends CandidateFile {
	/** Two files with the same identity are one: its hooks act on all processes that have it. */
	readonly identity: string;
	/** The identity and what changes with the contents: the libraries are those of this file in this state. */
	readonly state: string;
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
	readonly #examine: (path: string) => readonly TlsLibrary[];
	readonly #needed: NeededFiles;
	/** By state. */
	readonly #known: RecentMap<readonly TlsLibrary[]>;

	constructor(options: TlsFilesOptions = {}) {
		this.#procRoot = options.procRoot ?? "/proc";
		this.#examine = options.examine ?? findTlsLibraries;
		this.#needed = new NeededFiles(this.#procRoot);
		this.#known = new RecentMap(options.most ?? MOST_FILES);
	}

	/** Files with TLS libraries that a process has mapped now, each once; none when it has ended. */
	ofProcess(pid: number): TlsFile[] {
		return this.#filesOf(candidateFiles(pid, this.#procRoot));
	}

	/**
	 * Files with TLS libraries that a process will have mapped when its program begins: the program itself and the libraries
	 * that it needs, each once. Good from the moment it has executed the program; none when it has ended. Not all: what a
	 * program loads by itself only ofProcess() finds, later.
	 */
	aheadOfProcess(pid: number): TlsFile[] {
		const program = programOf(pid, this.#procRoot);
		return program === undefined ? [] : this.#filesOf([program, ...this.#needed.ofProcess(pid)]);
	}

	/**
	 * Does beforehand what takes long the first time: V8 compiles what aheadOfProcess() runs, and the host's own libraries are
	 * read. Without, the first process would be gone before it is hooked. Takes some 30 ms.
	 */
	warmUp(): void {
		const cache = hostLinkerCache();
		const paths = COMMON_LIBRARIES.flatMap((name) => cache?.pathsOf(name) ?? []);
		for (const path of paths) this.#needed.learn(path);
		this.aheadOfProcess(process.pid);
		for (const path of paths) this.#fileOf({ openPath: path, path });
	}

	#filesOf(candidates: readonly CandidateFile[]): TlsFile[] {
		const found = new Map<string, TlsFile>();
		for (const candidate of candidates) {
			const file = this.#fileOf(candidate);
			if (file !== undefined && !found.has(file.identity)) found.set(file.identity, file);
		}
		return [...found.values()];
	}

	#fileOf(candidate: CandidateFile): TlsFile | undefined {
		try {
			return holding(candidate.openPath, (path) => {
				const { identity, state } = stateOf(path);
				const libraries = this.#known.getOrMake(state, () => this.#examine(path));
				return libraries.length === 0 ? undefined : { ...candidate, identity, state, libraries };
			});
		} catch {
			// the process has ended, or the file is on a server that does not answer; the next look will tell
			return undefined;
		}
	}
}

function hostLinkerCache(): LinkerCache | undefined {
	try {
		return new LinkerCache(LINKER_CACHE);
	} catch {
		// musl has none
		return undefined;
	}
}

/**
 * Does something with the very file that was examined. A process may execute another program at any moment, and then its
 * `openPath` leads there; a name may be given to another file: hooks at the places of one file, put into another, would destroy its instructions.
 * @param work is given a path that is good until it returns
 * @returns undefined when the process has another file there by now, or has ended
 */
export function withTlsFile<T>({ openPath, state }: TlsFile, work: (path: string) => T): T | undefined {
	let isSame = false;
	try {
		return holding(openPath, (path) => {
			isSame = stateOf(path).state === state;
			return isSame ? work(path) : undefined;
		});
	} catch (error) {
		if (isSame) throw error;
		return undefined;
	}
}

/** Whatever becomes of the name, the path that `work` is given leads to the file that the name led to. */
function holding<T>(name: string, work: (path: string) => T): T {
	const descriptor = openSync(name, O_PATH);
	try {
		return work(`/proc/self/fd/${descriptor}`);
	} finally {
		closeSync(descriptor);
	}
}

/**
 * Containers of one image share the image's files: the kernel hooks the one file below, while each container's overlay
 * gives it a device number of its own. The time of its last change is that of the file below, so that with the inode's
 * number it tells files apart as well as a device number does.
 */
function stateOf(path: string): { identity: string; state: string } {
	const { dev, ino, ctimeNs, mtimeNs, size } = statSync(path, { bigint: true });
	const isOverlay = statfsSync(path).type === OVERLAYFS;
	const identity = isOverlay ? `overlay:${ino}:${ctimeNs}:${size}` : `${dev}:${ino}`;
	return { identity, state: `${identity} ${mtimeNs} ${size}` };
}
