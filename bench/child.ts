/** A program that the benchmark starts, listens to and ends. */
import { type ChildProcess, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { HttpeekError } from "../src/base/errors.js";
import { DEADLINE_MS } from "./deadline.js";

const POLL_MS = 10;
/** How much of what a failed program said is shown. */
const TOLD_CHARACTERS = 2000;

export interface ChildOptions {
	readonly env?: Readonly<Record<string, string>>;
}

export class Child {
	readonly name: string;
	readonly pid: number;
	readonly #process: ChildProcess;
	readonly #changes = new EventEmitter();
	#stdout = "";
	#stderr = "";
	/** Exit code, or 128 if a signal ended it. */
	#exitCode: number | undefined;

	/** @param name for messages */
	constructor(name: string, command: string, args: readonly string[], options: ChildOptions = {}) {
		this.name = name;
		const child = spawn(command, args, {
			stdio: ["ignore", "pipe", "pipe"],
			env: { ...process.env, ...options.env },
		});
		this.#process = child;
		this.pid = child.pid ?? 0;
		child.stdout.setEncoding("utf8").on("data", (text: string) => {
			this.#stdout += text;
			this.#changes.emit("change");
		});
		child.stderr.setEncoding("utf8").on("data", (text: string) => {
			this.#stderr += text;
			this.#changes.emit("change");
		});
		child.on("error", ({ message }) => {
			this.#stderr += message;
		});
		child.on("close", (code) => {
			this.#exitCode = code ?? 128;
			this.#changes.emit("change");
		});
	}

	get isRunning(): boolean {
		return this.#exitCode === undefined;
	}

	/**
	 * Waits until it has said something on standard output or standard error.
	 * @param seconds that it may take, after whatever it says meanwhile
	 * @throws HttpeekError HTTPEEK_IO when it ends first, or takes too long
	 */
	async says(pattern: RegExp, seconds = DEADLINE_MS / 1000): Promise<RegExpExecArray> {
		while (true) {
			const match = pattern.exec(this.#stdout) ?? pattern.exec(this.#stderr);
			if (match !== null) return match;
			if (!this.isRunning) throw this.#failure(`ended with ${this.#exitCode}`);
			await this.#change(`did not say ${pattern}`, seconds * 1000);
		}
	}

	/**
	 * Waits until something holds that it has to bring about.
	 * @param otherwise what to say if it never does
	 * @throws HttpeekError HTTPEEK_IO when it ends first, or takes too long
	 */
	async until(holds: () => Promise<boolean>, otherwise: string): Promise<void> {
		const deadline = performance.now() + DEADLINE_MS;
		while (!(await holds())) {
			if (!this.isRunning) throw this.#failure(`ended with ${this.#exitCode}`);
			if (performance.now() > deadline) throw this.#failure(`${otherwise} in ${DEADLINE_MS / 1000} s`);
			await delay(POLL_MS);
		}
	}

	/**
	 * Waits until it has ended by itself, and returns what it wrote to standard output.
	 * @throws HttpeekError HTTPEEK_IO when it failed, or took longer than `seconds` and some
	 */
	async result(seconds = 0): Promise<string> {
		while (this.isRunning) await this.#change("did not end", seconds * 1000 + DEADLINE_MS);
		if (this.#exitCode !== 0) throw this.#failure(`ended with ${this.#exitCode}`);
		return this.#stdout;
	}

	/** Waits until it has ended, however that was; false when it takes longer. */
	async hasEndedWithin(seconds: number): Promise<boolean> {
		const deadline = performance.now() + seconds * 1000;
		while (this.isRunning && performance.now() < deadline) await delay(POLL_MS);
		return !this.isRunning;
	}

	/** Sends a signal; nothing happens when it has ended. */
	kill(signal: NodeJS.Signals): void {
		if (this.isRunning) this.#process.kill(signal);
	}

	async [Symbol.asyncDispose](): Promise<void> {
		this.kill("SIGTERM");
		while (this.isRunning) await this.#change("did not end on SIGTERM", DEADLINE_MS);
	}

	async #change(failure: string, deadlineMs: number): Promise<void> {
		try {
			await once(this.#changes, "change", { signal: AbortSignal.timeout(deadlineMs) });
		} catch {
			throw this.#failure(`${failure} in ${deadlineMs / 1000} s`);
		}
	}

	#failure(what: string): HttpeekError {
		const told = this.#stderr.slice(-TOLD_CHARACTERS).trimEnd();
		return new HttpeekError("HTTPEEK_IO", `${this.name} ${what}${told === "" ? "" : `: ${told}`}`);
	}
}
