/** Reading encrypted connections: uprobes loaded beside the packet hooks, and kept on the libraries of who is in scope. */
import { statSync } from "node:fs";
import { HttpeekError } from "../base/errors.js";
import type { Ring } from "../kernel/ring.js";
import { readProcessEvent } from "../wire/layout.js";
import { type ProgramOptions, type Programs, programConfig, type TableSizes } from "./programs.js";
import type { Scope } from "./scope.js";
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
	readonly #isMany = hasManyUprobes();
	readonly #reader: TlsReader;
	readonly #remains: TlsRemains;
	#timer: NodeJS.Timeout;
	readonly #executions: Disposable | undefined;
	readonly #events: Ring;
	readonly #closed = new AbortController();
	#scope: Scope;
	#missed = 0;

	/**
	 * Loads the uprobes and hooks the libraries that are there.
	 * @throws HttpeekError HTTPEEK_PRIVILEGE, HTTPEEK_VERIFIER, HTTPEEK_BPF, HTTPEEK_BUILD
	 */
	constructor(programs: Programs, sizes: TableSizes, options: ProgramOptions, scope: Scope) {
		checkKernelIsSafe();
		const { workspaces } = sizes;
		const config = programConfig(sizes, options);
		const load = (withExecutions: boolean): TlsPrograms =>
			loadTlsPrograms(programs, { config, workspaces, isMany: this.#isMany, withExecutions });
		this.#scope = scope;
		const reader = new TlsReader(scope, {
			attach: (...where) => attaching(this.#programs, this.#isMany)(...where),
			onGone: (pid) => this.#remains.add(pid),
		});
		this.#programs = reader.isEach ? loadWithOrWithout(load) : load(false);
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
			tryHooks(attaching(this.#programs, this.#isMany));
			reader.look(scope);
		} catch (error) {
			reader.close();
			this.#executions?.[Symbol.dispose]();
			this.#programs.close();
			throw error;
		}
		this.#timer = setTimeout(() => this.#lookAgain(), LOOK_AFTER_CHANGE_MS).unref();
		void this.#followEvents();
		// a scope without processes is one in which something is about to start: run
		if (reader.isEach && reader.isIdle) reader.prepare();
		else if (reader.isEach) setImmediate(() => this.#closed.signal.aborted || reader.prepare()).unref();
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

/** With what not every kernel allows, or else without. */
function loadWithOrWithout(load: (withExecutions: boolean) => TlsPrograms): TlsPrograms {
	try {
		return load(true);
	} catch (error) {
		if (!(error instanceof HttpeekError)) throw error;
		return load(false);
	}
}

function idsOf(cgroups: readonly string[]): bigint[] {
	return cgroups.flatMap((directory) => {
		const stat = statSync(directory, { bigint: true, throwIfNoEntry: false });
		return stat === undefined ? [] : [stat.ino];
	});
}

/** Undefined where this machine does not allow it: `onProblem` is told why. */
export function openTlsSource(
	...[programs, sizes, options, scope, onProblem]: [
		...ConstructorParameters<typeof TlsSource>,
		(why: HttpeekError) => void,
	]
): TlsSource | undefined {
	try {
		return new TlsSource(programs, sizes, options, scope);
	} catch (error) {
		if (!(error instanceof HttpeekError)) throw error;
		onProblem(error);
		return undefined;
	}
}
