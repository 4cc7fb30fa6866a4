/** A real terminal for tests, which tmux is: a shell in it, keys typed into it, and what is on its screen. */
import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import type { TestContext } from "node:test";
import { until } from "./until.js";

/** Why there are no terminals here; false where there are. */
export const noTerminal = spawnSync("tmux", ["-V"]).status === 0 ? false : "tmux is not installed";

export interface TerminalOptions {
	readonly columns: number;
	readonly rows: number;
	/** Default: UTF-8. */
	readonly locale?: string;
	/** Where its shell is. Default: where the test is. */
	readonly folder?: string;
}

/** A terminal with a shell in it, on a tmux server of its own, which ends with the test. */
export class TestTerminal {
	readonly #socket = `httpeek-test-${randomBytes(4).toString("hex")}`;

	constructor(context: TestContext, { columns, rows, locale = "C.UTF-8", folder = process.cwd() }: TerminalOptions) {
		// the prompt is fixed, so that an empty screen can be told
		const shell = `env PS1='$ ' TERM=screen-256color LC_ALL=${locale} sh`;
		// -u: tmux itself is to speak UTF-8, wherever the tests run
		this.#tmux("-u", "-f", "/dev/null", "new-session", "-d", "-c", folder, "-x", `${columns}`, "-y", `${rows}`, shell);
		context.after(() => this.close());
		this.#tmux("set-option", "-g", "window-size", "manual");
	}

	#tmux(...words: string[]): string {
		return execFileSync("tmux", ["-L", this.#socket, ...words], { encoding: "utf8" });
	}

	/** Takes the terminal away from what runs in it. */
	close(): void {
		spawnSync("tmux", ["-L", this.#socket, "kill-server"]);
	}

	/** The lines on the screen, without the spaces at their ends. */
	get screen(): string {
		return this.#tmux("capture-pane", "-p");
	}

	get lines(): string[] {
		return this.screen.replace(/\n$/, "").split("\n");
	}

	/** The cursor is shown and the alternate screen left. */
	get isGivenBack(): boolean {
		return this.#ask("#{cursor_flag} #{alternate_on} #{mouse_any_flag}") === "1 0 0";
	}

	/** The title that programs can set. */
	get title(): string {
		return this.#ask("#{pane_title}");
	}

	/** Process id of the shell. */
	get shell(): number {
		return Number(this.#ask("#{pane_pid}"));
	}

	#ask(format: string): string {
		return this.#tmux("display-message", "-p", format).trim();
	}

	/** Types text, or presses a key that has a name, such as `C-c`. */
	press(...keys: string[]): void {
		this.#tmux("send-keys", ...keys);
	}

	/** Types exactly this. */
	type(text: string): void {
		this.#tmux("send-keys", "-l", text);
	}

	/** Types a command line. */
	run(line: string): void {
		this.type(line);
		this.press("Enter");
	}

	resize(columns: number, rows: number): void {
		this.#tmux("resize-window", "-x", `${columns}`, "-y", `${rows}`);
	}

	/** A program has drawn its first frame. */
	async isTakenOver(): Promise<void> {
		await until(() => !this.isGivenBack, "the screen is taken over");
	}

	async shows(pattern: RegExp): Promise<void> {
		await this.until((screen) => pattern.test(screen), `${pattern} is on the screen`);
	}

	async until(holds: (screen: string) => boolean, what: string): Promise<void> {
		await until(() => holds(this.screen), what).catch((error: Error) => {
			throw new Error(`${error.message}:\n${this.screen}`);
		});
	}
}
