/** `httpeek doctor`: what this machine allows, and what to do where it does not. */
import { ExitCode } from "../base/errors.js";
import { escapeText, toJson } from "../base/escape.js";
import type { Check } from "../capture/doctor.js";
import { paint, renderTable, type Style } from "../sinks/columns.js";
import type { CliContext } from "./context.js";
import { type ColorChoice, useColor } from "./settings.js";

export interface DoctorFlags {
	readonly output?: "table" | "json";
	readonly color?: ColorChoice;
}

const STYLES: Readonly<Record<Check["state"], Style | undefined>> = {
	ok: undefined,
	warning: "warning",
	failed: "error",
};

/** Runs the command: exit code 0 where the main job can run, 4 where not. */
export async function doctor(flags: DoctorFlags, context: CliContext): Promise<ExitCode> {
	const checks = await context.runChecks();
	const canRun = checks.every(({ state }) => state !== "failed");
	const color = useColor(flags.color, context.stdout, context.env);
	await context.stdout.write(flags.output === "json" ? formatJson(checks, canRun) : formatChecks(checks, color));
	return canRun ? ExitCode.ok : ExitCode.notAllowed;
}

function formatJson(checks: readonly Check[], canRun: boolean): string {
	const rows = checks.map(({ name, state, detail, hint }) => ({ name, state, detail, hint: hint ?? null }));
	return `${toJson({ schema: "httpeek-doctor/1", can_run: canRun, checks: rows })}\n`;
}

/** Where what belongs to a check stands below it. */
const INDENT = " ".repeat(9);

/** A line for each check, what to do below those that are not ok, and what that means for the whole. */
export function formatChecks(checks: readonly Check[], color: boolean): string {
	const [header = "", ...lines] = renderTable<Check>(
		[
			{ title: "STATE", align: "start", cell: ({ state }) => ({ text: state, ...styleOf(state) }) },
			{ title: "CHECK", align: "start", cell: ({ name }) => ({ text: name }) },
			{ title: "DETAIL", align: "start", cell: ({ detail }) => ({ text: escapeText(firstLine(detail)) }) },
		],
		checks,
		{ color },
	);
	const body = checks.flatMap(({ state, hint, detail }, index) => [
		lines[index] ?? "",
		...detail
			.split("\n")
			.slice(1)
			.map((line) => INDENT + escapeText(line)),
		...(hint === undefined || state === "ok" ? [] : [`${INDENT}to do: ${escapeText(hint)}`]),
	]);
	return [header, ...body, "", ...verdict(checks, color)].map((line) => `${line}\n`).join("");
}

function verdict(checks: readonly Check[], color: boolean): string[] {
	const numberOf = (wanted: Check["state"]): number => checks.filter(({ state }) => state === wanted).length;
	const [failed, warnings] = [numberOf("failed"), numberOf("warning")];
	if (failed > 0) {
		return [
			paint(`httpeek cannot run here: ${failed} of ${checks.length} checks failed`, "error", color),
			"mend them from top to bottom, one may be the cause of the next; then: httpeek doctor",
		];
	}
	const limits = warnings === 0 ? "" : `, with ${warnings === 1 ? "one limit" : `${warnings} limits`}: see above`;
	return [`httpeek can run here${limits}`, "see it work: httpeek demo"];
}

function styleOf(state: Check["state"]): { style?: Style } {
	const style = STYLES[state];
	return style === undefined ? {} : { style };
}

/** The end of a verifier's log has many. */
function firstLine(detail: string): string {
	return detail.split("\n", 1)[0] ?? "";
}
