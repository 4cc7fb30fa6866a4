/** What httpeek says on standard error. Scripts wait for the first line and read the last: their forms are firm. */
import { HttpeekError } from "../base/errors.js";
import { escapeMessage, escapeText } from "../base/escape.js";
import { truncateToWidth } from "../base/width.js";
import type { CountingInfo } from "../index.js";
import type { Totals } from "../model/totals.js";

/** Terminal columns of what is watched: a command can be a whole script. */
const LONGEST_DESCRIPTION = 100;

/** Counting has begun: from here on no exchange is missed. */
export function countingLine(description: string, advice = ""): string {
	return `httpeek: counting ${truncateToWidth(escapeText(description), LONGEST_DESCRIPTION)}${advice}\n`;
}

/** The same, and what is not counted although it should be. */
export function countingText({ description, tlsProblem }: CountingInfo, advice = ""): string {
	return countingLine(description, advice) + (tlsProblem === undefined ? "" : tlsProblemLine(tlsProblem));
}

/** Encrypted connections should be read and are not; the others are counted. */
function tlsProblemLine(problem: string): string {
	return `httpeek: TLS is not read: ${escapeText(problem)}\n`;
}

/** The end: what was counted, what failed, what may be missing. */
export function summaryLine({ exchanges, errors, lost }: Totals): string {
	return `httpeek: ${exchanges} exchanges, ${errors} errors, ${lost} lost\n`;
}

/** What is said where nothing was seen: the first line has our name, as all that httpeek says. */
export function quietText([first = "", ...others]: readonly string[]): string {
	return [`httpeek: ${first}`, ...others.map((line) => `  ${line}`)].map((line) => `${line}\n`).join("");
}

/** The end of `watch`: what was counted, and what of it was shown. */
export function watchSummaryLine(
	totals: Totals,
	{ shown, skipped, dropped }: { readonly shown: number; readonly skipped: number; readonly dropped: number },
): string {
	return `${summaryLine(totals).trimEnd()}; ${shown} shown, ${skipped} not shown, ${dropped} dropped\n`;
}

/** Exchanges of `watch` that came too fast to be shown, since it was last said. */
export function missedLine(missed: number): string {
	const exchanges = missed === 1 ? "1 exchange" : `${missed} exchanges`;
	return `httpeek: ${exchanges} not shown: too many at once (narrow it down, or --sample 1/100)\n`;
}

/** The end of a recording. */
export function replayLine(shown: number): string {
	return `httpeek: end of the recording, ${shown} shown\n`;
}

/** A `--fail-if` expression held. */
export function failureLine(expression: string): string {
	return `httpeek: failed: ${escapeText(expression)}\n`;
}

/**
 * An error for a person: what failed and why, its code, the cause behind it where there is one, and what to do. A stack
 * is shown only of what should not be possible, and only on request: it helps nobody but the people who fix it.
 */
export function errorText(error: unknown, showStack = false): string {
	const known = asHttpeekError(error);
	const { message, code, hint, cause } = known;
	const lines = [`httpeek: ${message} [${code}]`];
	if (cause instanceof Error && !message.includes(cause.message)) {
		lines.push(`  cause: ${cause.message}`);
	}
	if (hint !== undefined) {
		lines.push(`  hint: ${hint}`);
	}
	if (showStack && error instanceof Error && error.stack !== undefined) {
		lines.push(error.stack);
	}
	return `${escapeMessage(lines.join("\n"))}\n`;
}

/** The error itself, or what stands for one that nobody foresaw. */
export function asHttpeekError(error: unknown): HttpeekError {
	if (error instanceof HttpeekError) {
		return error;
	}
	const message = error instanceof Error ? error.message : String(error);
	return new HttpeekError("HTTPEEK_INTERNAL", `unexpected error: ${message}`, {
		hint: "run it again with HTTPEEK_DEBUG=1 and report what it prints",
	});
}
