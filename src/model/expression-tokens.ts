/** The words of a `--fail-if` expression, each with the place it was found at. */
import { HttpeekError } from "../base/errors.js";

export type Comparison = ">" | ">=" | "<" | "<=" | "==" | "!=";

export type Token =
	| { readonly kind: "metric"; readonly text: string; readonly at: number }
	| { readonly kind: "value"; readonly text: string; readonly at: number }
	| { readonly kind: "comparison"; readonly text: Comparison; readonly at: number }
	| { readonly kind: "and" | "or" | "open" | "close" | "end"; readonly text: string; readonly at: number };

/** Expressions are typed by people; what is longer is a mistake, and parentheses nest no deeper than this. */
const LONGEST_EXPRESSION = 1000;

/** In the order in which they are tried at each place. */
const WORDS: readonly (readonly [pattern: RegExp, kind: Token["kind"]])[] = [
	[/(?:&&|and\b)/iy, "and"],
	[/(?:\|\||or\b)/iy, "or"],
	[/(?:>=|<=|==|!=|>|<)/y, "comparison"],
	[/\(/y, "open"],
	[/\)/y, "close"],
	[/\d[\w.%µ]*/y, "value"],
	[/[a-z_][\w.]*/iy, "metric"],
];

/** An error that points at a place of the expression; columns count from 1. */
export function expressionError(expression: string, at: number, problem: string, hint?: string): HttpeekError {
	return new HttpeekError(
		"HTTPEEK_USAGE",
		`expression cannot be read: ${problem} at column ${at + 1} of "${expression}"`,
		{
			hint: hint ?? 'write for example "errors > 0", "p99 > 200ms" or "status404 > 3 and requests >= 100"',
		},
	);
}

/**
 * Cuts an expression into tokens; the last one is of kind `end`.
 * @throws HttpeekError HTTPEEK_USAGE at a character that no word begins with.
 */
export function tokenize(expression: string): readonly Token[] {
	if (expression.length > LONGEST_EXPRESSION) {
		throw new HttpeekError(
			"HTTPEEK_USAGE",
			`expression cannot be read: it is longer than ${LONGEST_EXPRESSION} characters`,
		);
	}
	const tokens: Token[] = [];
	let at = skipSpace(expression, 0);
	while (at < expression.length) {
		const token = tokenAt(expression, at);
		tokens.push(token);
		at = skipSpace(expression, at + token.text.length);
	}
	return [...tokens, { kind: "end", text: "", at: expression.length }];
}

function skipSpace(expression: string, from: number): number {
	let at = from;
	while (expression[at] === " " || expression[at] === "\t") {
		at += 1;
	}
	return at;
}

function tokenAt(expression: string, at: number): Token {
	for (const [pattern, kind] of WORDS) {
		pattern.lastIndex = at;
		const text = pattern.exec(expression)?.[0];
		if (text !== undefined) {
			return { kind, text, at } as Token;
		}
	}
	const character = String.fromCodePoint(expression.codePointAt(at) ?? 0);
	if (character === "=") {
		throw expressionError(expression, at, 'unexpected "="', "equality is ==");
	}
	throw expressionError(expression, at, `unexpected "${character}"`);
}
