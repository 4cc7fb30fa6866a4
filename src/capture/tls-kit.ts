/** What encrypted connections are read with: uprobes in the kernel, and what is known of files. Hooks nothing yet. */
import { TlsFiles } from "../tls/tls-files.js";
import { type ProgramOptions, type Programs, programConfig, type TableSizes } from "./programs.js";
import type { Scope } from "./scope.js";
import {
	hasManyUprobes,
	type LoadTlsOptions,
	loadTlsPrograms,
	openTlsPrograms,
	type TlsPrograms,
} from "./tls-programs.js";
import { isWholeHost } from "./tls-reader.js";
import { checkKernelIsSafe } from "./tls-trial.js";

export class TlsKit {
	readonly isMany = hasManyUprobes();
	readonly files = new TlsFiles();
	/** Whether processes are hooked one by one, so that each has to be found in time. */
	readonly #isEach: boolean;
	readonly #shared: Programs;
	readonly #options: Omit<LoadTlsOptions, "withExecutions">;
	#programs: TlsPrograms;

	/**
	 * Opens the uprobes, which share the tables of `programs`.
	 * @throws HttpeekError HTTPEEK_PLATFORM, HTTPEEK_BUILD, HTTPEEK_BPF
	 */
	constructor(programs: Programs, sizes: TableSizes, options: ProgramOptions, scope: Scope) {
		checkKernelIsSafe();
		this.#isEach = !isWholeHost(scope);
		this.#shared = programs;
		this.#options = { config: programConfig(sizes, options), workspaces: sizes.workspaces, isMany: this.isMany };
		this.#programs = openTlsPrograms(programs, { ...this.#options, withExecutions: this.#isEach });
	}

	/** To be loaded by the caller. */
	get programs(): TlsPrograms {
		return this.#programs;
	}

	/** Pays in advance, once, for what the first process would have to wait for: some 30 ms. */
	prepare(): void {
		if (this.#isEach) this.files.warmUp();
	}

	/**
	 * Loads them again when they were refused, without what not every kernel allows.
	 * @throws HttpeekError HTTPEEK_PRIVILEGE, HTTPEEK_VERIFIER, HTTPEEK_BPF, HTTPEEK_BUILD
	 */
	load(): this {
		this.#programs.close();
		this.#programs = loadTlsPrograms(this.#shared, { ...this.#options, withExecutions: false });
		return this;
	}

	/** Out of the kernel. */
	close(): void {
		this.#programs.close();
	}
}
