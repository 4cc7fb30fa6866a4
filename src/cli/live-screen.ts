/** The live view as the commands use it: what it needs of the process, of the disk and of the terminal. */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import type { SortKey } from "../model/rows.js";
import type { LiveView } from "../views/live-view.js";
import { isUtf8Locale } from "../views/look.js";
import type { Sort } from "../views/table.js";
import type { CliContext } from "./context.js";
import { isFiltered } from "./follow.js";
import type { Interruption } from "./interruption.js";
import { saveNew } from "./save-file.js";
import { type Flags, formatOptions } from "./settings.js";

/** Columns of the view that stand for the keys of `--sort`. */
const SORTS: Readonly<Record<SortKey, Sort>> = {
	count: { column: "count", descending: true },
	status: { column: "5xx", descending: true },
	p50: { column: "p50", descending: true },
	p90: { column: "p90", descending: true },
	p99: { column: "p99", descending: true },
	mean: { column: "p50", descending: true },
	route: { column: "endpoint", descending: false },
	service: { column: "service", descending: false },
};

export interface LiveScreen {
	readonly view: LiveView;
	/** Gives the terminal back. Throws what made the view fail, if something did. */
	readonly close: () => void;
}

/**
 * Makes the view, which takes the terminal over when it is started. React and ink are loaded only here: they take a third of a second, and memory that commands
 * without a screen do without.
 */
export async function openLiveScreen(flags: Flags, context: CliContext, end: Interruption): Promise<LiveScreen> {
	prepareForInk();
	const { LiveView } = await import("../views/live-view.js");
	const { stdout, env } = context;
	const { color, limit } = formatOptions(flags, stdout, env);
	const keyboard = context.openKeyboard();
	const failures: unknown[] = [];
	const signals = new JobControl();
	const view = new LiveView({
		terminal: {
			get columns() {
				return stdout.columns;
			},
			get rows() {
				return stdout.rows;
			},
			// A terminal that was closed ends the view: there is nobody left to be told.
			write: (text) => void stdout.write(text).catch(() => end.end()),
		},
		onResize: (listener) => stdout.onResize(listener),
		keyboard: keyboard.stream,
		host: hostname(),
		isFiltered: isFiltered(flags),
		look: { color, isUtf8: isUtf8Locale(env) },
		...(flags.sort === undefined ? {} : { sort: SORTS[flags.sort] }),
		...(limit === undefined ? {} : { limit }),
		onQuit: () => end.end(),
		onFailure: (error) => {
			failures.push(error);
			end.end();
		},
		save: (name, format, text) => saveNew(`httpeek-${name}`, format, text),
		suspend: () => signals.stopAll(),
	});
	signals.follow(view);
	return {
		view,
		close: () => {
			signals.end();
			view.close();
			// Node aborts, with a dump of its memory, where it cannot put the modes back of a terminal that is gone
			if (keyboard.isGone()) process.once("exit", context.letGoOfTerminal);
			keyboard.close();
			if (failures.length > 0) throw failures[0];
		},
	};
}

/** React's development build is many times slower; ink changes its ways under CI and DEV, which are not about it. */
function prepareForInk(): void {
	process.env.NODE_ENV = "production";
	for (const name of ["CI", "CONTINUOUS_INTEGRATION", "DEV"]) {
		if (process.env[name] !== undefined) process.env[name] = "false";
	}
}

/** Whether a shell could continue this job: it is the parent of somebody in the job, and in the same session. */
function hasShell(): boolean {
	/** Parent, process group, session: behind the name, which may hold anything (proc(5)). */
	const idsOf = (pid: number): number[] => {
		const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
		return stat
			.slice(stat.lastIndexOf(")") + 4)
			.split(" ", 3)
			.map(Number);
	};
	try {
		const [parent = 0, group, session] = idsOf(process.pid);
		let ancestor = parent;
		for (;;) {
			const [next = 0, itsGroup, itsSession] = idsOf(ancestor);
			if (itsGroup !== group) return itsSession === session;
			ancestor = next;
		}
	} catch {
		return false;
	}
}

/** Ctrl-Z and fg: the terminal is given back before the process stops, and taken again when it goes on. */
class JobControl {
	#view: LiveView | undefined;
	readonly #onStop = (): void => {
		this.#view?.leave();
		process.kill(process.pid, "SIGSTOP");
	};
	readonly #onContinue = (): void => this.#view?.resume();

	follow(view: LiveView): void {
		this.#view = view;
		process.on("SIGTSTP", this.#onStop);
		process.on("SIGCONT", this.#onContinue);
	}

	/**
	 * As the terminal does it when it is not in raw mode: to the whole job, npm around it included. The terminal is given back
	 * before: once npm has stopped it belongs to the shell, and who touches it then is stopped in the middle of it.
	 */
	stopAll(): void {
		if (!hasShell()) return;
		this.#view?.leave();
		process.kill(0, "SIGTSTP");
	}

	end(): void {
		process.removeListener("SIGTSTP", this.#onStop);
		process.removeListener("SIGCONT", this.#onContinue);
	}
}
