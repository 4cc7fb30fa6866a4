/**
 * The plain lines that scripts read, cumulative and most-used first:
 *
 *     Endpoint: /api/users, Status Code: 404, Count: 12
 *
 * A line has a route and a status and nothing else, so it sums up the rows of that route and status over services, ports
 * and methods. It has no role either: an exchange that was seen at both ends is printed for the server's only
 * (atOneEnd()). Routes hold no space once they are escaped, so no route can pass for a second field.
 */
import { escapeWord } from "../base/escape.js";
import { atOneEnd } from "../model/rows.js";
import type { Snapshot } from "../model/snapshot.js";

interface Line {
	readonly endpoint: string;
	readonly status: number;
	count: number;
}

/** One line for each route and status that has counts, each ended by a newline; nothing where there are none. */
export function formatLines(snapshot: Snapshot, { limit }: { readonly limit?: number } = {}): string {
	const lines = new Map<string, Line>();
	const add = (endpoint: string, status: number, count: number): void => {
		const key = `${status} ${endpoint}`;
		const line = lines.get(key) ?? { endpoint, status, count: 0 };
		line.count += count;
		lines.set(key, line);
	};
	for (const { route, status, count } of atOneEnd(snapshot.endpoints)) {
		if (count > 0) {
			add(escapeWord(route), status, count);
		}
	}
	for (const { outcome, count } of snapshot.connections) {
		add(outcome, 0, count);
	}
	return [...lines.values()]
		.sort((a, b) => b.count - a.count || a.status - b.status || (a.endpoint < b.endpoint ? -1 : 1))
		.slice(0, limit)
		.map(({ endpoint, status, count }) => `Endpoint: ${endpoint}, Status Code: ${status}, Count: ${count}\n`)
		.join("");
}
