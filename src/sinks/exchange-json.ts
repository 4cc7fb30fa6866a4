/** An exchange as a row of JSON, and such a row as an exchange: what `watch` prints it can read. Key order is part of it. */
import { toJson } from "../base/escape.js";
import type { WatchedExchange } from "../model/snapshot.js";

/** A row of `watch -o json`: other programs are written against its names. */
export interface ExchangeRow extends Omit<WatchedExchange, "time" | "latencySeconds"> {
	/** RFC 3339, UTC. */
	readonly time: string;
	readonly latency_seconds: number;
}

const ROLES = ["server", "client"] as const;
const OUTCOMES = ["response", "client_closed", "server_closed"] as const;
const PROTOCOLS = ["http/1.1", "http/1.0"] as const;
const LARGEST_PORT = 65_535;
const LARGEST_STATUS = 999;

export function toExchangeRow(exchange: WatchedExchange): ExchangeRow {
	const { time, role, service, method, path, route, status, outcome, latencySeconds, port, peer, protocol, tls } =
		exchange;
	return {
		time: time.toISOString(),
		...{ role, service, method, path, route, status, outcome },
		latency_seconds: Math.round(latencySeconds * 1e9) / 1e9,
		...{ port, peer, protocol, tls },
	};
}

/** The exchange as a line of JSON. */
export function formatExchangeJson(exchange: WatchedExchange): string {
	return `${toJson(toExchangeRow(exchange))}\n`;
}

/**
 * The exchange of a line that formatExchangeJson() wrote. Members that are not known are passed over.
 * @throws RangeError that says what is wrong with the line
 */
export function parseExchangeJson(line: string): WatchedExchange {
	const row = new RowReader(line);
	return {
		time: row.time("time"),
		role: row.oneOf("role", ROLES),
		service: row.text("service"),
		method: row.text("method"),
		path: row.text("path"),
		route: row.text("route"),
		status: row.number("status", LARGEST_STATUS),
		outcome: row.oneOf("outcome", OUTCOMES),
		latencySeconds: row.number("latency_seconds"),
		port: row.number("port", LARGEST_PORT),
		peer: row.textOrNull("peer"),
		protocol: row.oneOf("protocol", PROTOCOLS),
		tls: row.oneOf("tls", [true, false]),
	};
}

class RowReader {
	readonly #row: Readonly<Record<string, unknown>>;

	constructor(line: string) {
		let row: unknown;
		try {
			row = JSON.parse(line);
		} catch {
			row = undefined;
		}
		if (typeof row !== "object" || row === null || Array.isArray(row)) throw new RangeError("it is no JSON object");
		this.#row = row as Readonly<Record<string, unknown>>;
	}

	text(name: string): string {
		const value = this.#row[name];
		if (typeof value !== "string") throw new RangeError(`its "${name}" is no text`);
		return value;
	}

	textOrNull(name: string): string | null {
		return this.#row[name] === null ? null : this.text(name);
	}

	number(name: string, most = Number.MAX_VALUE): number {
		const value = this.#row[name];
		if (typeof value !== "number" || value < 0 || value > most) throw new RangeError(`its "${name}" is no such number`);
		return value;
	}

	time(name: string): Date {
		const time = new Date(this.text(name));
		if (Number.isNaN(time.getTime())) throw new RangeError(`its "${name}" is no time`);
		return time;
	}

	oneOf<Value extends string | boolean>(name: string, values: readonly Value[]): Value {
		const value = values.find((candidate) => candidate === this.#row[name]);
		if (value === undefined) throw new RangeError(`its "${name}" is none of ${values.join(", ")}`);
		return value;
	}
}
