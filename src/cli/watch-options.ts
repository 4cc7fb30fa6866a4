/** The flags of `watch`: which exchanges, how much of them, and from where. */
import { type Command, Option } from "commander";
import { parseDuration } from "../base/durations.js";
import { HttpeekError } from "../base/errors.js";
import { type Expression, parseExpression } from "../model/expression.js";
import { EXCHANGE_FORMATS, type ExchangeFormat } from "../sinks/format-names.js";
import {
	addFilterOptions,
	addScopeOptions,
	choiceOption,
	colorOption,
	LARGEST_MAX_ENDPOINTS,
	notEmpty,
	repeated,
	wholeNumber,
} from "./options.js";
import type { Flags } from "./settings.js";

/** The values of the flags after their parsers: absent where not given. */
export interface WatchFlags extends Omit<Flags, "output"> {
	readonly output?: ExchangeFormat;
	readonly slow?: number;
	readonly errors?: boolean;
	readonly sample?: number;
	readonly query?: boolean;
	readonly raw?: boolean;
	readonly input?: string;
	readonly record?: string;
}

const LARGEST_SAMPLE = 1_000_000;

/** `1/100`: one in a hundred. */
function sample(text: string): number {
	const one = Number(/^1\/([1-9]\d{0,6})$/.exec(text)?.[1]);
	if (!(one <= LARGEST_SAMPLE)) {
		throw new HttpeekError("HTTPEEK_USAGE", `--sample cannot be used: "${text}" is not one in so many`, {
			hint: `write 1/100; 1/${LARGEST_SAMPLE} at most`,
		});
	}
	return one;
}

export function addWatchOptions(command: Command): Command {
	addFilterOptions(addScopeOptions(command), {
		path: "path or route; * in a segment, ** across, ? one character",
		minLatency: "only exchanges this slow or slower",
	})
		.addOption(
			new Option("--slow <time>", "the same as --min-latency").argParser((text) => parseDuration(text, "--slow")),
		)
		.option("--errors", "only errors: no response, 5xx, 4xx of clients")
		.addOption(new Option("--sample <share>", "a random share of what is left: 1/100").argParser(sample));
	return command
		.optionsGroup("End (5s, 200ms, 1m30s; a bare number is seconds):")
		.addOption(
			new Option("-d, --duration <time>", "end after this time [Ctrl-C]").argParser((text) =>
				parseDuration(text, "--duration"),
			),
		)
		.addOption(new Option("-n, --count <n>", "end after n exchanges").argParser(wholeNumber("--count", 1)))
		.optionsGroup("Output:")
		.addOption(choiceOption("-o, --output <format>", `${EXCHANGE_FORMATS.join(", ")} [lines]`, EXCHANGE_FORMATS))
		.option("--query", "show queries, without the values of secrets")
		.option("--raw", "show what looks like a token in a path")
		.addOption(colorOption())
		.option("-q, --quiet", "no lines about counting on standard error")
		.addOption(
			new Option("--fail-if <expression>", 'exit with 3 if it holds at the end: "errors > 0"').argParser(
				repeated<Expression>(parseExpression),
			),
		)
		.addOption(
			new Option("--max-endpoints <n>", "endpoints told apart; the rest is (other) [4096]").argParser(
				wholeNumber("--max-endpoints", 1, LARGEST_MAX_ENDPOINTS),
			),
		)
		.optionsGroup("Recordings:")
		.addOption(
			new Option("--record <file>", "write what is shown to a file, too, as JSON").argParser(notEmpty("--record")),
		)
		.addOption(new Option("--input <file>", "show a recording (- is standard input)").argParser(notEmpty("--input")));
}
