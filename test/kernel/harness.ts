/** The harness of the kernel tests, loaded: plays conversations and tells what the programs counted. */
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { ExchangeDecoder } from "../../src/capture/exchange-events.js";
import { ExchangeRing } from "../../src/capture/exchange-ring.js";
import {
	type CaptureLimits,
	loadPrograms,
	objectPath,
	type ProgramOptions,
	type TableSizes,
	tableSizes,
} from "../../src/capture/programs.js";
import type { Tables } from "../../src/capture/tables.js";
import type { BpfObject } from "../../src/kernel/object.js";
import type { TestRunOptions } from "../../src/kernel/program.js";
import type { WatchedExchange } from "../../src/model/snapshot.js";
import type { TargetOptions } from "../../src/model/target.js";
import type { ObjectNames } from "../../src/wire/object.js";
import type { Conversation } from "./conversation.js";
import { type Counted, Counts } from "./counts.js";

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
export interface Played extends Counted {
	readonly ended: Ended;
}

interface HarnessNames {
	readonly program: "conversation" | "bucket_of" | "packet_in" | "packet_out";
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

/** The variant of the product's object that this kernel takes. */
const OBJECT = fileURLToPath(
	new URL(`../../../build/test/${basename(objectPath()).replace("httpeek", "harness")}`, import.meta.url),
);

/** Why the tests of a file cannot run here; for `describe`. */
export const skipReason: string | false =
	process.getuid?.() !== 0
		? "loading programs takes root"
		: existsSync(OBJECT)
			? false
			: `${OBJECT} is not built: node tools/build-bpf.mjs`;

export class Harness {
	readonly #object: BpfObject<HarnessNames>;
	readonly #counts: Counts;

	/** @param change of the tables' sizes */
	constructor(limits: CaptureLimits = {}, change: Partial<TableSizes> = {}, options: ProgramOptions = {}) {
		const sizes = { ...tableSizes(limits), ...change };
		// the harness has all that the product's object has
		const object: BpfObject<HarnessNames> = loadPrograms(sizes, options, OBJECT) as BpfObject;
		this.#object = object;
		this.#counts = new Counts(object, sizes.stripes);
	}

	/** What was sent to a watcher since the last call, as `show` shows it. */
	watched(show: TargetOptions = {}): readonly WatchedExchange[] {
		const decoder = new ExchangeDecoder(this.#counts.tables, { resolve: () => "test" }, show);
		return new ExchangeRing(this.#object.map("events").ring(), decoder).take(Number.POSITIVE_INFINITY).exchanges;
	}

	/** Plays a conversation on a connection of its own, and tells what it added to the tables. */
	play(script: Conversation): Played {
		this.#run("conversation", script.encode());
		const ended = this.#ended();
		return {
			...this.#counts.take(),
			ended: {
				mode: MODES[ended[ENDED.mode] ?? 0] ?? "none",
				request: STREAM_STATES[ended[ENDED.request] ?? 0] ?? "unknown",
				response: STREAM_STATES[ended[ENDED.response] ?? 0] ?? "unknown",
				pending: ended[ENDED.pending] ?? 0,
			},
		};
	}

	/** Has a packet, from its Ethernet header on, pass a socket that no packet has passed before, so many times. */
	pass(packet: Uint8Array, direction: "in" | "out" = "in", repeat = 1): Counted {
		this.#run(`packet_${direction}`, packet, { repeat });
		return this.#counts.take();
	}

	get tables(): Tables {
		return this.#counts.tables;
	}

	/** How long one run of a conversation takes, in ns, as the mean of so many. */
	runNs(script: Conversation, runs: number): number {
		return this.#run("conversation", script.encode(), { repeat: runs });
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

	[Symbol.dispose](): void {
		this.close();
	}

	#run(program: HarnessNames["program"], data: Uint8Array, options: Omit<TestRunOptions, "data"> = {}): number {
		const { returnValue, durationNs } = this.#object.program(program).testRun({ data, ...options });
		if (returnValue !== PASS) throw new Error(`${program} of the harness gave up`);
		return durationNs;
	}

	#ended(): Int32Array {
		const value = this.#object.map("harness").lookup(FIRST_KEY);
		if (value === undefined) throw new Error("the harness has no result");
		return new Int32Array(value.buffer);
	}
}
