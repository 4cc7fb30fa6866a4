/** The result as a table for people and as JSON for programs. */
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, release } from "node:os";
import { type Column, renderTable } from "../src/sinks/columns.js";
import { formatGoal, formatMeasured, formatNumber, type Row, type Verdict, verdict } from "./row.js";

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

const column = (title: string, align: "start" | "end", of: (row: Row) => string): Column<Row> => ({
	title,
	align,
	cell: (row) => ({ text: of(row) }),
});

const COLUMNS: readonly Column<Row>[] = [
	column("WHAT", "start", ({ what }) => what),
	column("MEASURED", "end", formatMeasured),
	column("MIDDLE HALF", "end", ({ spread, unit }) => spread?.map((end) => formatNumber(end, unit)).join(" .. ") ?? ""),
	column("GOAL", "end", formatGoal),
	column("", "start", verdict),
	column("FROM", "start", ({ note }) => note ?? ""),
];

/** Ends in a newline. */
export function formatReport({ machine, isQuick, rows }: Report): string {
	const { kernel, cpu, cpus: cpuCount, node, load } = machine;
	const verdicts = rows.map(verdict).filter((each) => each !== "-");
	const count = (wanted: Verdict): number => verdicts.filter((each) => each === wanted).length;
	return [
		`Linux ${kernel}, ${cpuCount} x ${cpu}, Node ${node}, load ${load} at the start`,
		...(isQuick ? ["--quick: phases are too short for numbers to be quoted"] : []),
		"",
		...renderTable(COLUMNS, rows, { color: false }),
		"",
		`of ${verdicts.length} goals ${count("ok")} reached, ${count("misses")} missed, ${count("unclear")} unclear`,
		"",
	].join("\n");
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
			goal: row.goal ?? null,
			verdict: verdict(row),
			note: row.note ?? null,
		})),
	};
	return `${JSON.stringify(document)}\n`;
}
