/** The flags that commands share, by group, and how their values are read. */
import { type Command, Option } from "commander";
import { parseDuration } from "../base/durations.js";
import { HttpeekError } from "../base/errors.js";
import { mostSimilar } from "../base/similar.js";
import { type Expression, parseExpression } from "../model/expression.js";
import { parseStatus } from "../model/filter.js";
import { SORT_KEYS } from "../model/rows.js";
import { OUTPUT_FORMATS, type OutputFormat } from "../sinks/format-names.js";
import { Limit } from "../wire/layout.js";

/** Reading the tables more often costs more than it shows. */
const SHORTEST_INTERVAL_SECONDS = 0.1;
const LARGEST_PORT = 65_535;
/** pid_max of 64-bit kernels. */
const LARGEST_PID = 4_194_304;
/** Slots that the kernel side can number, less those kept for `(other)`. */
export const LARGEST_MAX_ENDPOINTS = Limit.ENDPOINTS - Limit.OTHER_ENDPOINTS;

function usage(flag: string, text: string, problem: string, hint?: string): HttpeekError {
	const message = `${flag} cannot be used: "${text}" ${problem}`;
	return new HttpeekError("HTTPEEK_USAGE", message, hint === undefined ? {} : { hint });
}

export function wholeNumber(flag: string, from: number, to = Number.MAX_SAFE_INTEGER): (text: string) => number {
	return (text) => {
		const value = Number(text);
		if (!/^\d+$/.test(text) || value < from || value > to) {
			const range = to === Number.MAX_SAFE_INTEGER ? `of ${from} or more` : `from ${from} to ${to}`;
			throw usage(flag, text, `is not a whole number ${range}`);
		}
		return value;
	};
}

/** For flags that can be repeated, and whose values can be a list with commas. */
function listOf<Value>(read: (text: string) => Value): (text: string, before: readonly Value[] | undefined) => Value[] {
	return (text, before = []) => [...before, ...text.split(",").map(read)];
}

/** For flags that can be repeated and whose values may hold commas. */
export function repeated<Value>(
	read: (text: string) => Value,
): (text: string, before: readonly Value[] | undefined) => Value[] {
	return (text, before = []) => [...before, read(text)];
}

export function notEmpty(flag: string): (text: string) => string {
	return (text) => {
		if (text === "") {
			throw usage(flag, text, "is empty");
		}
		return text;
	};
}

function oneOf<Value extends string>(flag: string, values: readonly Value[]): (text: string) => Value {
	return (text) => {
		const value = values.find((candidate) => candidate === text);
		if (value === undefined) {
			const meant = mostSimilar(text, values);
			throw usage(
				flag,
				text,
				`is none of ${values.join(", ")}`,
				meant === undefined ? undefined : `did you mean ${meant}?`,
			);
		}
		return value;
	};
}

/** A flag whose value is one of a few, which completion offers; or a list of them, where it can be repeated. */
export function choiceOption<Value extends string>(
	flags: string,
	description: string,
	values: readonly Value[],
	isRepeatable = false,
): Option {
	const choice = new Option(flags, description).choices(values);
	const read = oneOf(choice.long ?? flags, values);
	return isRepeatable ? choice.argParser(listOf(read)) : choice.argParser(read);
}

function method(text: string): string {
	if (!/^[\w!#$%&'*+.^`|~-]+$/.test(text)) {
		throw usage("--method", text, "is not an HTTP method");
	}
	return text.toUpperCase();
}

function status(text: string): string {
	parseStatus(text);
	return text;
}

/** When to use colours. */
export function colorOption(): Option {
	return choiceOption("--color <when>", "auto, always, never [auto]", ["auto", "always", "never"]);
}

const option = (flags: string, description: string): Option => new Option(flags, description);

/** What is watched. */
export function addScopeOptions(command: Command): Command {
	return command
		.optionsGroup("Scope (default: the whole host):")
		.addOption(option("--cgroup <path>", "watch a cgroup and those below it").argParser(repeated(notEmpty("--cgroup"))))
		.addOption(
			option("-p, --pid <pid>", "watch a process and its descendants").argParser(
				listOf(wholeNumber("--pid", 1, LARGEST_PID)),
			),
		)
		.addOption(option("--unit <name>", "watch a systemd unit").argParser(repeated(notEmpty("--unit"))))
		.addOption(
			option("--container <id>", "watch a container, by the start of its id").argParser(
				repeated(notEmpty("--container")),
			),
		)
		.addOption(option("--no-tls", "do not look into encrypted connections"));
}

/** Snapshots from a file instead of the kernel, or to one. */
export function addRecordingOptions(command: Command): Command {
	return command
		.optionsGroup("Recording (one JSON document a line; docs/top.md):")
		.addOption(option("--record <file>", "write what is counted to a new file").argParser(notEmpty("--record")))
		.addOption(option("--input <file>", "show a recording; - is standard input").argParser(notEmpty("--input")));
}

/** Help of flags that mean something else in `watch`. */
export interface FilterTexts {
	readonly path?: string;
	readonly minLatency?: string;
}

/** What is shown. */
export function addFilterOptions(command: Command, texts: FilterTexts = {}): Command {
	return command
		.optionsGroup("Filter (same flag again: or; different flags: and):")
		.addOption(option("--port <port>", "the server's port").argParser(listOf(wholeNumber("--port", 1, LARGEST_PORT))))
		.addOption(choiceOption("--role <role>", "end that was watched: server, client", ["server", "client"], true))
		.addOption(option("--method <method>", "HTTP method").argParser(listOf(method)))
		.addOption(option("--status <status>", "404, 5xx, 400-499, 5+, 0 (no response)").argParser(listOf(status)))
		.addOption(
			option("--path <glob>", texts.path ?? "route; * in a segment, ** across, ? one character").argParser(
				repeated(notEmpty("--path")),
			),
		)
		.addOption(option("--service <name>", "service; * is any text").argParser(repeated(notEmpty("--service"))))
		.addOption(
			option("--min-latency <time>", texts.minLatency ?? "count only exchanges this slow or slower").argParser((text) =>
				parseDuration(text, "--min-latency"),
			),
		);
}

/** When to look and when to end. */
export function addTimingOptions(command: Command): Command {
	return command
		.optionsGroup("Timing (5s, 200ms, 1m30s; a bare number is seconds):")
		.addOption(
			option("-i, --interval <time>", "between two looks [1s]").argParser((text) =>
				parseDuration(text, "--interval", { atLeastSeconds: SHORTEST_INTERVAL_SECONDS }),
			),
		)
		.addOption(
			option("-d, --duration <time>", "end after this time [Ctrl-C]").argParser((text) =>
				parseDuration(text, "--duration"),
			),
		)
		.addOption(option("-n, --count <n>", "end after n intervals").argParser(wholeNumber("--count", 1)));
}

/** How it comes out. Commands that print once, at their end, can have more formats. */
export function addOutputOptions(
	command: Command,
	defaultFormat: string,
	formats: readonly OutputFormat[] = OUTPUT_FORMATS,
): Command {
	return command
		.optionsGroup("Output:")
		.addOption(choiceOption("-o, --output <format>", `${formats.join(", ")} [${defaultFormat}]`, formats))
		.addOption(choiceOption("--sort <key>", `${SORT_KEYS.join(", ")} [count]`, SORT_KEYS))
		.addOption(option("--limit <n>", "show at most n rows").argParser(wholeNumber("--limit", 1)))
		.addOption(colorOption())
		.addOption(option("-q, --quiet", "no lines about counting on standard error"))
		.addOption(
			option("--fail-if <expression>", 'exit with 3 if it holds at the end: "errors > 0"').argParser(
				repeated<Expression>(parseExpression),
			),
		)
		.addOption(
			option("--max-endpoints <n>", "endpoints told apart; the rest is (other) [4096]").argParser(
				wholeNumber("--max-endpoints", 1, LARGEST_MAX_ENDPOINTS),
			),
		);
}
