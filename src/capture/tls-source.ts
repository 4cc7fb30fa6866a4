/** Reading encrypted connections: uprobes loaded beside the packet hooks, and kept on the libraries of who is in scope. */
import { statSync } from "node:fs";
import { HttpeekError } from "../base/errors.js";
import type { Ring } from "../kernel/ring.js";
import { readProcessEvent } from "../wire/layout.js";
import { type Programs, programConfig, type TableSizes } from "./programs.js";
import type { Scope } from "./scope.js";
import type { TlsKit } from "./tls-kit.js";
import {
	attachExecutions,
	attaching,
	hasManyUprobes,
	loadTlsPrograms,
	missedCalls,
	type TlsPrograms,
} from "./tls-programs.js";
import { TlsReader, type TlsReport } from "./tls-reader.js";
import { TlsRemains } from "./tls-remains.js";
import { checkKernelIsSafe, tryHooks } from "./tls-trial.js";

/**
 * Between two looks at which processes there are. The kernel tells of most that begin; for those that it does not tell of,
 * workers that were forked above all, looks come close upon each other for some seconds after something has changed.
 */
const LOOK_MS = 500;
const LOOK_AFTER_CHANGE_MS = 100;
const CHANGE_SECONDS = 3;
/** On the whole host only files that nobody had before are looked for. */
const HOST_LOOK_MS = 1000;
/** The ring is waited at for so long at most before it is looked at anyway. */
const WAIT_MS = 60_000;
/** Events that are handled in one go. */
const MOST_EVENTS = 1024;

export class TlsSource {
	readonly #programs: TlsPrograms;
	readonly #isMany: boolean;
	readonly #reader: TlsReader;
	readonly #remains: TlsRemains;
	#timer: NodeJS.Timeout;
	readonly #executions: Disposable | undefined;
	readonly #events: Ring;
	readonly #closed = new AbortController();
	#scope: Scope;
	#missed = 0;

	/**
	 * Hooks the libraries that are there, with a kit that is loaded, and closed with this.
	 * @throws HttpeekError HTTPEEK_PRIVILEGE, HTTPEEK_BPF
	 */
	constructor(programs: Programs, kit: TlsKit, scope: Scope) {
		this.#scope = scope;
		this.#programs = kit.programs;
		this.#isMany = kit.isMany;
		const attach = attaching(kit.programs, kit.isMany);
		const reader = new TlsReader(scope, { attach, files: kit.files, onGone: (pid) => this.#remains.add(pid) });
		this.#reader = reader;
		this.#remains = new TlsRemains({
			calls: this.#programs.map("tls_calls"),
			connections: programs.map("tls_connections"),
			searches: this.#programs.map("tls_searches"),
			tasks: programs.map("tls_tasks"),
		});
		this.#events = programs.map("tls_processes").ring();
		this.#executions = reader.isEach ? attachExecutions(this.#programs, idsOf(scope.cgroups)) : undefined;
		try {
			tryHooks(attach);
			reader.look(scope);
		} catch (error) {
			reader.close();
			this.#executions?.[Symbol.dispose]();
			this.#programs.close();
			throw error;
		}
		this.#timer = setTimeout(() => this.#lookAgain(), LOOK_AFTER_CHANGE_MS).unref();
		void this.#followEvents();
	}

	/** Looks for processes and libraries that are new or gone. */
	look(scope: Scope): void {
		if (this.#closed.signal.aborted) return;
		this.#scope = scope;
		this.#reader.look(scope);
		this.#remains.sweep(performance.now() / 1000);
	}

	#lookAgain(): void {
		this.look(this.#scope);
		const quietSeconds = performance.now() / 1000 - this.#reader.changedSeconds;
		const each = quietSeconds < CHANGE_SECONDS ? LOOK_AFTER_CHANGE_MS : LOOK_MS;
		this.#timer = setTimeout(() => this.#lookAgain(), this.#reader.isEach ? each : HOST_LOOK_MS).unref();
	}

	/** Calls that were not read because the kernel could not run a uprobe's program for them; good after close() as well. */
	get missed(): number {
		return this.#closed.signal.aborted ? this.#missed : missedCalls(this.#programs, this.#isMany);
	}

	report(): TlsReport {
		return this.#reader.report();
	}

	/** Takes the uprobes off, and out of the kernel; the last of them in the background, a moment later. */
	close(): void {
		clearTimeout(this.#timer);
		this.#missed = this.missed;
		this.#closed.abort();
		this.#executions?.[Symbol.dispose]();
		this.#reader.close();
		this.#programs.close();
	}

	/** Processes that the kernel side tells of are hooked at once. */
	async #followEvents(): Promise<void> {
		const { signal } = this.#closed;
		while (!signal.aborted) {
			await this.#events.wait(WAIT_MS, signal);
			if (signal.aborted) return;
			const told: { pid: number; hasExecuted: number }[] = [];
			this.#events.read(MOST_EVENTS, (view, at) => void told.push(readProcessEvent(view, at)));
			for (const { pid, hasExecuted } of told) this.#reader.lookAt(pid, hasExecuted !== 0);
		}
	}
}

/**
 * Loads the uprobes, hooks this process with them, and takes them out again.
 * @throws HttpeekError HTTPEEK_PRIVILEGE, HTTPEEK_VERIFIER, HTTPEEK_BPF, HTTPEEK_BUILD
 */
export function tryTlsPrograms(programs: Programs, sizes: TableSizes): void {
	checkKernelIsSafe();
	const isMany = hasManyUprobes();
	const config = programConfig(sizes, { isTlsRead: true });
	const options = { config, workspaces: sizes.workspaces, isMany, withExecutions: false };
	using tls = loadTlsPrograms(programs, options);
	tryHooks(attaching(tls, isMany));
}

function idsOf(cgroups: readonly string[]): bigint[] {
	return cgroups.flatMap((directory) => {
		const stat = statSync(directory, { bigint: true, throwIfNoEntry: false });
		return stat === undefined ? [] : [stat.ino];
	});
}

/** Undefined where this machine does not allow it: `onProblem` is told why. */
export function openTlsSource(
	...[programs, kit, scope, onProblem]: [...ConstructorParameters<typeof TlsSource>, (why: HttpeekError) => void]
): TlsSource | undefined {
	try {
		return new TlsSource(programs, kit, scope);
	} catch (error) {
		if (!(error instanceof HttpeekError)) throw error;
		onProblem(error);
		return undefined;
	}
}
