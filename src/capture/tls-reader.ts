/**
 * Keeps uprobes on the TLS libraries of the processes in scope: as processes come, load libraries, and go.
 *
 * On the whole host a file is hooked once, for all processes that have it: whoever starts later is read from its first call.
 * In a narrower scope each process is hooked by itself, so that nobody outside of it pays a trap for every call. The price
 * is that a new process has to be found first.
 */
import { HttpeekError } from "../base/errors.js";
import { findCgroupRoot } from "../identity/cgroup-tree.js";
import type { TlsLibrary } from "../tls/libraries.js";
import { type TlsFile, TlsFiles, withTlsFile } from "../tls/tls-files.js";
import type { Scope } from "./scope.js";
import { LookSchedule, processesOf } from "./tls-processes.js";

/** Takes hooks off, in the background: that takes so long that a hundred processes which end at once would hold all up. */
export interface TlsAttachment {
	close(): void;
}

/** Puts all hooks of a library on. `pid` undefined: in all processes that have the file. */
export type AttachTls = (path: string, library: TlsLibrary, pid: number | undefined) => TlsAttachment;

export interface TlsReaderOptions {
	readonly attach: AttachTls;
	/** Told of processes that had hooks and are gone. */
	readonly onGone?: (pid: number) => void;
	readonly files?: Pick<TlsFiles, "ofProcess" | "aheadOfProcess">;
	readonly procRoot?: string;
	readonly cgroupRoot?: string;
}

/** What is read, for people; names come from others: escape them. */
export interface TlsReport {
	readonly libraries: readonly { readonly path: string; readonly kind: string; readonly version: string | undefined }[];
	/** Why something is not read: a library's version, or what the kernel refused. */
	readonly problems: readonly string[];
	/** Processes that have been found with a library that is read. */
	readonly pids: ReadonlySet<number>;
}

interface Hooked {
	readonly attachments: readonly TlsAttachment[];
	/** Processes that have the file. */
	readonly pids: Set<number>;
}

/** Of each kind only so many are kept: there are as many as libraries, usually. */
const MOST_REPORTED = 64;

/** Whether a scope leaves nobody out. */
export function isWholeHost({ pids, cgroups }: Scope, cgroupRoot = findCgroupRoot()): boolean {
	return pids === undefined && cgroups.includes(cgroupRoot);
}

export class TlsReader {
	readonly #attach: AttachTls;
	readonly #onGone: (pid: number) => void;
	readonly #files: Pick<TlsFiles, "ofProcess" | "aheadOfProcess">;
	readonly #procRoot: string;
	readonly #schedule: LookSchedule;
	readonly #isHost: boolean;
	/** By what is hooked: a file, or a file in a process. */
	readonly #hooked = new Map<string, Hooked>();
	readonly #libraries = new Map<string, TlsReport["libraries"][number]>();
	readonly #problems = new Set<string>();
	#changedSeconds = Number.NEGATIVE_INFINITY;

	constructor(scope: Scope, options: TlsReaderOptions) {
		this.#attach = options.attach;
		this.#onGone = options.onGone ?? (() => undefined);
		this.#procRoot = options.procRoot ?? "/proc";
		this.#files = options.files ?? new TlsFiles({ procRoot: this.#procRoot });
		this.#schedule = new LookSchedule(this.#procRoot);
		this.#isHost = isWholeHost(scope, options.cgroupRoot ?? findCgroupRoot(this.#procRoot));
	}

	/** Whether processes are hooked one by one, so that each has to be found in time. */
	get isEach(): boolean {
		return !this.#isHost;
	}

	/** Looks for what is new and what is gone. Call it often: ten times a second, and on the whole host once. */
	look(scope: Scope, nowSeconds = performance.now() / 1000): void {
		const { due, gone, isChanged } = this.#schedule.next(processesOf(scope, this.#isHost, this.#procRoot), nowSeconds);
		if (isChanged) this.#changedSeconds = nowSeconds;
		for (const pid of gone) this.#forget(pid);
		for (const pid of due) for (const file of this.#files.ofProcess(pid)) this.#hook(file, pid);
	}

	/** When a process was last found new, or gone. */
	get changedSeconds(): number {
		return this.#changedSeconds;
	}

	/** Looks at one process, of which is known that it may do TLS soon. `hasExecuted`: its program has just begun. */
	lookAt(pid: number, hasExecuted: boolean, nowSeconds = performance.now() / 1000): void {
		this.#schedule.note(pid, nowSeconds);
		const files = hasExecuted ? this.#files.aheadOfProcess(pid) : this.#files.ofProcess(pid);
		for (const file of files) this.#hook(file, pid);
	}

	report(): TlsReport {
		const read = [...this.#hooked.values()].filter(({ attachments }) => attachments.length > 0);
		const pids = new Set(read.flatMap((hooked) => [...hooked.pids]));
		return { libraries: [...this.#libraries.values()], problems: [...this.#problems], pids };
	}

	/** Takes all hooks off. */
	close(): void {
		for (const { attachments } of this.#hooked.values()) for (const attachment of attachments) attachment.close();
		this.#hooked.clear();
	}

	#hook(file: TlsFile, pid: number): void {
		const key = this.#isHost ? file.identity : `${file.identity} ${pid}`;
		const known = this.#hooked.get(key);
		if (known !== undefined) {
			known.pids.add(pid);
			return;
		}
		const attachments: TlsAttachment[] = [];
		for (const library of file.libraries) {
			if (library.problem !== undefined) {
				this.#note(`${file.path}: ${library.problem}`);
				continue;
			}
			try {
				const of = this.#isHost ? undefined : pid;
				const attachment = withTlsFile(file, (path) => this.#attach(path, library, of));
				if (attachment === undefined) {
					// another file by now: the next look will find that
					for (const done of attachments) done.close();
					return;
				}
				attachments.push(attachment);
				if (this.#libraries.size < MOST_REPORTED) {
					const { kind, version } = library;
					this.#libraries.set(`${file.identity} ${kind}`, { path: file.path, kind, version });
				}
			} catch (error) {
				if (!(error instanceof HttpeekError)) throw error;
				// a process that has ended meanwhile is no problem
				if (this.#schedule.isThere(pid)) this.#note(`${file.path}: ${error.message}`);
			}
		}
		this.#hooked.set(key, { attachments, pids: new Set([pid]) });
	}

	#forget(pid: number): void {
		let wasHooked = false;
		for (const [key, { attachments, pids }] of this.#hooked) {
			if (!pids.delete(pid)) continue;
			wasHooked = true;
			if (pids.size > 0) continue;
			for (const attachment of attachments) attachment.close();
			this.#hooked.delete(key);
		}
		if (wasHooked) this.#onGone(pid);
	}

	#note(problem: string): void {
		if (this.#problems.size < MOST_REPORTED) this.#problems.add(problem);
	}
}
