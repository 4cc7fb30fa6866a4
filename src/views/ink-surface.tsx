/** Between ink and the terminal: ink lays out and reads keys, what goes to the terminal is written by TerminalScreen. */
import { EventEmitter } from "node:events";
import { type Instance, render } from "ink";
import { App } from "./app.js";
import type { Key } from "./reduce.js";
import type { ScreenSize } from "./screen.js";

/** What is needed of process.stdin, or of another stream from a terminal. */
export type Keyboard = NodeJS.ReadStream;

/**
 * A stream that ink takes for its output. In its debug mode ink writes every frame whole, without moving a cursor, so a
 * frame can be compared with the one before and put where it belongs: at its full height, without the erasing of all
 * lines that ink does on a full screen.
 */
class FrameStream extends EventEmitter {
	columns: number;
	rows: number;
	readonly isTTY = false;
	readonly #onFrame: (frame: string) => void;

	constructor({ columns, rows }: ScreenSize, onFrame: (frame: string) => void) {
		super();
		this.columns = columns;
		this.rows = rows;
		this.#onFrame = onFrame;
	}

	write(frame: string): boolean {
		this.#onFrame(frame);
		return true;
	}
}

export interface SurfaceOptions {
	readonly size: ScreenSize;
	readonly keyboard: Keyboard | undefined;
	readonly onKeys: (keys: readonly Key[]) => void;
	/** Gets the lines of each frame as ink has laid them out. */
	readonly onFrame: (lines: readonly string[]) => void;
	/** Drawing failed: nothing more will come. */
	readonly onFailure: (error: unknown) => void;
}

export class InkSurface {
	readonly #stream: FrameStream;
	readonly #ink: Instance;
	readonly #onKeys: ((keys: readonly Key[]) => void) | undefined;
	#isOpen = true;

	constructor({ size, keyboard, onKeys, onFrame, onFailure }: SurfaceOptions) {
		this.#stream = new FrameStream(size, (frame) => {
			if (this.#isOpen && frame !== "") onFrame(frame.split("\n"));
		});
		this.#onKeys = keyboard === undefined ? undefined : onKeys;
		this.#ink = render(<App lines={[]} onKeys={this.#onKeys} />, {
			stdout: this.#stream as unknown as NodeJS.WriteStream,
			...(keyboard === undefined ? {} : { stdin: keyboard }),
			debug: true,
			exitOnCtrlC: false,
			patchConsole: false,
			isScreenReaderEnabled: false,
		});
		this.#ink.waitUntilExit().catch(onFailure);
	}

	show(lines: readonly string[], { rows, columns }: ScreenSize): void {
		this.#stream.rows = rows;
		this.#stream.columns = columns;
		this.#ink.rerender(<App lines={lines} onKeys={this.#onKeys} />);
	}

	/** Lets go of the keyboard. More than once does no harm. */
	close(): void {
		if (!this.#isOpen) return;
		this.#isOpen = false;
		this.#ink.unmount();
	}
}
