/** The commands, their flags and their help. What a command does is imported when it is asked for. */
import { readFileSync } from "node:fs";
import { Argument, Command, Option } from "commander";
import { type OutputFormat, REPORT_FORMATS } from "../sinks/format-names.js";
import { SHELLS } from "./completion-spec.js";
import type { CliContext } from "./context.js";
import type { DoctorFlags } from "./doctor.js";
import {
	addFilterOptions,
	addOutputOptions,
	addRecordingOptions,
	addScopeOptions,
	addTimingOptions,
	choiceOption,
	colorOption,
} from "./options.js";
import type { Flags } from "./settings.js";
import { addWatchOptions, type WatchFlags } from "./watch-options.js";

const HELP_COLUMNS = 80;

export interface Program {
	readonly command: Command;
	/** What the command that was run returned. */
	readonly exitCode: () => number;
}

/** What help shows below the first line: commander keeps lines as they are when some are indented. */
function described(purpose: string, examples: readonly string[]): string {
	return `${purpose}\n\nExamples:\n${examples.map((example) => `  ${example}`).join("\n")}`;
}

/** The version of the package: two folders above dist/src/cli. */
export function version(): string {
	const text = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
	return (JSON.parse(text) as { version: string }).version;
}

/** Builds the program. Commander's own messages and exits are thrown as CommanderError; main() tells them. */
export function buildProgram(context: CliContext, write: (text: string) => void): Program {
	let exitCode = 0;
	const program = new Command("httpeek")
		.exitOverride()
		.configureOutput({ writeOut: write, writeErr: () => undefined, outputError: () => undefined })
		.configureHelp({
			helpWidth: HELP_COLUMNS,
			sortSubcommands: false,
			// choices stand in the descriptions
			optionDescription: ({ description }) => description,
		})
		.enablePositionalOptions()
		.usage("[command] [options]")
		.description(
			described(
				"Shows what every HTTP endpoint on this host is doing: requests, status codes,\n" +
					"errors, timeouts and latency, without touching the applications.\n" +
					"Without a command it is `httpeek top`.",
				[
					"httpeek                                live view of the whole host",
					"httpeek --status 5xx --port 8080       only failures of one server",
					"httpeek demo                           see it work, with traffic of its own",
					"httpeek stat -d 10s -o json            one report about ten seconds",
					"httpeek run -- npm test                what a command serves and calls",
				],
			),
		)
		.version(version(), "-V, --version", "print the version")
		.helpOption("-h, --help", "print help")
		.helpCommand("help [command]", "print help about a command")
		.showSuggestionAfterError(true);
	const returns = (run: () => Promise<number>) => async (): Promise<void> => {
		exitCode = await run();
	};
	addWatchingCommands(program, context, returns);
	addRun(program, context, returns);
	addHelpers(program, context, returns);
	return { command: program, exitCode: () => exitCode };
}

type Returns = (run: () => Promise<number>) => () => Promise<void>;

function addWatchingCommands(program: Command, context: CliContext, returns: Returns): void {
	const top = program
		.command("top")
		.summary("live view of the endpoints")
		.description(
			described(
				"Shows endpoints live: a screen on a terminal; elsewhere, at each interval, a\n" +
					"line for each endpoint and status, counted since the start.",
				[
					"httpeek top",
					"httpeek top -p 4711 --status 4xx,5xx",
					"httpeek top --unit nginx --min-latency 200ms",
					"httpeek top -o json -i 5s -n 12 > minute.jsonl",
				],
			),
		);
	addAllOptions(top, "screen; lines without a terminal").action(async () => {
		await returns(async () => (await import("./top.js")).top(top.opts<Flags>(), context))();
	});
	const stat = program
		.command("stat")
		.summary("count for a while, then print one report")
		.description(
			described("Counts until Ctrl-C or for --duration, then prints one report.", [
				"httpeek stat -d 30s",
				"httpeek stat -d 30s -o markdown > report.md",
				"httpeek stat -d 1m --unit nginx --sort p99 --limit 10",
				'httpeek stat -d 10s -q --fail-if "status5xx > 0 or p99 > 200ms"',
			]),
		);
	addAllOptions(stat, "table", REPORT_FORMATS).action(async () => {
		await returns(async () => (await import("./stat.js")).stat(stat.opts<Flags>(), context))();
	});
	const watch = program
		.command("watch")
		.summary("a line for each exchange as it ends")
		.description(
			described(
				"Shows exchanges one by one. Filters run in the kernel: what they leave out costs\n" +
					"next to nothing. What comes too fast to be shown is counted, and said.",
				[
					"httpeek watch --errors --slow 200ms",
					"httpeek watch --unit nginx --status 5xx -n 100",
					"httpeek watch --sample 1/100 -o json > sample.jsonl",
				],
			),
		);
	addWatchOptions(watch).action(async () => {
		await returns(async () => (await import("./watch.js")).watch(watch.opts<WatchFlags>(), context))();
	});
	const demo = program
		.command("demo")
		.summary("show it with traffic of its own")
		.description(
			described(
				"Starts small servers and clients of its own and shows them as `top` does, and\n" +
					"nothing else of this host. They talk to each other only, on loopback.",
				["httpeek demo", "httpeek demo --status 4xx,5xx", "httpeek demo -d 10s -o table"],
			),
		);
	addOutputOptions(addTimingOptions(addFilterOptions(demo)), "screen; lines without a terminal").action(async () => {
		await returns(async () => (await import("./demo.js")).demo(demo.opts<Flags>(), context))();
	});
}

function addAllOptions(command: Command, defaultFormat: string, formats?: readonly OutputFormat[]): Command {
	const counting = addTimingOptions(addFilterOptions(addScopeOptions(command)));
	return addOutputOptions(addRecordingOptions(counting), defaultFormat, formats);
}

function addRun(program: Command, context: CliContext, returns: Returns): void {
	const run = program
		.command("run")
		.summary("run a command and report its exchanges")
		.usage("[options] -- <command> [args...]")
		.argument("<command>", "what to run")
		.argument("[args...]", "its arguments")
		.passThroughOptions()
		.description(
			described(
				"Runs a command in a cgroup of its own, watches only that, reports on standard\n" +
					"error what it served and what it called, and ends as the command did: exit\n" +
					"code, signals and terminal are the command's own.",
				[
					"httpeek run -- curl -s http://127.0.0.1:8080/",
					"httpeek run --report http.json -o json -- npm test",
					"httpeek run -q --report pr.md -o markdown -- npm test",
					'httpeek run --fail-if "errors > 0" -- ./integration-tests',
				],
			),
		);
	addOutputOptions(addFilterOptions(run), "table", REPORT_FORMATS)
		.addOption(new Option("--report <file>", "write the report to a file"))
		.action(async (command: string, args: readonly string[]) => {
			const flags = run.opts<Flags>();
			await returns(async () => (await import("./run.js")).run([command, ...args], flags, context))();
		});
}

function addHelpers(program: Command, context: CliContext, returns: Returns): void {
	const doctor = program
		.command("doctor")
		.summary("what this machine allows")
		.description(
			described(
				"Checks what httpeek needs on this machine: what works, what does not, why, and\n" +
					"the command that would fix it. Exit code 0 if httpeek can run, 4 if not.",
				["httpeek doctor", "sudo httpeek doctor", "httpeek doctor -o json | jq .can_run"],
			),
		)
		.optionsGroup("Output:")
		.addOption(choiceOption("-o, --output <format>", "table, json [table]", ["table", "json"]))
		.addOption(colorOption());
	doctor.action(async () => {
		await returns(async () => (await import("./doctor.js")).doctor(doctor.opts<DoctorFlags>(), context))();
	});
	program
		.command("completion")
		.summary("print a completion script for a shell")
		.description(
			described("Prints a script that completes commands, flags and values in a shell.", [
				"source <(httpeek completion bash)",
				"httpeek completion bash > /etc/bash_completion.d/httpeek",
				"httpeek completion zsh > ~/.zfunc/_httpeek",
				"httpeek completion fish > ~/.config/fish/completions/httpeek.fish",
			]),
		)
		.addArgument(new Argument("<shell>", "bash, zsh or fish").choices(SHELLS).argParser((text) => text))
		.action(async (shell: string) => {
			await returns(async () => {
				const { completionScript } = await import("./completion.js");
				await context.stdout.write(completionScript(program, shell));
				return 0;
			})();
		});
}
