/** A terminal that is drawn over and over: the alternate screen, one write a frame, everything put back at the end. */
import type { EventEmitter } from "node:events";
import type { ScreenSize } from "./screen.js";

/** What the screen needs of process.stdout. */
export interface Terminal {
	readonly columns?: number | undefined;
	readonly rows?: number | undefined;
	write(text: string): unknown;
}

const ESC = "\u001b";
/** Alternate screen, no cursor, nothing wraps, the wheel is reported. */
const ENTER = `${ESC}[?1049h${ESC}[?25l${ESC}[?7l${ESC}[?1000h${ESC}[?1006h`;
const LEAVE = `${ESC}[?1006l${ESC}[?1000l${ESC}[?7h${ESC}[?25h${ESC}[?1049l`;
const ERASE_ALL = `${ESC}[2J`;
const ERASE_LINE = `${ESC}[K`;
const NO_STYLE = `${ESC}[0m`;
/** Terminals that know it show a frame at once when it is complete; others ignore it. */
const BEGIN_FRAME = `${ESC}[?2026h`;
const END_FRAME = `${ESC}[?2026l`;

const DEFAULT_SIZE: ScreenSize = { rows: 24, columns: 80 };

/** What puts the terminal back when the process ends in any other way than by close(): process. */
export type ExitSource = Pick<EventEmitter, "on" | "removeListener">;
/** The second one comes before an error is printed, so that it is printed where it can be read. */
const EXIT_EVENTS = ["exit", "uncaughtExceptionMonitor"] as const;

export class TerminalScreen {
	readonly #terminal: Terminal;
	readonly #exits: ExitSource;
	#isOpen = false;
	/** What stands on the screen; undefined: nobody knows. */
	#drawn: readonly string[] | undefined;
	readonly #restore = (): void => this.close();

	constructor(terminal: Terminal, exits: ExitSource = process) {
		this.#terminal = terminal;
		this.#exits = exits;
	}

	get size(): ScreenSize {
		const { rows, columns } = this.#terminal;
		return { rows: rows || DEFAULT_SIZE.rows, columns: columns || DEFAULT_SIZE.columns };
	}

	/** Takes the terminal over. */
	open(): void {
		if (this.#isOpen) return;
		this.#isOpen = true;
		this.#drawn = undefined;
		for (const event of EXIT_EVENTS) this.#exits.on(event, this.#restore);
		this.#terminal.write(ENTER);
	}

	/** Forgets what is on the screen: the next frame is drawn whole. After a resize, or when others have written. */
	invalidate(): void {
		this.#drawn = undefined;
	}

	/** Shows the lines from the top left: one write, of the lines that are not there yet. */
	draw(lines: readonly string[]): void {
		if (!this.#isOpen) return;
		const before = this.#drawn;
		// erased first: behind a line that fills the screen the cursor is still on its last character
		const changed = Array.from({ length: Math.max(lines.length, before?.length ?? 0) }, (_, row) => {
			const line = lines[row] ?? "";
			return before !== undefined && before[row] === line ? "" : `${ESC}[${row + 1};1H${ERASE_LINE}${line}${NO_STYLE}`;
		}).join("");
		this.#drawn = lines;
		if (before !== undefined && changed === "") return;
		this.#terminal.write(BEGIN_FRAME + (before === undefined ? ERASE_ALL : "") + changed + END_FRAME);
	}

	/** Gives the terminal back as it was. More than once does no harm. */
	close(): void {
		if (!this.#isOpen) return;
		this.#isOpen = false;
		for (const event of EXIT_EVENTS) this.#exits.removeListener(event, this.#restore);
		this.#terminal.write(LEAVE);
	}
}
