/** The report for people: a table of the endpoints, then one line each for totals, connections and losses. */

import { formatSeconds } from "../base/durations.js";
import { escapeText } from "../base/escape.js";
import { mean } from "../model/histogram.js";
import type { EndpointRow, Role, Snapshot } from "../model/snapshot.js";
import { type Totals, totalsOf } from "../model/totals.js";
import { type Column, paint, renderTable, type TableOptions } from "./columns.js";
import { chosenRows, type RowOptions } from "./options.js";
import { peerLines } from "./peer-table.js";
import { formatQuantile, formatRate, formatShare, ROLE_HEADINGS, statusCell } from "./texts.js";

const ROLES: readonly Role[] = ["server", "client"];

export interface ReportTableOptions extends RowOptions, TableOptions {
	/** Show every label: protocol, TLS, peer, and more of the latency. */
	readonly wide?: boolean;
	/** A table for what was served and one for what was called, as a report about a command wants it. */
	readonly byRole?: boolean;
}

interface RowColumn extends Column<EndpointRow> {
	readonly onlyWide?: boolean;
	/** Where roles are separated: the roles whose table has it, wide or not. */
	readonly roles?: readonly Role[];
}

function rowColumns(durationSeconds: number): readonly RowColumn[] {
	const text = (title: string, of: (row: EndpointRow) => string, more: Partial<RowColumn> = {}): RowColumn => ({
		title,
		align: "start",
		cell: (row) => ({ text: of(row) }),
		...more,
	});
	const number = (title: string, of: (row: EndpointRow) => string, more: Partial<RowColumn> = {}): RowColumn =>
		text(title, of, { align: "end", ...more });
	return [
		text("SERVICE", ({ service }) => escapeText(service), { shrinksTo: 8, dropOrder: 3 }),
		text("ROLE", ({ role }) => role, { dropOrder: 4, roles: [] }),
		number("PORT", ({ port }) => String(port), { dropOrder: 2, roles: ["server"] }),
		text("PEER", ({ peer }) => escapeText(peer ?? "-"), { onlyWide: true, dropOrder: 8, roles: ["client"] }),
		text("PROTOCOL", ({ protocol, tls }) => (tls ? `${protocol} tls` : protocol), { onlyWide: true, dropOrder: 9 }),
		text("METHOD", ({ method }) => method),
		text("ENDPOINT", ({ route }) => escapeText(route), { shrinksTo: 12 }),
		{ title: "STATUS", align: "end", cell: statusCell },
		number("COUNT", ({ count }) => String(count)),
		number("RATE", ({ count }) => formatRate(count, durationSeconds), { dropOrder: 5 }),
		number("IN FLIGHT", ({ inFlight }) => String(inFlight), { onlyWide: true, dropOrder: 7 }),
		number("MEAN", ({ latency }) => meanText(latency), { onlyWide: true, dropOrder: 7 }),
		number("P50", ({ latency }) => formatQuantile(latency, 0.5), { dropOrder: 1 }),
		number("P90", ({ latency }) => formatQuantile(latency, 0.9), { dropOrder: 6 }),
		number("P99", ({ latency }) => formatQuantile(latency, 0.99), { dropOrder: 1 }),
		number("P99.9", ({ latency }) => formatQuantile(latency, 0.999), { onlyWide: true, dropOrder: 7 }),
	];
}

function meanText(latency: EndpointRow["latency"]): string {
	const seconds = mean(latency);
	return seconds === undefined ? "-" : formatSeconds(seconds);
}

/** The report as text; ends in a newline. */
export function formatTable(snapshot: Snapshot, options: ReportTableOptions): string {
	const lines = [
		...endpointLines(snapshot, options),
		"",
		totalsLine(totalsOf(snapshot), snapshot.durationSeconds),
		...connectionLines(snapshot),
		...peerLines(snapshot.peers, options),
		...lossLines(snapshot).map((line) => paint(line, "warning", options.color)),
	];
	return lines.map((line) => `${line}\n`).join("");
}

function endpointLines(snapshot: Snapshot, options: ReportTableOptions): string[] {
	if (snapshot.endpoints.length === 0) {
		return ["no HTTP exchange was seen"];
	}
	if (options.byRole !== true) {
		return tableLines(snapshot, undefined, options);
	}
	const tables = ROLES.map((role) => tableLines(snapshot, role, options)).filter((lines) => lines.length > 0);
	return tables.flatMap((lines, index) => (index === 0 ? lines : ["", ...lines]));
}

/** The rows of a role below its heading, or all rows. */
function tableLines(snapshot: Snapshot, role: Role | undefined, options: ReportTableOptions): string[] {
	const { color, wide = false } = options;
	const ofRole = snapshot.endpoints.filter((row) => role === undefined || row.role === role);
	if (ofRole.length === 0) {
		return [];
	}
	const columns = rowColumns(snapshot.durationSeconds).filter(({ onlyWide = false, roles }) =>
		role === undefined || roles === undefined ? wide || !onlyWide : roles.includes(role),
	);
	const rows = chosenRows(ofRole, options);
	const hidden = ofRole.length - rows.length;
	return [
		...(role === undefined ? [] : [paint(ROLE_HEADINGS[role], "bold", color)]),
		...renderTable(columns, rows, options),
		...(hidden > 0 ? [paint(`… and ${hidden} more rows`, "dim", color)] : []),
	];
}

/** `12034 exchanges in 10.0 s (1203/s), 3 errors (0.02 %), 0 unanswered, 2 in flight, p50 1.20 ms, p99 4.10 ms`. */
export function totalsLine(totals: Totals, durationSeconds: number): string {
	const { exchanges, errors, unanswered, inFlight, latency } = totals;
	return [
		`${exchanges} exchanges in ${durationSeconds.toFixed(1)} s (${formatRate(exchanges, durationSeconds)})`,
		errors === 0 ? "0 errors" : `${errors} errors (${formatShare(errors, exchanges)})`,
		`${unanswered} unanswered`,
		`${inFlight} in flight`,
		`p50 ${formatQuantile(latency, 0.5)}`,
		`p99 ${formatQuantile(latency, 0.99)}`,
	].join(", ");
}

function connectionLines({ connections }: Snapshot): string[] {
	return connections.map(({ service, role, peer, outcome, count }) => {
		const where = peer === null ? "" : ` to ${escapeText(peer)}`;
		return `${count} connections ${outcome}${where} (${escapeText(service)}, ${role})`;
	});
}

/** What could not be counted, or only under `(other)`: nothing is said where there is nothing. */
export function lossLines({ losses, facts }: Snapshot): string[] {
	const lines: string[] = [];
	if (losses.requests + losses.responses > 0) {
		const reasons = Object.entries(losses.detail)
			.filter(([, count]) => count > 0)
			.map(([name, count]) => `${name} ${count}`);
		const which = reasons.length === 0 ? "" : `: ${reasons.join(", ")}`;
		lines.push(`LOST up to ${losses.requests} requests and ${losses.responses} responses${which} (docs/losses.md)`);
	}
	if (losses.endpoints_other > 0) {
		lines.push(`${losses.endpoints_other} exchanges are under (other): more endpoints than --max-endpoints`);
	}
	const unread = facts.tls_unread ?? 0;
	if (unread > 0) {
		lines.push(`${unread} TLS connections were not read: no known library, or found too late (docs/tls.md)`);
	}
	return lines;
}
