/** What there is to be completed: the commands, their flags, and where the values of these come from. */
import type { Command, Option } from "commander";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type CompletionShell = (typeof SHELLS)[number];

/** Values that only the machine knows; `nothing` is a value that nobody can guess. */
export type ValueSource = "files" | "directories" | "pids" | "units" | "containers" | "nothing";
export type Values = readonly string[] | ValueSource;

export interface FlagSpec {
	/** `-o` and `--output`, as far as there are both. */
	readonly names: readonly string[];
	readonly description: string;
	/** Undefined: it takes none. */
	readonly values: Values | undefined;
}

export interface CommandSpec {
	readonly name: string;
	readonly description: string;
	readonly flags: readonly FlagSpec[];
	/** What its first argument can be. */
	readonly words: readonly string[];
	/** Its arguments are a command line, behind two dashes. */
	readonly runsCommand: boolean;
}

/** Values that can be anything, of which some are usual; by the flag's long name. */
const USUAL_VALUES: Readonly<Record<string, readonly string[]>> = {
	"--method": ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"],
	"--sample": ["1/10", "1/100", "1/1000"],
	"--status": ["2xx", "3xx", "4xx", "5xx", "404", "500", "0"],
};

const SOURCES: Readonly<Record<string, ValueSource>> = {
	"--cgroup": "directories",
	"--pid": "pids",
	"--unit": "units",
	"--container": "containers",
};

/** The systemd units and containers that can be watched are those that have a cgroup: no daemon has to be asked. */
const CGROUP2 = "$(awk '$3 == \"cgroup2\" { print $2; exit }' /proc/mounts)";
export const LIST_COMMANDS: Readonly<Record<"pids" | "units" | "containers", string>> = {
	pids: "ls /proc | grep '^[1-9]'",
	units: `find ${CGROUP2} -type d -name '*.service' 2>/dev/null | sed 's|.*/||' | sort -u`,
	containers: `find ${CGROUP2} -type d 2>/dev/null | grep -oE '[0-9a-f]{64}(\\.scope)?$' | cut -c 1-12 | sort -u`,
};

/** All commands of a program, with the flags of each. */
export function completionSpec(program: Command): CommandSpec[] {
	return program.commands.map((command) => {
		const [argument] = command.registeredArguments;
		return {
			name: command.name(),
			description: command.summary(),
			flags: [...command.options.map(flagSpec), HELP_FLAG],
			words: argument?.argChoices ?? [],
			runsCommand: argument?.name() === "command",
		};
	});
}

const HELP_FLAG: FlagSpec = { names: ["-h", "--help"], description: "print help", values: undefined };

function flagSpec({ short, long, flags, description, required, argChoices }: Option): FlagSpec {
	const names = [short, long].filter((name) => name !== undefined);
	const source = SOURCES[long ?? ""] ?? (flags.includes("<file>") ? "files" : "nothing");
	return { names, description, values: required ? (argChoices ?? USUAL_VALUES[long ?? ""] ?? source) : undefined };
}

/** Text within single quotes, for any of these shells. */
export function quoted(text: string): string {
	return `'${text.replaceAll("'", "'\\''")}'`;
}
