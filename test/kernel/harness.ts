/** The harness of the kernel tests, loaded: plays conversations and tells what the programs counted. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { COUNTER_KINDS } from "../../src/capture/losses.js";
import { type CaptureLimits, loadPrograms, type TableSizes, tableSizes } from "../../src/capture/programs.js";
import { Tables } from "../../src/capture/tables.js";
import type { BpfObject } from "../../src/kernel/object.js";
import type { EndpointLabels } from "../../src/model/snapshot.js";
import { Counter } from "../../src/wire/layout.js";
import { COUNTERS_OFFSET, type ObjectNames } from "../../src/wire/object.js";
import type { Conversation } from "./conversation.js";

export interface Exchange extends Pick<EndpointLabels, "role" | "method" | "route" | "protocol"> {
	readonly status: number;
	readonly outcome: "response" | "client_closed" | "server_closed";
	readonly count: number;
}

/** How the state of a connection was at the end of its script. */
export interface Ended {
	/** enum mode */
	readonly mode: "none" | "undecided" | "http" | "opaque";
	/** enum stream_state */
	readonly request: StreamState;
	readonly response: StreamState;
	/** Requests without a response. */
	readonly pending: number;
}

type StreamState = (typeof STREAM_STATES)[number];

/** What one conversation added to the tables. */
export interface Played {
	readonly exchanges: readonly Exchange[];
	/** Counters that moved, by their snake_case names; not those of slots. */
	readonly counters: Readonly<Record<string, number>>;
	/** Requests that begun and did not end, as the counters of begun requests have it. */
	readonly inFlight: number;
	readonly ended: Ended;
}

interface HarnessNames {
	readonly program: ObjectNames["program"] | "conversation" | "bucket_of";
	readonly map: ObjectNames["map"] | "harness";
	readonly config: ObjectNames["config"];
}

const MODES = ["none", "undecided", "http", "opaque"] as const;
const STREAM_STATES = ["unknown", "start", "headers", "chunk", "trailers", "until close", "lost"] as const;

/** Members of struct ended (harness.bpf.c), by index: all are 32 bits. */
const ENDED = { mode: 0, request: 1, response: 2, pending: 3, bucket: 4 } as const;
const ETHERNET_BYTES = 14;
const PASS = 1;
const FIRST_KEY = new Uint8Array(4);

const OBJECT = fileURLToPath(new URL("../../../build/test/harness.bpf.o", import.meta.url));

/** Why the tests of a file cannot run here; for `describe`. */
export const skipReason: string | false =
	process.getuid?.() !== 0
		? "loading programs takes root"
		: existsSync(OBJECT)
			? false
			: `${OBJECT} is not built: node tools/build-bpf.mjs`;

export class Harness {
	readonly #object: BpfObject<HarnessNames>;
	readonly #tables: Tables;
	/** What had been counted when the last conversation began, by slot. */
	readonly #cellCounts = new Map<number, number>();
	readonly #counters = new Map<number, number>();
	#inFlight = 0;

	/** @param change of the tables' sizes */
	constructor(limits: CaptureLimits = {}, change: Partial<TableSizes> = {}) {
		const sizes = { ...tableSizes(limits), ...change };
		// the harness has all that the product's object has
		const object: BpfObject<HarnessNames> = loadPrograms(sizes, {}, OBJECT) as BpfObject;
		const memory = (name: "cells" | "endpoints" | "owners" | "starts" | ".bss") => object.map(name).memory().buffer;
		this.#object = object;
		this.#tables = new Tables(
			{
				cells: memory("cells"),
				endpoints: memory("endpoints"),
				owners: memory("owners"),
				starts: memory("starts"),
				counters: memory(".bss"),
				countersOffset: COUNTERS_OFFSET,
			},
			sizes.stripes,
		);
	}

	/** Plays a conversation on a connection of its own, and tells what it added to the tables. */
	play(script: Conversation): Played {
		this.#run("conversation", script.encode());
		const ended = this.#ended();
		const exchanges = this.#newExchanges();
		return {
			exchanges,
			counters: this.#newCounts(),
			inFlight: this.#newInFlight(exchanges),
			ended: {
				mode: MODES[ended[ENDED.mode] ?? 0] ?? "none",
				request: STREAM_STATES[ended[ENDED.request] ?? 0] ?? "unknown",
				response: STREAM_STATES[ended[ENDED.response] ?? 0] ?? "unknown",
				pending: ended[ENDED.pending] ?? 0,
			},
		};
	}

	/** histogram_bucket() of the kernel side. */
	bucketOf(ns: bigint): number {
		const packet = new DataView(new ArrayBuffer(64));
		packet.setBigUint64(ETHERNET_BYTES, ns, true);
		this.#run("bucket_of", new Uint8Array(packet.buffer));
		return this.#ended()[ENDED.bucket] ?? 0;
	}

	close(): void {
		this.#object.close();
	}

	#run(program: "conversation" | "bucket_of", data: Uint8Array): void {
		const { returnValue } = this.#object.program(program).testRun({ data });
		if (returnValue !== PASS) throw new Error(`${program} of the harness gave up`);
	}

	#ended(): Int32Array {
		const value = this.#object.map("harness").lookup(FIRST_KEY);
		if (value === undefined) throw new Error("the harness has no result");
		return new Int32Array(value.buffer);
	}

	/** Cells of the same endpoint, status and outcome on different stripes are one exchange here. */
	#newExchanges(): Exchange[] {
		const merged = new Map<string, Exchange>();
		for (const { from, to } of this.#tables.cellSlots()) {
			for (let slot = from; slot < to; slot++) {
				const total = this.#tables.cellCount(slot);
				const count = total - (this.#cellCounts.get(slot) ?? 0);
				if (count === 0) continue;
				this.#cellCounts.set(slot, total);
				const { endpoint, status, outcome } = this.#tables.cellIdentity(slot);
				const { role, method, route, protocol } = this.#tables.endpoint(endpoint).labels;
				const key = `${endpoint} ${status} ${outcome}`;
				const before = merged.get(key)?.count ?? 0;
				merged.set(key, { role, method, route, protocol, status, outcome, count: before + count });
			}
		}
		return [...merged.values()];
	}

	#newCounts(): Record<string, number> {
		const counts: Record<string, number> = {};
		for (const [name, kind] of Object.entries(COUNTER_KINDS)) {
			const which = Counter[name as keyof typeof COUNTER_KINDS];
			const total = this.#tables.counter(which);
			const count = total - (this.#counters.get(which) ?? 0);
			this.#counters.set(which, total);
			if (count !== 0 && kind !== "slots") counts[name.toLowerCase()] = count;
		}
		return counts;
	}

	#newInFlight(ended: readonly Exchange[]): number {
		let started = 0;
		for (const { from, to } of this.#tables.endpointSlots()) {
			for (let slot = from; slot < to; slot++) started += this.#tables.started(slot);
		}
		const begun = started - this.#inFlight;
		this.#inFlight = started;
		return begun - ended.reduce((sum, { count }) => sum + count, 0);
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
