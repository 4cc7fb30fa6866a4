/** The second table of a report: connections by service and peer. */
import { formatSeconds } from "../base/durations.js";
import { escapeText } from "../base/escape.js";
import { peerMeans } from "../model/peers.js";
import type { PeerRow } from "../model/snapshot.js";
import { type Column, paint, renderTable, type TableOptions } from "./columns.js";

/** Without --limit. */
const MOST_ROWS = 20;

function secondsText(seconds: number | undefined): string {
	return seconds === undefined ? "-" : formatSeconds(seconds);
}

function column(title: string, of: (row: PeerRow) => string, more: Partial<Column<PeerRow>> = {}): Column<PeerRow> {
	return { title, align: "end", cell: (row) => ({ text: of(row) }), ...more };
}

const COLUMNS: readonly Column<PeerRow>[] = [
	column("SERVICE", ({ service }) => escapeText(service), { align: "start", shrinksTo: 8, dropOrder: 2 }),
	column("ROLE", ({ role }) => role, { align: "start", dropOrder: 3 }),
	column("PEER", ({ peer, port }) => escapeText(peer ?? `clients of port ${port}`), { align: "start", shrinksTo: 10 }),
	column("CONNECTIONS", ({ established }) => String(established)),
	column("ENDED", ({ ended }) => String(ended), { dropOrder: 4 }),
	column("CONNECT", (row) => secondsText(peerMeans(row).connectSeconds), { dropOrder: 1 }),
	column("RTT", (row) => secondsText(peerMeans(row).rttSeconds), { dropOrder: 1 }),
	column("RETRANSMITS", ({ retransmits }) => String(retransmits)),
];

/** The table's lines, an empty one first; none where no connection was established. CONNECT and RTT are means. */
export function peerLines(peers: readonly PeerRow[], options: TableOptions & { readonly limit?: number }): string[] {
	const shown = peers.slice(0, options.limit ?? MOST_ROWS);
	if (shown.length === 0) return [];
	const hidden = peers.length - shown.length;
	return [
		"",
		...renderTable(COLUMNS, shown, options),
		...(hidden > 0 ? [paint(`… and ${hidden} more peers`, "dim", options.color)] : []),
	];
}
