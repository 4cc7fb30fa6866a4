/** Completion scripts, made of the commands and flags that there are. Static: completing starts no httpeek. */
import type { Command } from "commander";
import { HttpeekError } from "../base/errors.js";
import { SORT_KEYS } from "../model/rows.js";
import { OUTPUT_FORMATS } from "../sinks/format.js";

export type CompletionShell = "bash" | "zsh" | "fish";

interface FlagSpec {
	/** `-o` and `--output`, as far as there are both. */
	readonly names: readonly string[];
	readonly description: string;
	readonly takesValue: boolean;
	/** Undefined: files, as far as a value can be one. */
	readonly values: readonly string[] | undefined;
}

interface CommandSpec {
	readonly name: string;
	readonly description: string;
	readonly flags: readonly FlagSpec[];
	/** What its first argument can be. */
	readonly words: readonly string[];
}

/** Values that are worth completing, by the flag's long name. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
	"--role": ["server", "client"],
	"--method": ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"],
	"--status": ["2xx", "3xx", "4xx", "5xx", "404", "500", "0"],
	"--output": OUTPUT_FORMATS,
	"--sort": SORT_KEYS,
	"--color": ["auto", "always", "never"],
};
const SHELLS = ["bash", "zsh", "fish"] as const;

/**
 * The script for a shell.
 * @throws HttpeekError HTTPEEK_USAGE for another shell.
 */
export function completionScript(program: Command, shell: CompletionShell): string {
	const commands = program.commands.map(specOf);
	switch (shell) {
		case "bash":
			return bashScript(commands);
		case "zsh":
			return zshScript(commands);
		case "fish":
			return fishScript(commands);
		default:
			throw new HttpeekError("HTTPEEK_USAGE", `no completion for shell "${shell as string}"`, {
				hint: `shells are ${SHELLS.join(", ")}`,
			});
	}
}

function specOf(command: Command): CommandSpec {
	const flags = command.options.map(({ short, long, description, required, argChoices }): FlagSpec => {
		const names = [short, long].filter((name) => name !== undefined);
		return { names, description, takesValue: required, values: argChoices ?? VALUES[long ?? ""] };
	});
	const help: FlagSpec = { names: ["-h", "--help"], description: "print help", takesValue: false, values: undefined };
	const words = command.name() === "completion" ? SHELLS : [];
	return { name: command.name(), description: command.summary(), flags: [...flags, help], words };
}

/** Text within single quotes of any of these shells but fish, which wants the same. */
function quoted(text: string): string {
	return `'${text.replaceAll("'", "'\\''")}'`;
}

function bashScript(commands: readonly CommandSpec[]): string {
	const flagsOf = ({ flags }: CommandSpec): string => flags.flatMap(({ names }) => names).join(" ");
	const withValues = new Map(commands.flatMap(({ flags }) => flags).map((flag) => [flag.names.join("|"), flag]));
	const valueCases = [...withValues.values()]
		.filter(({ takesValue }) => takesValue)
		.map(({ names, values }) => {
			const generate = values === undefined ? '-f -- "$word"' : `-W ${quoted(values.join(" "))} -- "$word"`;
			return `\t${names.join("|")}) COMPREPLY=($(compgen ${generate})); return ;;`;
		});
	const commandCases = commands.map(
		(command) => `\t${command.name}) words=${quoted([...command.words, flagsOf(command)].join(" "))} ;;`,
	);
	const names = commands.map(({ name }) => name);
	const topFlags = commands.filter(({ name }) => name === "top").map(flagsOf);
	return `# bash completion for httpeek
_httpeek() {
	local word="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" words
	case "$previous" in
${valueCases.join("\n")}
	esac
	case "\${COMP_WORDS[1]}" in
${commandCases.join("\n")}
	*) words=${quoted([...names, "help", ...topFlags, "--version"].join(" "))} ;;
	esac
	COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _httpeek httpeek
`;
}

/** A description inside a zsh _arguments specification, where brackets and colons mean something. */
function zshText(text: string): string {
	return text.replace(/[[\]:\\]/g, "\\$&");
}

function zshFlag({ names, description, takesValue, values }: FlagSpec): string {
	const action = values === undefined ? "_files" : `(${values.join(" ")})`;
	const value = takesValue ? `:value:${action}` : "";
	return names.map((name) => quoted(`*${name}[${zshText(description)}]${value}`)).join(" ");
}

function zshScript(commands: readonly CommandSpec[]): string {
	const cases = commands.map(({ name, flags, words }) => {
		const argument = words.length === 0 ? quoted("*::command:_normal") : quoted(`1:argument:(${words.join(" ")})`);
		return `\t${name}) _arguments ${[...flags.map(zshFlag), argument].join(" \\\n\t\t")} ;;`;
	});
	const described = commands.map(({ name, description }) => quoted(`${name}:${description.replaceAll(":", "\\:")}`));
	return `#compdef httpeek
_httpeek() {
	local -a commands=(${described.join(" ")})
	if (( CURRENT == 2 )); then
		_describe command commands
		return
	fi
	local name=$words[2]
	shift words
	(( CURRENT-- ))
	case $name in
${cases.join("\n")}
	esac
}
compdef _httpeek httpeek
`;
}

function fishScript(commands: readonly CommandSpec[]): string {
	const names = commands.map(({ name }) => name).join(" ");
	const lines = commands.flatMap(({ name, description, flags, words }) => {
		const within = quoted(`__fish_seen_subcommand_from ${name}`);
		return [
			`complete -c httpeek -f -n ${quoted(`not __fish_seen_subcommand_from ${names}`)} -a ${name} -d ${quoted(description)}`,
			...(words.length === 0 ? [] : [`complete -c httpeek -f -n ${within} -a ${quoted(words.join(" "))}`]),
			...flags.map((flag) => `complete -c httpeek -n ${within} ${fishFlag(flag)}`),
		];
	});
	return `# fish completion for httpeek\n${lines.join("\n")}\n`;
}

function fishFlag({ names, description, takesValue, values }: FlagSpec): string {
	const parts = names.map((name) => (name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
	const value = !takesValue ? "" : values === undefined ? " -r" : ` -x -a ${quoted(values.join(" "))}`;
	return `${parts.join(" ")} -d ${quoted(description)}${value}`;
}
