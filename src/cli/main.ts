/** The command line: arguments in, exit code out. */
import { CommanderError } from "commander";
import { ExitCode, HttpeekError } from "../base/errors.js";
import { type CliContext, systemContext } from "./context.js";
import { asHttpeekError, errorText } from "./messages.js";
import { buildProgram } from "./program.js";

const DEFAULT_COMMAND = "top";
/** Flags of the program itself: with them there is no command to be added. */
const PROGRAM_FLAGS = new Set(["-h", "--help", "-V", "--version"]);

/**
 * Runs httpeek with the arguments behind its name, and returns the exit code. Never throws: what fails is told on
 * standard error.
 */
export async function main(argv: readonly string[], context: CliContext = systemContext()): Promise<number> {
	let printed = "";
	const program = buildProgram(context, (text) => {
		printed += text;
	});
	try {
		await program.command.parseAsync(withCommand(argv), { from: "user" });
		return program.exitCode();
	} catch (error) {
		if (error instanceof CommanderError && error.exitCode === 0) {
			return await printHelp(printed, context);
		}
		const told = error instanceof CommanderError ? usageError(error) : error;
		await context.stderr.tell(errorText(told, (context.env.HTTPEEK_DEBUG ?? "") !== ""));
		return asHttpeekError(told).exitCode;
	}
}

/** `httpeek --port 80` is `httpeek top --port 80`. A first word that is no flag is meant as a command. */
function withCommand(argv: readonly string[]): string[] {
	const [first] = argv;
	const isComplete = first !== undefined && (!first.startsWith("-") || PROGRAM_FLAGS.has(first));
	return isComplete ? [...argv] : [DEFAULT_COMMAND, ...argv];
}

/** Help and version: commander has printed what was asked for, and ends by an error of exit code 0. */
async function printHelp(text: string, context: CliContext): Promise<number> {
	try {
		await context.stdout.write(text);
		return ExitCode.ok;
	} catch (error) {
		await context.stderr.tell(errorText(error));
		return asHttpeekError(error).exitCode;
	}
}

/** Commander's message without its prefix, and with its suggestion as a hint. */
function usageError({ message }: CommanderError): HttpeekError {
	const [problem = "", suggestion] = message.replace(/^error: /, "").split("\n");
	const hint = suggestion?.replace(/^\((.*)\)$/, "$1") ?? usageHint(problem);
	return new HttpeekError("HTTPEEK_USAGE", problem, { hint });
}

/** What to do about a mistake for which there is no suggestion. */
function usageHint(problem: string): string {
	// a word that is like no command may be one to be run
	const word = /^unknown command '([\w./-]{1,50})'$/.exec(problem)?.[1];
	if (word !== undefined) {
		return `httpeek --help lists commands; to watch a program of yours: httpeek run -- ${word}`;
	}
	if (problem.startsWith("missing required argument 'command'")) {
		return "write the command behind two dashes: httpeek run -- curl -s http://127.0.0.1:8080/";
	}
	return "httpeek --help lists commands, httpeek help COMMAND its flags";
}
