/** Completion for fish. */
import { type CommandSpec, type FlagSpec, LIST_COMMANDS, type Values } from "./completion-spec.js";

/** Single quotes of fish know two escapes. */
function quoted(text: string): string {
	return `'${text.replace(/[\\']/g, "\\$&")}'`;
}

function valueArguments(values: Values): string {
	switch (values) {
		case "files":
			return "-r -F";
		case "directories":
			return "-x -a '(__fish_complete_directories)'";
		case "nothing":
			return "-x";
		case "pids":
			return "-x -a '(__fish_complete_pids)'";
		case "units":
		case "containers":
			return `-x -a '(__httpeek_${values})'`;
		default:
			return `-x -a ${quoted(values.join(" "))}`;
	}
}

function flagArguments({ names, description, values }: FlagSpec): string {
	const parts = names.map((name) => (name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
	return `${parts.join(" ")} -d ${quoted(description)}${values === undefined ? "" : ` ${valueArguments(values)}`}`;
}

function commandLines({ name, description, flags, words, runsCommand }: CommandSpec): string[] {
	// without a command it is top
	const within = quoted(`__httpeek_command ${name === "top" ? "top ''" : name}`);
	return [
		`complete -c httpeek -n ${quoted("__httpeek_command ''")} -a ${name} -d ${quoted(description)}`,
		...words.map((word) => `complete -c httpeek -n ${within} -a ${word}`),
		...flags.map((flag) => `complete -c httpeek -n ${within} ${flagArguments(flag)}`),
		...(runsCommand ? ["complete -c httpeek -n __httpeek_behind_dashes -x -a '(__httpeek_inner)'"] : []),
	];
}

/** The script. */
export function fishScript(commands: readonly CommandSpec[]): string {
	const names = commands.map(({ name }) => name).join(" ");
	return `# fish completion for httpeek
function __httpeek_behind_dashes
	contains -- -- (commandline -opc)
end
# Whether the command on the line is one of these; '' is that there is none yet.
function __httpeek_command
	__httpeek_behind_dashes; and return 1
	set -l words (commandline -opc)
	if test (count $words) -ge 2; and not string match -q -- '-*' $words[2]
		contains -- $words[2] $argv
	else
		contains -- '' $argv
	end
end
# What is completed behind the dashes is another command line.
function __httpeek_inner
	set -l inner (string replace -r -- '^.*? -- +' '' (commandline -cp))
	complete --do-complete="$inner"
end
function __httpeek_units
	${LIST_COMMANDS.units.replace("$(", "(")}
end
function __httpeek_containers
	${LIST_COMMANDS.containers.replace("$(", "(")}
end
complete -c httpeek -f
complete -c httpeek -n ${quoted("__httpeek_command ''")} -a help -d 'print help about a command'
complete -c httpeek -n ${quoted("__httpeek_command ''")} -l version -d 'print the version'
complete -c httpeek -n ${quoted("__httpeek_command help")} -a ${quoted(names)}
${commands.flatMap(commandLines).join("\n")}
`;
}
