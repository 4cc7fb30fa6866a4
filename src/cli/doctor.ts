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
	await context.stdout.write(
		flags.output === "json" ? formatJson(checks, canRun) : formatChecks(checks, canRun, color),
	);
	return canRun ? ExitCode.ok : ExitCode.notAllowed;
}

function formatJson(checks: readonly Check[], canRun: boolean): string {
	const rows = checks.map(({ name, state, detail, hint }) => ({ name, state, detail, hint: hint ?? null }));
	return `${toJson({ schema: "httpeek-doctor/1", can_run: canRun, checks: rows })}\n`;
}

/** A line for each check, and what to do below those that are not ok. */
export function formatChecks(checks: readonly Check[], canRun: boolean, color: boolean): string {
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
			.map((line) => `         ${escapeText(line)}`),
		...(hint === undefined || state === "ok" ? [] : [`         -> ${escapeText(hint)}`]),
	]);
	const verdict = canRun
		? "httpeek can run here"
		: paint("httpeek cannot run here: see what failed above", "error", color);
	return [header, ...body, "", verdict].map((line) => `${line}\n`).join("");
}

function styleOf(state: Check["state"]): { style?: Style } {
	const style = STYLES[state];
	return style === undefined ? {} : { style };
}

/** The end of a verifier's log has many. */
function firstLine(detail: string): string {
	return detail.split("\n", 1)[0] ?? "";
}
