/**
 * `--fail-if` expressions:
 *
 *     any        = all { ("or" | "||") all }
 *     all        = term { ("and" | "&&") term }
 *     term       = "(" any ")" | metric comparison value
 *     comparison = ">" | ">=" | "<" | "<=" | "==" | "!="
 *
 * Metrics and their values: expression-metrics.ts.
 */
import { mostSimilar } from "../base/similar.js";
import {
	EXAMPLE_METRICS,
	findMetric,
	METRIC_NAMES,
	type Metric,
	readValue,
	VALUE_EXAMPLES,
} from "./expression-metrics.js";
import { type Comparison, expressionError, type Token, tokenize } from "./expression-tokens.js";
import type { Totals } from "./totals.js";

export interface Expression {
	/** As it was given. */
	readonly text: string;
	/** Whether it is true of these totals. */
	readonly holds: (totals: Totals) => boolean;
}

type Test = Expression["holds"];

const COMPARE: Readonly<Record<Comparison, (a: number, b: number) => boolean>> = {
	">": (a, b) => a > b,
	">=": (a, b) => a >= b,
	"<": (a, b) => a < b,
	"<=": (a, b) => a <= b,
	"==": (a, b) => a === b,
	"!=": (a, b) => a !== b,
};

/**
 * Reads an expression. A comparison with a metric that has no value (a percentile of no exchanges) does not hold.
 * @throws HttpeekError HTTPEEK_USAGE, with the column of the first thing that cannot be.
 */
export function parseExpression(text: string): Expression {
	const parser = new Parser(text);
	return { text, holds: parser.parse() };
}

class Parser {
	readonly #text: string;
	readonly #tokens: readonly Token[];
	#position = 0;

	constructor(text: string) {
		this.#text = text;
		this.#tokens = tokenize(text);
	}

	parse(): Test {
		const test = this.#any();
		const next = this.#peek();
		if (next.kind !== "end") {
			throw this.#unexpected(next, 'expected "and", "or" or the end');
		}
		return test;
	}

	#any(): Test {
		const tests = [this.#all()];
		while (this.#accept("or")) {
			tests.push(this.#all());
		}
		return (totals) => tests.some((holds) => holds(totals));
	}

	#all(): Test {
		const tests = [this.#term()];
		while (this.#accept("and")) {
			tests.push(this.#term());
		}
		return (totals) => tests.every((holds) => holds(totals));
	}

	#term(): Test {
		if (!this.#accept("open")) {
			return this.#comparison();
		}
		const test = this.#any();
		if (!this.#accept("close")) {
			throw this.#unexpected(this.#peek(), 'expected ")"');
		}
		return test;
	}

	#comparison(): Test {
		const metric = this.#metric();
		const operator = this.#peek();
		if (operator.kind !== "comparison") {
			throw this.#unexpected(operator, "expected one of > >= < <= == !=");
		}
		this.#position += 1;
		const compare = COMPARE[operator.text];
		const wanted = this.#value(metric);
		return (totals) => {
			const found = metric.of(totals);
			return found !== undefined && compare(found, wanted);
		};
	}

	#metric(): Metric {
		const token = this.#peek();
		if (token.kind !== "metric") {
			throw this.#unexpected(token, "expected a metric");
		}
		const metric = findMetric(token.text.toLowerCase());
		if (metric === undefined) {
			const meant = mostSimilar(token.text, EXAMPLE_METRICS);
			const hint = `${meant === undefined ? "" : `did you mean ${meant}? `}metrics are ${METRIC_NAMES}`;
			throw expressionError(this.#text, token.at, `unknown metric "${token.text}"`, hint);
		}
		this.#position += 1;
		return metric;
	}

	#value(metric: Metric): number {
		const token = this.#peek();
		const value = token.kind === "value" ? readValue(token.text, metric.kind) : undefined;
		if (value === undefined) {
			throw this.#unexpected(token, `expected ${VALUE_EXAMPLES[metric.kind]}`);
		}
		this.#position += 1;
		return value;
	}

	#peek(): Token {
		return this.#tokens[this.#position] ?? { kind: "end", text: "", at: this.#text.length };
	}

	#accept(kind: Token["kind"]): boolean {
		const found = this.#peek().kind === kind;
		this.#position += found ? 1 : 0;
		return found;
	}

	#unexpected(token: Token, expected: string): Error {
		const found = token.kind === "end" ? "" : `, found "${token.text}"`;
		return expressionError(this.#text, token.at, expected + found);
	}
}
