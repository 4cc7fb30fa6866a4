/** Records of the ring as exchanges. What lies in a record came off the wire: lengths and codes are checked before use. */
import { wireText } from "../base/escape.js";
import type { EndpointLabels, WatchedExchange } from "../model/snapshot.js";
import { shownTarget, type TargetOptions } from "../model/target.js";
import {
	EventFlag,
	EventKind,
	EXCHANGE_EVENT_SIZE,
	type ExchangeEvent,
	Limit,
	Role as RoleCode,
	readExchangeEvent,
} from "../wire/layout.js";
import type { ServiceResolver } from "./accumulate.js";
import { peerText } from "./address.js";
import { CUT_MARK, methodName, OTHER_ROUTE, outcomeName, type Tables } from "./tables.js";

const NS_PER_SECOND = 1e9;
const NS_PER_MS = 1e6;

/** What an event's endpoint and owner are called; of `(other)` only its route. */
type EventTables = Pick<Tables, "endpoint" | "owner">;

export class ExchangeDecoder {
	readonly #tables: EventTables;
	readonly #names: ServiceResolver;
	readonly #options: TargetOptions;
	readonly #labels = new Map<number, EndpointLabels>();
	readonly #services = new Map<number, string>();
	/** Records of a kind or length that is not known: none, unless the programs are of another version. */
	unknown = 0;

	constructor(tables: EventTables, names: ServiceResolver, options: TargetOptions = {}) {
		this.#tables = tables;
		this.#names = names;
		this.#options = options;
	}

	/**
	 * The exchange in a record, or undefined if it holds none. Keeps nothing of the record's memory.
	 * @param bootMs wall clock of the moment that CLOCK_MONOTONIC counts from, ms since 1970
	 */
	decode(view: DataView, at: number, length: number, bootMs: number): WatchedExchange | undefined {
		if (length < EXCHANGE_EVENT_SIZE || view.getUint8(at) !== EventKind.EXCHANGE) {
			this.unknown++;
			return undefined;
		}
		const event = readExchangeEvent(view, at);
		const { route, protocol, tls } = this.#endpoint(event.endpoint);
		const isServer = event.role !== RoleCode.CLIENT;
		return {
			time: new Date(bootMs + event.endedNs / NS_PER_MS),
			service: this.#service(event.owner),
			role: isServer ? "server" : "client",
			protocol,
			tls,
			port: event.port,
			peer: isServer ? null : peerText(event.peer, event.port),
			method: methodName(event.method),
			path: this.#path(event, route),
			route,
			status: event.status,
			outcome: outcomeName(event.outcome),
			latencySeconds: event.latencyNs / NS_PER_SECOND,
		};
	}

	#path({ flags, path, pathBytes }: ExchangeEvent, route: string): string {
		const bytes = Math.min(pathBytes, Limit.PATH_BYTES);
		if ((flags & EventFlag.PATH_UNKNOWN) !== 0) return route;
		// a proxy's target can be a host alone: its path is the root, as in its route
		if (bytes === 0) return route === OTHER_ROUTE ? "/" : route;
		const text = shownTarget(wireText(path.subarray(0, bytes)), this.#options);
		return (flags & EventFlag.PATH_CUT) === 0 ? text : text + CUT_MARK;
	}

	#endpoint(slot: number): EndpointLabels {
		let labels = this.#labels.get(slot);
		if (labels === undefined) {
			labels = { service: "", ...this.#tables.endpoint(slot).labels };
			this.#labels.set(slot, labels);
		}
		return labels;
	}

	#service(slot: number): string {
		let service = this.#services.get(slot);
		if (service === undefined) {
			service = this.#names.resolve(this.#tables.owner(slot));
			this.#services.set(slot, service);
		}
		return service;
	}
}

/** Wall clock, in ms since 1970, of the moment from which CLOCK_MONOTONIC counts; it moves when the clock is set. */
export function bootTimeMs(): number {
	return Date.now() - Number(process.hrtime.bigint()) / NS_PER_MS;
}
