/** A terminal that is drawn over and over: the alternate screen, one write a frame, everything put back at the end. */
import type { EventEmitter } from "node:events";
import type { ScreenSize } from "./screen-lines.js";

/** What the screen needs of process.stdout. */
export interface Terminal {
	readonly columns?: number | undefined;
	readonly rows?: number | undefined;
	write(text: string): unknown;
}

const ENTER = "\u001b[?1049h\u001b[?25l";
const LEAVE = "\u001b[?25h\u001b[?1049l";
const HOME = "\u001b[H";
const ERASE_LINE = "\u001b[K";
const ERASE_BELOW = "\u001b[J";
/** Terminals that know it show a frame at once when it is complete; others ignore it. */
const BEGIN_FRAME = "\u001b[?2026h";
const END_FRAME = "\u001b[?2026l";

const DEFAULT_SIZE: ScreenSize = { rows: 24, columns: 80 };

/** Whose `exit` event puts the terminal back when the process ends in any other way than by close(). */
type ExitSource = Pick<EventEmitter, "on" | "removeListener">;

export class TableScreen {
	readonly #terminal: Terminal;
	readonly #exits: ExitSource;
	#isOpen = false;
	readonly #restore = (): void => this.close();

	constructor(terminal: Terminal, exits: ExitSource = process) {
		this.#terminal = terminal;
		this.#exits = exits;
	}

	get size(): ScreenSize {
		const { rows, columns } = this.#terminal;
		return { rows: rows || DEFAULT_SIZE.rows, columns: columns || DEFAULT_SIZE.columns };
	}

	/** Shows the lines from the top left, in one write. The first frame takes the terminal over. */
	draw(lines: readonly string[]): void {
		const enter = this.#isOpen ? "" : ENTER;
		if (!this.#isOpen) {
			this.#isOpen = true;
			this.#exits.on("exit", this.#restore);
		}
		// No newline after the last line: on a full screen it would scroll.
		const frame = lines.map((line) => line + ERASE_LINE).join("\r\n");
		this.#terminal.write(enter + BEGIN_FRAME + HOME + frame + ERASE_BELOW + END_FRAME);
	}

	/** Gives the terminal back as it was. More than once does no harm. */
	close(): void {
		if (!this.#isOpen) {
			return;
		}
		this.#isOpen = false;
		this.#exits.removeListener("exit", this.#restore);
		this.#terminal.write(LEAVE);
	}

	[Symbol.dispose](): void {
		this.close();
	}
}
