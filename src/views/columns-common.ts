/** Columns that several views share. */
import { quantile } from "../model/histogram.js";
import { ratesOf, type Tick } from "../model/history.js";
import type { Role } from "../model/snapshot.js";
import { sparkline } from "./charts.js";
import type { Tone } from "./look.js";
import { countIn, type Measures, type StatusClass } from "./measures.js";
import { countText, percentText, rateText, secondsText } from "./numbers.js";
import { screenText } from "./screen-text.js";
import type { ScreenColumn } from "./table.js";

/** A row about exchanges. */
export interface MeasuredRow {
	/** What tells it from the view's other rows. */
	readonly key: string;
	readonly measures: Measures;
	/** The last minute, of which it draws its part. */
	readonly minute: readonly Tick[];
}

type Width = ScreenColumn<never>["width"];

/** A column of text that others wrote. */
export function textColumn<Row>(
	id: string,
	of: (row: Row) => string,
	more: { readonly width: Width; readonly dropOrder: number; readonly help: string; readonly title?: string },
): ScreenColumn<Row> {
	return {
		id,
		title: id.toUpperCase(),
		align: "start",
		value: of,
		cell: (row, { look }) => ({ text: screenText(of(row), look) }),
		...more,
	};
}

/** A column of counts; zeros step back, others may have a tone. */
export function countColumn<Row>(
	id: string,
	of: (row: Row) => number,
	more: { readonly dropOrder: number; readonly help: string; readonly title?: string; readonly width?: number },
	tone?: Tone,
): ScreenColumn<Row> {
	return {
		id,
		title: id.toUpperCase(),
		align: "end",
		width: 6,
		value: of,
		cell: (row) => {
			const count = of(row);
			return { text: countText(count), tone: count === 0 ? "dim" : tone };
		},
		...more,
	};
}

/** A column of durations. */
export function secondsColumn<Row>(
	id: string,
	of: (row: Row) => number | undefined,
	more: { readonly dropOrder: number; readonly help: string; readonly title?: string },
	toneOf: (row: Row) => Tone | undefined = () => undefined,
): ScreenColumn<Row> {
	return {
		id,
		title: id.toUpperCase(),
		align: "end",
		width: 7,
		value: of,
		cell: (row) => ({ text: secondsText(of(row)), tone: of(row) === undefined ? "dim" : toneOf(row) }),
		...more,
	};
}

export function serviceColumn<Row extends { readonly service: string }>(dropOrder: number): ScreenColumn<Row> {
	return textColumn("service", ({ service }) => service, {
		width: { least: 8, comfortable: 16, most: 24 },
		dropOrder,
		help: "Container or systemd unit that the socket belongs to, else the process that made it.",
	});
}

export function roleColumn<Row extends { readonly role: Role }>(dropOrder: number): ScreenColumn<Row> {
	return {
		id: "role",
		title: "ROLE",
		align: "start",
		width: 6,
		dropOrder,
		value: ({ role }) => role,
		cell: ({ role }) => ({ text: role, tone: role === "client" ? "dim" : undefined }),
		help: "Which end was watched: server, where requests come in; client, where they go out. On one host you see both.",
	};
}

export function rateColumn<Row extends MeasuredRow>(): ScreenColumn<Row> {
	return {
		id: "rate",
		title: "REQ/S",
		align: "end",
		width: 6,
		dropOrder: 0,
		value: ({ measures }) => measures.rate,
		cell: ({ measures }) => ({ text: rateText(measures.rate), tone: measures.rate === 0 ? "dim" : undefined }),
		help: "Exchanges that ended, a second, over the last 10 seconds.",
	};
}

export function errorShareColumn<Row extends MeasuredRow>(): ScreenColumn<Row> {
	return {
		id: "error%",
		title: "ERR%",
		align: "end",
		width: 6,
		dropOrder: 1,
		value: ({ measures }) => measures.errorShare,
		cell: ({ measures: { errorShare = 0 } }) => ({
			text: percentText(errorShare),
			tone: errorShare > 0 ? "error" : "dim",
		}),
		help: "Part that failed over the last 10 seconds: 5xx or no answer; for clients 4xx too. Since the start if it rests.",
	};
}

function classColumn<Row extends MeasuredRow>(name: StatusClass, dropOrder: number, help: string, tone?: Tone) {
	const of = ({ measures }: Row): number => measures.classes[name];
	return countColumn<Row>(name, of, { dropOrder, help, width: 5 }, tone);
}

/** One column for each class of status. */
export function classColumns<Row extends MeasuredRow>(): readonly ScreenColumn<Row>[] {
	return [
		classColumn("2xx", 10, "Answers with a status from 200 to 299, since the start or the last r."),
		classColumn("3xx", 11, "Answers with a status from 300 to 399."),
		classColumn("4xx", 5, "Answers with a status from 400 to 499: the request was wrong, says the server.", "warning"),
		classColumn("5xx", 4, "Answers with a status from 500 to 599: the server failed.", "error"),
		classColumn("none", 7, "Requests without an answer: one end went away or gave up.", "error"),
	];
}

function quantileColumn<Row extends MeasuredRow>(id: string, q: number, dropOrder: number): ScreenColumn<Row> {
	const share = id.slice(1);
	return secondsColumn<Row>(
		id,
		({ measures }) => quantile(measures.latency, q),
		{
			dropOrder,
			help: `Latency that ${share} of 100 answers stay below, over the last 10 seconds: first byte in to first byte out. Since the start (dim) if it rests.`,
		},
		({ measures }) => (measures.isRecent ? undefined : "dim"),
	);
}

/** Percentiles of the latency. */
export function latencyColumns<Row extends MeasuredRow>(): readonly ScreenColumn<Row>[] {
	return [quantileColumn("p50", 0.5, 2), quantileColumn("p90", 0.9, 9), quantileColumn("p99", 0.99, 1)];
}

export function inFlightColumn<Row extends MeasuredRow>(): ScreenColumn<Row> {
	return countColumn("in-flight", ({ measures }) => measures.inFlight, {
		title: "INFL",
		width: 5,
		dropOrder: 7,
		help: "Requests that wait for their answer at this moment.",
	});
}

export function countsColumn<Row extends MeasuredRow>(): ScreenColumn<Row> {
	return countColumn("count", ({ measures }) => measures.count, {
		dropOrder: 5,
		help: "Exchanges that ended, since the start or the last r. 123k is 123 thousand.",
	});
}

export function minuteColumn<Row extends MeasuredRow>(): ScreenColumn<Row> {
	return {
		id: "minute",
		title: "LAST MINUTE",
		align: "start",
		width: { least: 15, comfortable: 15, most: 30, fills: true },
		dropOrder: 6,
		value: ({ measures }) => measures.rate,
		cell: ({ measures, minute }, { look, width }) => ({
			text: sparkline(
				ratesOf(minute, width, (tick) => countIn(tick, measures.endpointKeys)),
				look,
			),
			tone: "dim",
		}),
		help: "Requests over the last minute, newest on the right; each line against its own highest.",
	};
}
