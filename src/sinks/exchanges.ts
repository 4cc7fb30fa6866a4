/** Single exchanges as text: a line for each. Pure: an exchange goes in, whole lines come out. */
import { formatSeconds } from "../base/durations.js";
import { csvField, escapeText, escapeWord } from "../base/escape.js";
import { alignToWidth, displayWidth, truncateToWidth } from "../base/width.js";
import type { WatchedExchange } from "../model/snapshot.js";
import { type Cell, paint } from "./columns.js";
import { formatExchangeJson, toExchangeRow } from "./exchange-json.js";
import type { ExchangeFormat } from "./format-names.js";
import { statusCell } from "./texts.js";

export interface ExchangeFormatOptions {
	readonly color: boolean;
	/** Terminal columns that there are: longer paths are cut. Default: nothing is cut. */
	readonly width?: number;
}

const CSV_COLUMNS = "time,role,service,method,path,route,status,outcome,latency_seconds,port,peer,protocol,tls".split(
	",",
) as (keyof ReturnType<typeof toExchangeRow>)[];

/** What a stream in this format begins with. */
export function exchangeHeader(format: ExchangeFormat): string {
	return format === "csv" ? `${CSV_COLUMNS.join(",")}\n` : "";
}

/** A function that writes an exchange in the format. */
export function exchangeFormatter(
	format: ExchangeFormat,
	options: ExchangeFormatOptions,
): (exchange: WatchedExchange) => string {
	if (format === "json") return formatExchangeJson;
	return format === "csv" ? formatCsv : (exchange) => formatLine(exchange, options);
}

function formatCsv(exchange: WatchedExchange): string {
	const row = toExchangeRow(exchange);
	const fields = CSV_COLUMNS.map((name) => row[name]);
	return `${fields.map((field) => (typeof field === "string" ? csvField(field) : String(field ?? ""))).join(",")}\n`;
}

/** Widths of the columns, of which the path's is what is left; longer texts push what follows to the right. */
const WIDTH = { role: 6, service: 14, method: 7, path: 32, status: 3, latency: 7 } as const;
const GAP = "  ";
/** A terminal too narrow for so much of the path shows fewer columns. */
const LEAST_PATH = 20;

/** `17:25:31.123  server  nginx.service  GET      /users/4711    200  1.04 ms  10.0.0.9:80` */
function formatLine(exchange: WatchedExchange, { color, width }: ExchangeFormatOptions): string {
	const path = escapeWord(exchange.path);
	const status = exchangeStatus(exchange);
	const before = [
		clockTime(exchange.time),
		alignToWidth(exchange.role, WIDTH.role, "start"),
		alignToWidth(escapeText(exchange.service), WIDTH.service, "start"),
		alignToWidth(exchange.method, WIDTH.method, "start"),
	];
	const latency = alignToWidth(formatSeconds(exchange.latencySeconds), WIDTH.latency, "end");
	const behind = [alignToWidth(status.text, WIDTH.status, "start"), latency];
	if (exchange.peer !== null) behind.push(escapeText(exchange.peer));
	const room = roomForPath(before, behind, width);
	const shown = alignToWidth(truncateToWidth(path, room), Math.min(room, WIDTH.path), "start");
	const [statusText = "", ...others] = behind;
	const line = [...before, shown, paint(statusText, status.style, color), ...others].join(GAP);
	return `${line.trimEnd()}\n`;
}

/** What is left for the path; columns that leave too little are taken out: the peer first, then service and role. */
function roomForPath(before: string[], behind: string[], width = Number.POSITIVE_INFINITY): number {
	const room = (): number =>
		width - [...before, ...behind].reduce((sum, text) => sum + displayWidth(text) + GAP.length, 0);
	if (room() < LEAST_PATH && behind.length > 2) behind.pop();
	if (room() < LEAST_PATH) before.splice(2, 1);
	if (room() < LEAST_PATH) before.splice(1, 1);
	return Math.max(room(), 1);
}

/** Redirections are told from successes, too. */
function exchangeStatus(exchange: WatchedExchange): Cell {
	const cell = statusCell(exchange);
	return cell.style === undefined && exchange.status >= 300 ? { ...cell, style: "dim" } : cell;
}

/** `17:25:31.123`, by the clock on the wall here. */
export function clockTime(time: Date): string {
	const two = (value: number): string => String(value).padStart(2, "0");
	const seconds = `${two(time.getSeconds())}.${String(time.getMilliseconds()).padStart(3, "0")}`;
	return `${two(time.getHours())}:${two(time.getMinutes())}:${seconds}`;
}
