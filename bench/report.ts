/** The result as a table for people and as JSON for programs. */
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, release } from "node:os";
import { type Column, renderTable } from "../src/sinks/columns.js";
import { formatEnds, formatGoal, formatMeasured, type Row, type Verdict, verdict } from "./row.js";

export interface Machine {
	readonly kernel: string;
	readonly cpu: string;
	readonly cpus: number;
	readonly node: string;
	/** Processes that wanted to run before the first measurement: more than a few tenths are noise. */
	readonly load: number;
}

export interface Report {
	readonly machine: Machine;
	readonly isQuick: boolean;
	readonly startedAt: Date;
	readonly rows: readonly Row[];
}

export function thisMachine(): Machine {
	return {
		kernel: release(),
		cpu: cpus()[0]?.model ?? "unknown",
		cpus: availableParallelism(),
		node: process.versions.node,
		load: Number(readFileSync("/proc/loadavg", "latin1").split(" ")[0]),
	};
}

interface Field {
	readonly title: string;
	readonly align: "start" | "end";
	readonly of: (row: Row) => string;
}

const FIELDS: readonly Field[] = [
	{ title: "what", align: "start", of: ({ what }) => what },
	{ title: "measured", align: "end", of: formatMeasured },
	{ title: "middle half", align: "end", of: ({ spread, unit }) => formatEnds(spread, unit) },
	{ title: "95 % of median", align: "end", of: ({ interval, unit }) => formatEnds(interval, unit) },
	{ title: "goal", align: "end", of: formatGoal },
	{ title: "", align: "start", of: verdict },
	{ title: "from", align: "start", of: ({ note }) => note ?? "" },
];

const COLUMNS: readonly Column<Row>[] = FIELDS.map(({ title, align, of }) => ({
	title: title.toUpperCase(),
	align,
	cell: (row) => ({ text: of(row) }),
}));

/** Ends in a newline. */
export function formatReport(report: Report): string {
	return [
		...headOf(report),
		"",
		...renderTable(COLUMNS, report.rows, { color: false }),
		"",
		summaryOf(report),
		"",
	].join("\n");
}

/** The same for README.md and its like. Ends in a newline. */
export function formatMarkdown(report: Report): string {
	const line = (cells: readonly string[]): string =>
		`| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
	return [
		...headOf(report),
		"",
		line(FIELDS.map(({ title }) => title)),
		line(FIELDS.map(({ align }) => (align === "end" ? "---:" : "---"))),
		...report.rows.map((row) => line(FIELDS.map(({ of }) => of(row)))),
		"",
		summaryOf(report),
		"",
	].join("\n");
}

function headOf({ machine, isQuick, startedAt }: Report): string[] {
	const { kernel, cpu, cpus: cpuCount, node, load } = machine;
	const day = startedAt.toISOString().slice(0, "2026-01-01".length);
	return [
		`Linux ${kernel}, ${cpuCount} x ${cpu}, Node ${node}, load ${load} at the start, ${day}`,
		...(isQuick ? ["--quick: phases are too short for numbers to be quoted"] : []),
	];
}

function summaryOf({ rows }: Report): string {
	const verdicts = rows.map(verdict).filter((each) => each !== "-");
	const count = (wanted: Verdict): number => verdicts.filter((each) => each === wanted).length;
	return `of ${verdicts.length} goals ${count("ok")} reached, ${count("misses")} missed, ${count("unclear")} unclear`;
}

/** One document. */
export function reportJson({ machine, isQuick, startedAt, rows }: Report): string {
	const document = {
		schema: "httpeek-bench/1",
		started_at: startedAt.toISOString(),
		machine,
		quick: isQuick,
		rows: rows.map((row) => ({
			group: row.group,
			what: row.what,
			unit: row.unit,
			measured: row.measured,
			spread: row.spread ?? null,
			interval: row.interval ?? null,
			goal: row.goal ?? null,
			verdict: verdict(row),
			note: row.note ?? null,
		})),
	};
	return `${JSON.stringify(document)}\n`;
}
