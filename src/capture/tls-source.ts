/** Reading encrypted connections: uprobes loaded beside the packet hooks, and kept on the libraries of who is in scope. */
import { HttpeekError } from "../base/errors.js";
import { type ProgramOptions, type Programs, programConfig, type TableSizes } from "./programs.js";
import type { Scope } from "./scope.js";
import { attachOneByOne, loadTlsPrograms, TLS_PROGRAMS, type TlsPrograms } from "./tls-programs.js";
import { TlsReader, type TlsReport } from "./tls-reader.js";

/** A process that does TLS is found so long after it began, at worst; on the whole host only its files are looked for. */
const LOOK_MS = 50;
const HOST_LOOK_MS = 1000;

export class TlsSource {
	readonly #programs: TlsPrograms;
	readonly #reader: TlsReader;
	readonly #timer: NodeJS.Timeout;
	#scope: Scope;

	/**
	 * Loads the uprobes and hooks the libraries that are there.
	 * @throws HttpeekError HTTPEEK_PRIVILEGE, HTTPEEK_VERIFIER, HTTPEEK_BPF, HTTPEEK_BUILD
	 */
	constructor(programs: Programs, sizes: TableSizes, options: ProgramOptions, scope: Scope) {
		this.#programs = loadTlsPrograms(programs, programConfig(sizes, options), sizes.workspaces);
		this.#scope = scope;
		try {
			this.#reader = new TlsReader(scope, { attach: attachOneByOne(this.#programs) });
			this.#reader.look(scope);
		} catch (error) {
			this.#programs.close();
			throw error;
		}
		this.#timer = setInterval(() => this.look(this.#scope), this.#reader.isHost ? HOST_LOOK_MS : LOOK_MS);
		this.#timer.unref();
	}

	/** Looks for processes and libraries that are new or gone. */
	look(scope: Scope): void {
		this.#scope = scope;
		this.#reader.look(scope);
	}

	/** Calls whose uprobe did not run, because the kernel had no room to remember that it should. */
	get missed(): number {
		return TLS_PROGRAMS.reduce((sum, name) => sum + this.#programs.program(name).statistics().recursionMisses, 0);
	}

	report(): TlsReport {
		return this.#reader.report();
	}

	/** Takes the uprobes off, and out of the kernel. */
	close(): void {
		clearInterval(this.#timer);
		this.#reader.close();
		this.#programs.close();
	}
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
