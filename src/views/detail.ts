/** One endpoint: how it is answered, how fast, and its last minute. */
import { alignToWidth } from "../base/width.js";
import { bucketBounds, type Histogram, mean, quantile } from "../model/histogram.js";
import { type Moment, ratesOf } from "../model/history.js";
import { endpointKey, mergedLatency, rowKey } from "../model/rows.js";
import type { EndpointLabels, EndpointRow } from "../model/snapshot.js";
import { isError } from "../model/totals.js";
import { clockTime } from "../sinks/exchanges.js";
import { statusCell } from "../sinks/texts.js";
import { bar, columns as chart, sparkline } from "./charts.js";
import { glyphsOf, type Look, toned } from "./look.js";
import { countIn, errorsIn } from "./measures.js";
import { countText, percentText, rateText, secondsText } from "./numbers.js";
import { fit, screenText } from "./screen-text.js";

/** A part of the page, with its title. */
export type DetailSection = (endpoint: Endpoint, width: number, look: Look) => readonly string[];

interface Endpoint {
	readonly key: string;
	readonly labels: EndpointLabels;
	readonly moment: Moment;
	/** Its rows since the start or the last reset, and of the last seconds. */
	readonly since: readonly EndpointRow[];
	readonly recent: readonly EndpointRow[];
}

/** In the order in which they stand on the page. */
const SECTIONS: readonly DetailSection[] = [statusSection, latencySection, minuteSection, samplesSection];

const CHART_LINES = 5;
/** Room for the number at the chart's side. */
const AXIS_COLUMNS = 8;
const MOST_CHART_COLUMNS = 120;
/** Lines of the histogram: buckets are put together until there are at most so many. */
const MOST_BARS = 16;
const MOST_BAR_COLUMNS = 60;
const RANGE_COLUMNS = 20;
const COUNT_COLUMNS = 7;
const MOST_SAMPLES = 20;

/** The lines of the page, as many as it takes; none wider than `width`. */
export function detailLines(key: string, moment: Moment, width: number, look: Look): string[] {
	const rowsOf = (rows: readonly EndpointRow[]): EndpointRow[] => rows.filter((row) => endpointKey(row) === key);
	const labels = moment.now.endpoints.find((row) => endpointKey(row) === key);
	if (labels === undefined) return ["nothing was seen of this endpoint since counting began anew"];
	const since = rowsOf(moment.since.endpoints);
	const endpoint = { key, labels, moment, since, recent: rowsOf(moment.recent.endpoints) };
	const sections = SECTIONS.map((section) => section(endpoint, width, look)).filter((lines) => lines.length > 0);
	return [...titleLines(labels, width, look), ...sections.flatMap((lines) => ["", ...lines])].map((line) =>
		line.trimEnd(),
	);
}

function titleLines(labels: EndpointLabels, width: number, look: Look): string[] {
	const { service, role, port, protocol, tls, peer, method, route } = labels;
	const where = peer === null ? `port ${port}` : `to ${screenText(peer, look)}`;
	return [
		toned(fit(`${method} ${screenText(route, look)}`, width, look), "bold", look),
		fit(`${screenText(service, look)}, ${role}, ${where}, ${protocol}${tls ? " over TLS" : ""}`, width, look),
	];
}

function title(text: string, width: number, look: Look): string {
	const { rule } = glyphsOf(look);
	return toned(fit(`${text} ${rule.repeat(Math.max(0, width - text.length - 1))}`, width, look), "dim", look);
}

function statusSection({ since, recent, moment }: Endpoint, width: number, look: Look): readonly string[] {
	const counted = since.filter(({ count }) => count > 0);
	const total = counted.reduce((sum, { count }) => sum + count, 0);
	const lately = new Map(recent.map((row) => [rowKey(row), row]));
	const seconds = moment.recent.durationSeconds;
	const cells = (texts: readonly string[]): string =>
		texts.map((text, at) => alignToWidth(text, at === 0 ? 13 : at < 4 ? 7 : 8, at === 0 ? "start" : "end")).join(" ");
	const lines = counted.map((row) => {
		const rate = (lately.get(rowKey(row))?.count ?? 0) / Math.max(seconds, Number.EPSILON);
		const times = [0.5, 0.9, 0.99].map((q) => secondsText(quantile(row.latency, q)));
		const { text } = statusCell(row);
		const line = fit(
			cells([text, countText(row.count), percentText(row.count / total), rateText(rate), ...times]),
			width,
			look,
		);
		return toned(line, isError(row) ? "error" : row.status >= 400 ? "warning" : undefined, look);
	});
	const header = fit(cells(["STATUS", "COUNT", "SHARE%", "REQ/S", "P50", "P90", "P99"]), width, look);
	return [toned(header, "bold", look), ...(lines.length > 0 ? lines : ["no exchange has ended yet"])];
}

function latencySection({ since }: Endpoint, width: number, look: Look): readonly string[] {
	const latency = mergedLatency(since);
	if (latency.count === 0) return [];
	const bars = barsOf(latency);
	const most = Math.max(...bars.map(({ count }) => count));
	const room = Math.max(0, width - RANGE_COLUMNS - COUNT_COLUMNS - 2);
	const heading = `latency of ${countText(latency.count)} answers, mean ${secondsText(mean(latency))}`;
	return [
		title(heading, width, look),
		...bars.map(({ range, count }) => {
			const drawn = toned(bar(count / most, Math.min(room, MOST_BAR_COLUMNS), look), "good", look);
			const text = `${alignToWidth(range, RANGE_COLUMNS, "end")} ${alignToWidth(countText(count), COUNT_COLUMNS, "end")} `;
			return fit(text, width, look) + drawn;
		}),
	];
}

interface Bar {
	readonly range: string;
	readonly count: number;
}

/** The histogram in few lines: neighbouring buckets together, by powers of two. */
function barsOf({ buckets, offset, below, above }: Histogram): readonly Bar[] {
	let together = 1;
	while (groupsOf(offset, buckets.length, together) > MOST_BARS) together *= 2;
	const first = Math.floor(offset / together);
	const groups = buckets.length === 0 ? 0 : groupsOf(offset, buckets.length, together);
	const counts = Array.from({ length: groups }, (_, group) => {
		const from = (first + group) * together - offset;
		return buckets.slice(Math.max(0, from), from + together).reduce((sum, count) => sum + count, 0);
	});
	const bars = counts.map((count, group): Bar => {
		const { lower } = bucketBounds((first + group) * together);
		const { lower: upper } = bucketBounds((first + group + 1) * together);
		return { range: `${secondsText(lower)} to ${secondsText(upper)}`, count };
	});
	return [
		...(below > 0 ? [{ range: "less than 954 ns", count: below }] : []),
		...bars,
		...(above > 0 ? [{ range: "more than 4096 s", count: above }] : []),
	];
}

function groupsOf(offset: number, length: number, together: number): number {
	return Math.floor((offset + length - 1) / together) - Math.floor(offset / together) + 1;
}

function minuteSection({ key, moment }: Endpoint, width: number, look: Look): readonly string[] {
	const side = width > 2 * AXIS_COLUMNS ? AXIS_COLUMNS : 0;
	const room = Math.max(1, Math.min(MOST_CHART_COLUMNS, width - side));
	const rates = ratesOf(moment.minute, room, (tick) => countIn(tick, [key]));
	const errors = ratesOf(moment.minute, room, (tick) => errorsIn(tick, [key]));
	const top = Math.max(0, ...rates.map((rate) => rate ?? 0));
	const axis = (text: string): string => (side === 0 ? "" : `${alignToWidth(text, side - 1, "end")} `);
	const worst = Math.max(0, ...errors.map((rate) => rate ?? 0));
	return [
		title("last minute: requests a second, newest on the right", width, look),
		...chart(rates, CHART_LINES, look).map(
			(line, at) => axis(at === 0 ? rateText(top) : "") + toned(line, "good", look),
		),
		...(worst > 0 ? [axis("errors") + toned(sparkline(errors, look), "error", look)] : []),
	];
}

/** Single exchanges that failed or were slow, as far as snapshots have them: of all endpoints only the last ones are kept. */
function samplesSection({ key, moment }: Endpoint, width: number, look: Look): readonly string[] {
	const samples = (moment.now.samples ?? []).filter((sample) => endpointKey(sample) === key).slice(0, MOST_SAMPLES);
	if (samples.length === 0) return [];
	const lines = samples.map((sample) => {
		const latency = alignToWidth(secondsText(sample.latencySeconds), 8, "end");
		const text = `${clockTime(sample.time)}  ${alignToWidth(statusCell(sample).text, 13, "start")} ${latency}  `;
		const line = fit(`${text}${screenText(sample.path, look)}`, width, look);
		return toned(line, isError(sample) ? "error" : undefined, look);
	});
	return [title("failed or slow lately, newest first", width, look), ...lines];
}
