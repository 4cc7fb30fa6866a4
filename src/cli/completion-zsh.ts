/** Completion for zsh, as a file of $fpath or sourced. */
import { type CommandSpec, type FlagSpec, LIST_COMMANDS, quoted, type Values } from "./completion-spec.js";

/** A description inside an _arguments specification, where brackets and colons mean something. */
function specText(text: string): string {
	return text.replace(/[[\]:\\]/g, "\\$&");
}

function action(values: Values): string {
	switch (values) {
		case "files":
			return "_files";
		case "directories":
			return "_files -/";
		case "nothing":
			return " ";
		case "pids":
			return "_pids";
		case "units":
		case "containers":
			return `_httpeek_${values}`;
		default:
			return `(${values.join(" ")})`;
	}
}

function flagSpecs({ names, description, values }: FlagSpec): string[] {
	const value = values === undefined ? "" : `:value:${action(values)}`;
	// "=" lets a value stand behind "=" as well, "+" right behind a short flag
	const sign = (name: string): string => (values === undefined ? "" : name.startsWith("--") ? "=" : "+");
	return names.map((name) => quoted(`*${name}${sign(name)}[${specText(description)}]${value}`));
}

function commandCase(command: CommandSpec): string {
	const { name, words, flags, runsCommand } = command;
	const first = words.length === 0 ? [] : [quoted(`1:argument:(${words.join(" ")})`)];
	const specs = [...flags.flatMap(flagSpecs), ...first].join(" \\\n\t\t");
	return `\t${name})${runsCommand ? " _httpeek_inner && return" : ""}\n\t\t_arguments -S \\\n\t\t${specs} ;;`;
}

function lister(name: "units" | "containers"): string {
	return `_httpeek_${name}() {
	local -a found=(\${(f)"$(${LIST_COMMANDS[name]})"})
	compadd -a found
}`;
}

/** The script. */
export function zshScript(commands: readonly CommandSpec[]): string {
	const described = commands.map(({ name, description }) => quoted(`${name}:${description.replaceAll(":", "\\:")}`));
	return `#compdef httpeek
${lister("units")}
${lister("containers")}
# What is behind two dashes is another command line.
_httpeek_inner() {
	local -i dashes=\${words[(i)--]}
	(( dashes < CURRENT )) || return 1
	shift $dashes words
	(( CURRENT -= dashes ))
	_normal
	return 0
}
_httpeek() {
	# not "commands": that is the shell's own table, by which commands are completed
	local -a subcommands=(${described.join(" ")} 'help:print help about a command')
	local name=$words[2]
	if [[ $name == -* ]]; then
		name=top
	elif (( CURRENT == 2 )); then
		_describe command subcommands
		return
	else
		shift words
		(( CURRENT-- ))
	fi
	case $name in
${commands.map(commandCase).join("\n")}
	help) (( CURRENT == 2 )) && _describe command subcommands ;;
	esac
}
if [[ $funcstack[1] == _httpeek ]]; then
	_httpeek "$@"
else
	compdef _httpeek httpeek
fi
`;
}
