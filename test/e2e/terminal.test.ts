/** `top` on a real terminal, which tmux is. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { type TestContext, test } from "node:test";
import { skipReason } from "../support/capture.js";
import { HTTPEEK, Stage } from "../support/httpeek.js";
import { until } from "../support/until.js";

const hasTmux = spawnSync("tmux", ["-V"]).status === 0;
const skip = skipReason || (hasTmux ? false : "tmux is not installed");

/** A terminal with a shell in it, on a tmux server of its own. */
class TestTerminal {
	readonly #socket = `httpeek-test-${randomBytes(4).toString("hex")}`;

	constructor(context: TestContext, columns: number, rows: number) {
		// the prompt is fixed, so that an empty screen can be told
		const shell = "env PS1='$ ' TERM=screen-256color sh";
		this.#tmux("-f", "/dev/null", "new-session", "-d", "-x", `${columns}`, "-y", `${rows}`, shell);
		context.after(() => spawnSync("tmux", ["-L", this.#socket, "kill-server"]));
		this.#tmux("set-option", "-g", "window-size", "manual");
	}

	#tmux(...words: string[]): string {
		return execFileSync("tmux", ["-L", this.#socket, ...words], { encoding: "utf8" });
	}

	/** The lines on the screen, without the spaces at their ends. */
	get screen(): string {
		return this.#tmux("capture-pane", "-p");
	}

	/** The cursor is shown and the alternate screen left. */
	get isGivenBack(): boolean {
		return this.#tmux("display-message", "-p", "#{cursor_flag} #{alternate_on}").trim() === "1 0";
	}

	/** Types text, or presses a key that has a name, such as `C-c`. */
	press(...keys: string[]): void {
		this.#tmux("send-keys", ...keys);
	}

	resize(columns: number, rows: number): void {
		this.#tmux("resize-window", "-x", `${columns}`, "-y", `${rows}`);
	}

	/** The first frame is drawn, so counting has begun. */
	async isTakenOver(): Promise<void> {
		await until(() => !this.isGivenBack, "the screen is taken over");
	}

	async shows(pattern: RegExp): Promise<void> {
		await until(() => pattern.test(this.screen), `${pattern} is on the screen`).catch((error: Error) => {
			throw new Error(`${error.message}:\n${this.screen}`);
		});
	}
}

async function topIn(context: TestContext, ...words: string[]): Promise<[Stage, TestTerminal]> {
	const stage = await Stage.set(context);
	const terminal = new TestTerminal(context, 100, 30);
	const enter = `echo $$ > ${stage.own}/cgroup.procs`;
	const top = [process.execPath, HTTPEEK, "top", "--cgroup", stage.watched, ...words].join(" ");
	terminal.press(`${enter}; echo before-it; ${top}; echo "code $?"`, "Enter");
	return [stage, terminal];
}

test("top shows rows, survives a resize, ends by Ctrl-C and leaves the terminal as it was", {
	skip,
}, async (context) => {
	const [stage, terminal] = await topIn(context, "-i", "100ms");
	await terminal.isTakenOver();
	await stage.ask("/users/1", "/users/2", "/missing");
	await terminal.shows(/GET +\/users\/:id/);
	await terminal.shows(/\/missing.*404|404.*\/missing/);
	assert.doesNotMatch(terminal.screen, /before-it/, "a screen of its own");

	for (const [columns, rows] of [
		[60, 12],
		[140, 40],
		[20, 4],
		[100, 30],
	] as const) {
		terminal.resize(columns, rows);
		await until(() => terminal.screen.split("\n").length - 1 === rows, "the terminal has its new size");
		await stage.ask(`/at-${columns}-columns`);
		const everyLine = () => terminal.screen.split("\n").every((line) => line.length <= columns);
		await until(everyLine, "no line is longer than the screen");
	}
	await terminal.shows(/\/at-20-columns/);

	terminal.press("C-c");
	await terminal.shows(/^code 0$/m);
	assert.ok(terminal.isGivenBack);
	assert.match(terminal.screen, /before-it/);
	assert.match(terminal.screen, /^httpeek: \d+ exchanges, \d+ errors, 0 lost$/m);
	terminal.press("echo still-alive", "Enter");
	await terminal.shows(/^still-alive$/m);
});

test("a hostile path moves no cursor", { skip }, async (context) => {
	const [stage, terminal] = await topIn(context, "-i", "100ms");
	await terminal.isTakenOver();
	await stage.ask("/first", "/x%1b[2J");
	await terminal.shows(/\/first/);
	await terminal.shows(/\/x%1b\[2J/);
	terminal.press("C-c");
	await terminal.shows(/^code 0$/m);
});

test("streams on a terminal, too", { skip }, async (context) => {
	const [stage, terminal] = await topIn(context, "-i", "100ms", "-o", "lines");
	await terminal.shows(/^httpeek: counting/m);
	await stage.ask("/a");
	await terminal.shows(/^Endpoint: \/a, Status Code: 200, Count: 1$/m);
	terminal.press("C-c");
	await terminal.shows(/^code 0$/m);
});
