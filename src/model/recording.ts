/**
 * Recordings: what `--record` writes and `--input` reads. One JSON document a line; each says by its `schema` and `kind`
 * what it is, so that a line is understood wherever a file was cut or joined. A snapshot goes through it without loss:
 * buckets of histograms and bytes that are no UTF-8 included. Pure: where lines come from is not known here.
 */
import { HttpeekError } from "../base/errors.js";
import { toLosslessJson } from "../base/escape.js";
import type { Histogram } from "./histogram.js";
import {
	amount,
	type Check,
	dictionaryOf,
	flag,
	listOf,
	moment,
	oneOf,
	orNull,
	ShapeError,
	shape,
	text,
	whole,
	withOptional,
	word,
} from "./shape.js";
import type { ConnectionRow, EndpointRow, KernelCost, Losses, PeerRow, Snapshot, WatchedExchange } from "./snapshot.js";

/** Goes up when a reader of the version before would misunderstand a line. */
export const RECORDING_SCHEMA = "httpeek-recording/1";

/** The first line: what was watched, and by which version. */
export interface RecordedStart {
	readonly kind: "start";
	/** What was watched, for people. */
	readonly description: string;
	/** Of httpeek. */
	readonly version: string;
}

export interface RecordedSnapshot {
	readonly kind: "snapshot";
	readonly snapshot: Snapshot;
}

/** One line of a recording. */
export type Recorded = RecordedStart | RecordedSnapshot;

/** The line for it, with its newline. In ASCII where a character could do harm on a terminal. */
export function recordingLine(recorded: Recorded): string {
	return `${toLosslessJson({ schema: RECORDING_SCHEMA, ...recorded })}\n`;
}

const HINT = "give a file that httpeek wrote with --record";
/** Far more than a table can hold: a recording is read whole, and comes from strangers. */
const MOST_ROWS = 1_000_000;
const LONGEST_TEXT = 65_536;
const MOST_BUCKETS = 256;
const LARGEST_BUCKET = 4096;

const name = text(LONGEST_TEXT);
const peer = orNull(name);
const role = oneOf("server", "client");
const port = whole(0, 65_535);
const counter = dictionaryOf(word(/^[a-z0-9_]{1,64}$/), amount);

const labels = {
	service: name,
	role,
	protocol: oneOf("http/1.0", "http/1.1"),
	tls: flag,
	port,
	peer,
	method: word(/^[A-Z_-]{1,32}$/),
	route: name,
	status: whole(0, 999),
} as const;

const histogram: Check<Histogram> = shape<Histogram>({
	count: whole(),
	sum: amount,
	below: whole(),
	above: whole(),
	offset: whole(-LARGEST_BUCKET, LARGEST_BUCKET),
	buckets: listOf(whole(), MOST_BUCKETS),
});

const endpoint: Check<EndpointRow> = shape<EndpointRow>({
	...labels,
	outcome: oneOf("response", "client_closed", "server_closed", "in_flight"),
	count: whole(),
	inFlight: whole(),
	latency: histogram,
});

const connection: Check<ConnectionRow> = shape<ConnectionRow>({
	service: name,
	role,
	peer,
	outcome: oneOf("refused", "timeout", "unreachable", "reset"),
	count: whole(),
});

const peerRow: Check<PeerRow> = shape<PeerRow>({
	service: name,
	role,
	port,
	peer,
	established: whole(),
	ended: whole(),
	retransmits: whole(),
	connectSumSeconds: amount,
	rttSumSeconds: amount,
	rttCount: whole(),
});

const sample: Check<WatchedExchange> = shape<WatchedExchange>({
	...labels,
	time: moment,
	path: name,
	outcome: oneOf("response", "client_closed", "server_closed"),
	latencySeconds: amount,
});

const losses: Check<Losses> = shape<Losses>({
	requests: amount,
	responses: amount,
	endpoints_other: amount,
	detail: counter,
});

const cost: Check<KernelCost> = shape<KernelCost>({ runs: whole(), seconds: amount });

const counted = shape<Omit<Snapshot, "cost" | "samples">>({
	startedAt: moment,
	takenAt: moment,
	durationSeconds: amount,
	endpoints: listOf(endpoint, MOST_ROWS),
	connections: listOf(connection, MOST_ROWS),
	peers: listOf(peerRow, MOST_ROWS),
	losses,
	facts: counter,
});

const snapshot: Check<Snapshot> = withOptional(
	withOptional(counted, "cost", cost),
	"samples",
	listOf(sample, MOST_ROWS),
);

const RECORD = "the record";
const KINDS: { readonly [Kind in Recorded["kind"]]: Check<Extract<Recorded, { kind: Kind }>> } = {
	start: shape<RecordedStart>({ kind: oneOf("start"), description: name, version: text(64) }),
	snapshot: shape<RecordedSnapshot>({ kind: oneOf("snapshot"), snapshot }),
};

/**
 * Reads a line of a recording.
 *
 * @param where names the line in messages: `line 3 of minute.jsonl`
 * @throws HttpeekError HTTPEEK_RECORDING: it is no JSON, of another schema, or not what its schema says
 */
export function readRecordingLine(line: string, where: string): Recorded {
	const fail = (problem: string, cause?: unknown): never => {
		throw new HttpeekError("HTTPEEK_RECORDING", `cannot read ${where}: ${problem}`, { hint: HINT, cause });
	};
	const value = parse(line, fail);
	const { schema, kind } = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
	if (schema !== RECORDING_SCHEMA) {
		const what = typeof schema === "string" ? `its schema is "${schema.slice(0, 40)}"` : "it has no schema";
		return fail(`${what}, not "${RECORDING_SCHEMA}"`);
	}
	if (typeof kind !== "string" || !Object.hasOwn(KINDS, kind)) {
		return fail(`its kind is none of ${Object.keys(KINDS).join(", ")}`);
	}
	try {
		return KINDS[kind as Recorded["kind"]](value, RECORD);
	} catch (error) {
		if (error instanceof ShapeError) return fail(error.message);
		throw error;
	}
}

function parse(line: string, fail: (problem: string, cause: unknown) => never): unknown {
	try {
		return JSON.parse(line);
	} catch (error) {
		return fail("it is not JSON", error);
	}
}
