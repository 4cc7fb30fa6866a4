/** What a user asked for, from the strings of the command line to the types of the library. */
import { HttpeekError } from "../base/errors.js";
import type { ObserveOptions } from "../index.js";
import type { Expression } from "../model/expression.js";
import type { SortKey } from "../model/rows.js";
import type { Role } from "../model/snapshot.js";
import type { FormatOptions } from "../sinks/format.js";
import type { OutputFormat } from "../sinks/format-names.js";
import type { CliContext } from "./context.js";
import type { Output } from "./output.js";

export type ColorChoice = "auto" | "always" | "never";

/** The values of the flags as commander has them after the parsers of options.ts: absent where not given. */
export interface Flags {
	readonly cgroup?: readonly string[];
	readonly pid?: readonly number[];
	readonly unit?: readonly string[];
	readonly container?: readonly string[];
	readonly port?: readonly number[];
	readonly role?: readonly Role[];
	readonly method?: readonly string[];
	readonly status?: readonly string[];
	readonly path?: readonly string[];
	readonly service?: readonly string[];
	readonly minLatency?: number;
	readonly interval?: number;
	readonly duration?: number;
	readonly count?: number;
	readonly output?: OutputFormat;
	readonly sort?: SortKey;
	readonly limit?: number;
	readonly color?: ColorChoice;
	readonly quiet?: boolean;
	readonly failIf?: readonly Expression[];
	readonly maxEndpoints?: number;
	/** False after --no-tls. */
	readonly tls?: boolean;
	/** The file that snapshots are recorded in, and the one they are read from instead of the kernel; `-`: standard input. */
	readonly record?: string;
	readonly input?: string;
	/** Of `run` alone: the file that the report goes to. */
	readonly report?: string;
}

type Defined<T> = { -readonly [Key in keyof T]?: Exclude<T[Key], undefined> };

/** The entries that have a value: options of the library are absent, not undefined. */
function defined<T extends object>(entries: T): Defined<T> {
	return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as Defined<T>;
}

/** What observe() is to be called with; signal and callbacks are the command's. */
export function observeOptions(flags: Flags): ObserveOptions {
	return {
		scope: defined({ cgroups: flags.cgroup, pids: flags.pid, units: flags.unit, containers: flags.container }),
		filter: defined({
			ports: flags.port,
			roles: flags.role,
			methods: flags.method,
			statuses: flags.status,
			paths: flags.path,
			services: flags.service,
		}),
		...defined({
			intervalSeconds: flags.interval,
			durationSeconds: flags.duration,
			count: flags.count,
			minLatencySeconds: flags.minLatency,
			maxEndpoints: flags.maxEndpoints,
			tls: flags.tls === false ? false : undefined,
		}),
	};
}

/** Whether to use colours on this output: as asked, else on a terminal that has them (https://no-color.org). */
export function useColor(choice: ColorChoice = "auto", output: Output, env: CliContext["env"]): boolean {
	if (choice !== "auto") {
		return choice === "always";
	}
	return output.isTerminal && (env.NO_COLOR ?? "") === "" && env.TERM !== "dumb";
}

/** How snapshots are formatted for this output. */
export function formatOptions(flags: Flags, output: Output, env: CliContext["env"]): FormatOptions {
	return {
		color: useColor(flags.color, output, env),
		...defined({ sort: flags.sort, limit: flags.limit, width: output.columns }),
	};
}

/**
 * Refuses what the format cannot do: a line has neither latency nor service to be sorted by.
 * @throws HttpeekError HTTPEEK_USAGE
 */
export function checkFormat({ sort = "count" }: Flags, format: OutputFormat | undefined): void {
	if (format === "lines" && sort !== "count") {
		throw new HttpeekError("HTTPEEK_USAGE", `--sort ${sort} cannot be used with lines: they are most-used first`, {
			hint: "add -o table, wide, json or csv",
		});
	}
}
