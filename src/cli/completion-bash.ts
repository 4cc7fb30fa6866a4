/** Completion for bash, with and without the bash-completion package. */
import { type CommandSpec, type FlagSpec, LIST_COMMANDS, quoted, type Values } from "./completion-spec.js";

/** What compgen is asked to make of the values. */
function generator(values: Values): string {
	switch (values) {
		case "files":
			return '-f -- "$word"';
		case "directories":
			return '-d -- "$word"';
		case "nothing":
			return '-W "" -- "$word"';
		case "pids":
		case "units":
		case "containers":
			return `-W "$(${LIST_COMMANDS[values]})" -- "$word"`;
		default:
			return `-W ${quoted(values.join(" "))} -- "$word"`;
	}
}

function flagNames({ flags }: CommandSpec): string[] {
	return flags.flatMap(({ names }) => names);
}

function valueCases({ name, flags }: CommandSpec): string {
	const cases = flags.flatMap(({ names, values }: FlagSpec) =>
		values === undefined
			? []
			: [`\t\t${names.join("|")}) mapfile -t COMPREPLY < <(compgen ${generator(values)}); return ;;`],
	);
	return cases.length === 0 ? "" : `\t${name}) case "$previous" in\n${cases.join("\n")}\n\t\tesac ;;\n`;
}

/** The script. */
export function bashScript(commands: readonly CommandSpec[]): string {
	const names = commands.map(({ name }) => name);
	const words = commands.map(
		(command) => `\t${command.name}) words=${quoted([...command.words, ...flagNames(command)].join(" "))} ;;`,
	);
	const top = commands.filter(({ name }) => name === "top").flatMap(flagNames);
	const first = [...names, "help", ...top, "--version"];
	const runners = commands.filter(({ runsCommand }) => runsCommand).map(({ name }) => name);
	return `# bash completion for httpeek
_httpeek() {
	local word="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[1]}" words i
	# --flag=value is three words here
	if [[ $word == = ]]; then
		word=
	elif [[ $previous == = ]]; then
		previous="\${COMP_WORDS[COMP_CWORD-2]}"
	fi
	COMPREPLY=()
	case "$command" in
	${runners.join("|")})
		for ((i = 2; i < COMP_CWORD; i++)); do
			[[ \${COMP_WORDS[i]} == -- ]] || continue
			if declare -F _command_offset >/dev/null; then
				_command_offset $((i + 1))
			elif ((COMP_CWORD == i + 1)); then
				mapfile -t COMPREPLY < <(compgen -c -- "$word")
			fi
			return
		done ;;
	-*) command=top ;;
	esac
	case "$command" in
${commands.map(valueCases).join("")}\tesac
	if ((COMP_CWORD == 1)); then
		words=${quoted(first.join(" "))}
	else
		case "$command" in
	${words.join("\n\t")}
		help) words=${quoted(names.join(" "))} ;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -o bashdefault -o default -o nosort -F _httpeek httpeek 2>/dev/null || complete -o default -F _httpeek httpeek
`;
}
