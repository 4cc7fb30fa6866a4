/** The views below HTTP: the connections of each service, and the other ends. */
import { filterTextOf } from "../model/filter-text.js";
import type { Moment } from "../model/history.js";
import type { ConnectionOutcome } from "../model/snapshot.js";
import {
	countColumn,
	countsColumn,
	errorShareColumn,
	latencyColumns,
	type MeasuredRow,
	minuteColumn,
	rateColumn,
	roleColumn,
	secondsColumn,
	serviceColumn,
	textColumn,
} from "./columns-common.js";
import { type ConnectionFacts, groupConnections, placeOf } from "./connections.js";
import { groupMeasures, NO_MEASURES } from "./measures.js";
import { rateText } from "./numbers.js";
import type { ScreenColumn } from "./table.js";
import { defineView } from "./view.js";

const FAILURES: readonly (readonly [ConnectionOutcome, title: string, help: string])[] = [
	["refused", "REFUSED", "Connections that the other end refused: nobody listens there."],
	["timeout", "TIMEOUT", "Connections without an answer to the first packet, until one side gave up."],
	["unreachable", "UNREACH", "Connections for which no packet could be sent: no route, or it is forbidden."],
	["reset", "RESET", "Established connections that were broken off."],
];

function failureColumns(): readonly ScreenColumn<ConnectionFacts>[] {
	return FAILURES.map(([outcome, title, help]) =>
		countColumn(outcome, ({ failed }) => failed[outcome], { title, width: 7, dropOrder: 1, help }, "error"),
	);
}

const peerColumn: ScreenColumn<ConnectionFacts> = textColumn("peer", ({ place }) => place, {
	width: { least: 17, comfortable: 21, most: 47 },
	dropOrder: 0,
	help: "The other end of a client's connections; a server's clients are not told apart.",
});

const connectColumn: ScreenColumn<ConnectionFacts> = secondsColumn("connect", ({ connectSeconds }) => connectSeconds, {
	dropOrder: 2,
	help: "Mean time from a client's first packet until the connection stands. Of the last 10 seconds if there was any.",
});

const rttColumn: ScreenColumn<ConnectionFacts> = secondsColumn("rtt", ({ rttSeconds }) => rttSeconds, {
	dropOrder: 3,
	help: "Mean of TCP's own estimate of the round trip, taken when connections begin and end.",
});

const retransmitsColumn: ScreenColumn<ConnectionFacts> = countColumn(
	"retransmits",
	({ retransmits }) => retransmits,
	{ title: "RETRANS", width: 7, dropOrder: 3, help: "Segments sent again: packets got lost, or answers came late." },
	"warning",
);

export const connectionsView = defineView<ConnectionFacts>({
	id: "connections",
	what: "TCP connections of each service: how many, how they failed, how the path is. Enter shows the endpoints.",
	columns: [
		serviceColumn(0),
		roleColumn(4),
		peerColumn,
		{
			id: "rate",
			title: "CONN/S",
			align: "end",
			width: 7,
			dropOrder: 4,
			value: ({ rate }) => rate,
			cell: ({ rate }) => ({ text: rateText(rate), tone: rate === 0 ? "dim" : undefined }),
			help: "Connections established a second, over the last 10 seconds.",
		},
		countColumn("established", ({ established }) => established, {
			title: "CONNS",
			dropOrder: 3,
			help: "Connections established, since the start or the last r.",
		}),
		countColumn("open", ({ open }) => open, { width: 5, dropOrder: 5, help: "Those that stand now." }),
		...failureColumns(),
		connectColumn,
		rttColumn,
		retransmitsColumn,
	],
	sort: { column: "established", descending: true },
	rows: (moment) => groupConnections(moment, ({ service, role, place }) => JSON.stringify([service, role, place])),
	open: ({ service, role }) => ({ kind: "filter", text: filterTextOf({ service, role }) }),
});

interface PeerItem extends ConnectionFacts, MeasuredRow {}

function peerRows(moment: Moment): PeerItem[] {
	const { minute } = moment;
	const requests = new Map(
		groupMeasures(
			moment,
			placeOf,
			(place, { service, role }, measures) => [place, { service, role, measures }] as const,
		),
	);
	const withConnections = groupConnections(moment, ({ place }) => place).map((facts): PeerItem => {
		const measures = requests.get(facts.place)?.measures ?? NO_MEASURES;
		requests.delete(facts.place);
		return { ...facts, measures, minute };
	});
	// connections older than httpeek: only what is asked over them was seen
	const others = [...requests].map(
		([place, { service, role, measures }]): PeerItem => ({
			...{ key: place, place, service, role, measures, minute },
			...{ established: 0, retransmits: 0, open: 0, rate: 0, services: 1 },
			failed: { refused: 0, timeout: 0, unreachable: 0, reset: 0 },
			connectSeconds: undefined,
			rttSeconds: undefined,
		}),
	);
	return [...withConnections, ...others];
}

function failuresOf({ failed }: ConnectionFacts): number {
	return Object.values(failed).reduce((sum, count) => sum + count, 0);
}

export const peersView = defineView<PeerItem>({
	id: "peers",
	what: "The other ends: what is asked of them, how they answer, how the path is. Enter shows the endpoints.",
	columns: [
		peerColumn,
		countColumn("services", ({ services }) => services, {
			title: "SERV",
			width: 5,
			dropOrder: 6,
			help: "How many services here talk to it.",
		}),
		rateColumn(),
		countsColumn(),
		errorShareColumn(),
		...latencyColumns<PeerItem>(),
		countColumn(
			"failed",
			failuresOf,
			{ dropOrder: 2, help: "Connections refused, timed out, unreachable or reset." },
			"error",
		),
		connectColumn,
		rttColumn,
		retransmitsColumn,
		minuteColumn(),
	],
	sort: { column: "rate", descending: true },
	rows: peerRows,
	open: ({ role, place }) => {
		const port = /(\d+)$/.exec(place)?.[1] ?? "";
		return { kind: "filter", text: role === "client" ? place : filterTextOf({ role, port }) };
	},
});
