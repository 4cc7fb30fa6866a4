/** What the programs of a loaded object have counted since they were last asked. */
import { COUNTER_KINDS } from "../../src/capture/losses.js";
import { mappedTables, type WithTables } from "../../src/capture/mapped-tables.js";
import type { Tables } from "../../src/capture/tables.js";
import type { EndpointLabels } from "../../src/model/snapshot.js";
import { Counter } from "../../src/wire/layout.js";

export interface Exchange extends Pick<EndpointLabels, "role" | "method" | "route" | "protocol"> {
	readonly status: number;
	readonly outcome: "response" | "client_closed" | "server_closed";
	readonly count: number;
}

export interface Counted {
	readonly exchanges: readonly Exchange[];
	/** Counters that moved, by their snake_case names; not those of slots. */
	readonly counters: Readonly<Record<string, number>>;
	/** Requests that have begun and not ended, as the counters of begun requests have it. */
	readonly inFlight: number;
}

export class Counts {
	readonly tables: Tables;
	readonly #cells = new Map<number, number>();
	readonly #counters = new Map<number, number>();
	#started = 0;

	/** @param stripes copies of each counter, as the object was loaded with */
	constructor(object: WithTables, stripes: number) {
		this.tables = mappedTables(object, stripes);
	}

	/** What has been added since the last call. */
	take(): Counted {
		const exchanges = this.#takeExchanges();
		const ended = exchanges.reduce((sum, { count }) => sum + count, 0);
		return { exchanges, counters: this.#takeCounters(), inFlight: this.#takeStarted() - ended };
	}

	/** Cells of the same endpoint, status and outcome on different stripes are one exchange here. */
	#takeExchanges(): Exchange[] {
		const merged = new Map<string, Exchange>();
		for (const { from, to } of this.tables.cellSlots()) {
			for (let slot = from; slot < to; slot++) {
				const total = this.tables.cellCount(slot);
				const count = total - (this.#cells.get(slot) ?? 0);
				if (count === 0) continue;
				this.#cells.set(slot, total);
				const { endpoint, status, outcome } = this.tables.cellIdentity(slot);
				const { role, method, route, protocol } = this.tables.endpoint(endpoint).labels;
				const key = `${endpoint} ${status} ${outcome}`;
				const before = merged.get(key)?.count ?? 0;
				merged.set(key, { role, method, route, protocol, status, outcome, count: before + count });
			}
		}
		return [...merged.values()];
	}

	#takeCounters(): Record<string, number> {
		const counts: Record<string, number> = {};
		for (const [name, kind] of Object.entries(COUNTER_KINDS)) {
			const which = Counter[name as keyof typeof COUNTER_KINDS];
			const total = this.tables.counter(which);
			const count = total - (this.#counters.get(which) ?? 0);
			this.#counters.set(which, total);
			if (count !== 0 && kind !== "slots") counts[name.toLowerCase()] = count;
		}
		return counts;
	}

	#takeStarted(): number {
		let total = 0;
		for (const { from, to } of this.tables.endpointSlots()) {
			for (let slot = from; slot < to; slot++) total += this.tables.started(slot);
		}
		const started = total - this.#started;
		this.#started = total;
		return started;
	}
}

/** Exchanges as short lines, `GET /users/:id 200` or `HEAD / 204 http/1.0 x3`, sorted. */
export function lines(exchanges: readonly Exchange[]): string[] {
	return exchanges
		.map(({ method, route, status, outcome, protocol, count }) =>
			[
				`${method} ${route} ${outcome === "response" ? status : outcome}`,
				...(protocol === "http/1.1" ? [] : [protocol]),
				...(count === 1 ? [] : [`x${count}`]),
			].join(" "),
		)
		.sort();
}
