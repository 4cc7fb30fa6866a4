/** The live view on a terminal: takes snapshots and keys, and draws when it is time to. */
import { History, type Moment } from "../model/history.js";
import type { Snapshot } from "../model/snapshot.js";
import { exportText, type SaveFormat } from "./export.js";
import { InkSurface, type Keyboard } from "./ink-surface.js";
import { Pace } from "./pace.js";
import { type Effect, type Key, reduce } from "./reduce.js";
import { type Screen, type ScreenContext, screenDrawer } from "./screen.js";
import { initialState, type ViewState } from "./state.js";
import type { Sort } from "./table.js";
import { type ExitSource, type Terminal, TerminalScreen } from "./terminal-screen.js";

export interface LiveViewOptions {
	readonly terminal: Terminal;
	/** Calls back whenever the terminal has another size; returns what ends that. */
	readonly onResize: (listener: () => void) => () => void;
	readonly keyboard: Keyboard | undefined;
	readonly host: string;
	/** Only some rows were asked for: others never come. */
	readonly isFiltered?: boolean;
	readonly look: ScreenContext["look"];
	readonly sort?: Sort;
	readonly limit?: number;
	readonly onQuit: () => void;
	readonly onFailure: (error: unknown) => void;
	/** Puts a text into a new file and tells its name. May throw an error for people. */
	readonly save: (view: string, format: SaveFormat, text: string) => string;
	/** Stops this process and what belongs to it, as a terminal's Ctrl-Z does. */
	readonly suspend: () => void;
	readonly exits?: ExitSource;
}

/** Before the first snapshot: nothing was counted yet. */
function nothingYet(): Snapshot {
	const now = new Date();
	return {
		...{ startedAt: now, takenAt: now, durationSeconds: 0, endpoints: [], connections: [], peers: [] },
		losses: { requests: 0, responses: 0, endpoints_other: 0, detail: {} },
		facts: {},
	};
}

export class LiveView {
	readonly #options: LiveViewOptions;
	readonly #screen: TerminalScreen;
	readonly #surface: InkSurface;
	readonly #pace = new Pace(() => this.#draw());
	readonly #history = new History();
	readonly #drawScreen = screenDrawer();
	readonly #endResize: () => void;
	#state: ViewState;
	#description = "";
	#isStarted = false;
	#isAway = false;
	/** What is shown: while paused, not what came last. */
	#moment: Moment;
	#cpu = { usage: process.cpuUsage(), atMs: performance.now() };
	#ownShare: number | undefined;

	/** Gets ready; the terminal is not touched before start(). */
	constructor(options: LiveViewOptions) {
		this.#options = options;
		this.#state = initialState(options.sort);
		const now = nothingYet();
		this.#moment = { now, since: now, recent: now, minute: [] };
		this.#screen = new TerminalScreen(options.terminal, options.exits);
		this.#surface = new InkSurface({
			size: this.#screen.size,
			keyboard: options.keyboard,
			onKeys: (keys) => this.press(keys),
			onFrame: (lines) => this.#screen.draw(lines),
			onFailure: options.onFailure,
		});
		this.#endResize = options.onResize(() => this.#resized());
	}

	/**
	 * Takes the terminal over.
	 * @param description what is watched, for people
	 */
	start(description: string): void {
		this.#description = description;
		this.#isStarted = true;
		this.#screen.open();
		this.#pace.now();
	}

	push(snapshot: Snapshot): void {
		this.#history.push(snapshot);
		this.#measureOwnShare();
		if (!this.#state.isPaused) this.#pace.data();
	}

	/** Says something in the last line, until the next key. */
	tell(text: string, isError = false): void {
		this.#state = { ...this.#state, message: { text, isError } };
		this.#pace.key();
	}

	press(keys: readonly Key[]): void {
		for (const key of keys) {
			const { state, effect } = reduce(this.#state, key, this.#compose().shown);
			this.#state = state;
			if (effect !== undefined) this.#do(effect);
		}
		this.#pace.key();
	}

	/** The terminal belongs to others: nothing is drawn until resume(). More than once does no harm. */
	leave(): void {
		if (!this.#isStarted || this.#isAway) return;
		this.#isAway = true;
		this.#pace.stop();
		this.#options.keyboard?.setRawMode?.(false);
		this.#screen.close();
	}

	/** Takes the terminal over again. */
	resume(): void {
		if (!this.#isStarted) return;
		this.#isAway = false;
		// first what stops a program in the background, so that it does not write on another's screen
		this.#options.keyboard?.setRawMode?.(true);
		this.#screen.open();
		this.#repaint();
	}

	/** Gives the terminal back. */
	close(): void {
		this.#pace.stop();
		this.#endResize();
		this.#surface.close();
		this.#screen.close();
	}

	#compose(): Screen {
		if (!this.#state.isPaused) this.#takeMoment();
		const { host, look, limit, isFiltered = false } = this.#options;
		const context = { host, look, isFiltered, description: this.#description, ownShare: this.#ownShare };
		const limited = limit === undefined ? context : { ...context, limit };
		return this.#drawScreen(this.#state, this.#moment, this.#screen.size, limited);
	}

	#draw(): void {
		this.#surface.show(this.#compose().lines, this.#screen.size);
	}

	#resized(): void {
		this.#screen.invalidate();
		this.#pace.key();
	}

	#repaint(): void {
		this.#screen.invalidate();
		this.#pace.now();
	}

	/** The same one until there is a new snapshot: what is made of it is remembered. */
	#takeMoment(): void {
		this.#moment = this.#history.moment() ?? this.#moment;
	}

	#do(effect: Effect): void {
		if (effect === "quit") this.#options.onQuit();
		else if (effect === "suspend") this.#options.suspend();
		else if (effect === "repaint") this.#repaint();
		else if (effect === "reset") this.#reset();
		else this.#save(effect === "save-json" ? "json" : "csv");
	}

	#reset(): void {
		this.#history.reset();
		this.#takeMoment();
	}

	#save(format: SaveFormat): void {
		const screen = this.#compose();
		try {
			const name = this.#options.save(screen.view.id, format, exportText(screen, format));
			this.tell(`saved to ${name}`);
		} catch (error) {
			this.tell(error instanceof Error ? error.message : String(error), true);
		}
	}

	#measureOwnShare(): void {
		const [usage, nowMs] = [process.cpuUsage(), performance.now()];
		const passedMs = nowMs - this.#cpu.atMs;
		if (passedMs < 900) return;
		const { user, system } = this.#cpu.usage;
		this.#ownShare = (usage.user - user + usage.system - system) / 1000 / passedMs;
		this.#cpu = { usage, atMs: nowMs };
	}
}
