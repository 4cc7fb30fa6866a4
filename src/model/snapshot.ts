/**
 * What httpeek knows at one moment: immutable values, cumulative since counting began. Rates and intervals come from the
 * difference of two snapshots (difference.ts). Nothing in here does I/O or knows where the numbers come from.
 */
import type { Histogram } from "./histogram.js";

/** Which end of an exchange was watched: `server` where the request came in, `client` where it went out. */
export type Role = "server" | "client";

/** OpenTelemetry's `network.protocol.name`/`version`, as one word. */
export type Protocol = "http/1.0" | "http/1.1";

/**
 * How an exchange ended. `in_flight` is no end: it marks the row of an endpoint of which nothing has ended yet (count 0).
 */
export type Outcome = "response" | "client_closed" | "server_closed" | "in_flight";

/** The labels of an endpoint. Two endpoints with equal labels are one row, whatever sockets or processes served them. */
export interface EndpointLabels {
	/** Container, systemd unit or process name: see identity/. */
	readonly service: string;
	readonly role: Role;
	readonly protocol: Protocol;
	readonly tls: boolean;
	/** The server's port: local for `server`, remote for `client`. */
	readonly port: number;
	/** For clients the other end as `address:port` (`[v6]:port`), null for servers. */
	readonly peer: string | null;
	/** A method OpenTelemetry knows, or `_OTHER`. */
	readonly method: string;
	/** Route template such as `/users/:id`, as it was on the wire (hostile: escape before showing), or `(other)`. */
	readonly route: string;
}

/** One row: an endpoint, a status and an outcome, with what was counted. */
export interface EndpointRow extends EndpointLabels {
	/** HTTP status 100-599, or 0 where there was no response. */
	readonly status: number;
	readonly outcome: Outcome;
	readonly count: number;
	/**
	 * Requests of the endpoint without an answer yet. An endpoint's number stands on its first row only (most counted, then
	 * lowest status) and is 0 on its others, so that sums over rows are right.
	 */
	readonly inFlight: number;
	/** From the first byte of the request head to the first byte of the response head. */
	readonly latency: Histogram;
}

/** How a connection failed; an established connection that ends in order is no row. */
export type ConnectionOutcome = "refused" | "timeout" | "unreachable" | "reset";

export interface ConnectionRow {
	readonly service: string;
	readonly role: Role;
	readonly peer: string | null;
	readonly outcome: ConnectionOutcome;
	readonly count: number;
}

/** Established connections between a service and a peer, and how the path between them is. */
export interface PeerRow {
	readonly service: string;
	readonly role: Role;
	/** The server's port. */
	readonly port: number;
	/** For clients the other end, as in EndpointLabels; null for servers, whose clients are not told apart. */
	readonly peer: string | null;
	/** Connections that were established, and those of them whose end was seen. */
	readonly established: number;
	readonly ended: number;
	/** Segments sent again, SYNs included. */
	readonly retransmits: number;
	/** Clients: sum over `established` of the time from SYN to established, seconds. */
	readonly connectSumSeconds: number;
	/** Sum over `rttCount` samples of TCP's smoothed round-trip time: one when established, one at the end. */
	readonly rttSumSeconds: number;
	readonly rttCount: number;
}

/**
 * Ways to miss a count, each with its number: docs/losses.md explains them. `requests` and `responses` sum up the
 * detailed counters of their kind; `endpoints_other` are exchanges counted under `(other)`, not lost.
 */
export interface Losses {
	readonly requests: number;
	readonly responses: number;
	readonly endpoints_other: number;
	/** Every counter by its snake_case name, zeros included. */
	readonly detail: Readonly<Record<string, number>>;
}

/** One exchange that has ended. The labels are those of its endpoint. */
export interface WatchedExchange extends EndpointLabels {
	/** When its response began, or was given up; wall clock. */
	readonly time: Date;
	/**
	 * The path as on the wire (hostile: escape before showing), without the query unless that was asked for; then, and in
	 * segments that look like tokens, secrets are left out: target.ts. The route where the path was not kept. A path longer
	 * than 240 bytes ends in `…`.
	 */
	readonly path: string;
	/** HTTP status 100-599, or 0 where there was no response. */
	readonly status: number;
	readonly outcome: Exclude<Outcome, "in_flight">;
	/** From the first byte of the request head to the first byte of the response head, or to the end of waiting. */
	readonly latencySeconds: number;
}

/** What the kernel programs took, by the kernel's own count of their runs. */
export interface KernelCost {
	readonly runs: number;
	/** Time of these runs on all CPUs together. */
	readonly seconds: number;
}

export interface Snapshot {
	/** When counting began (wall clock). */
	readonly startedAt: Date;
	/** When these numbers were read (wall clock). */
	readonly takenAt: Date;
	/** Between the two, by the monotonic clock. */
	readonly durationSeconds: number;
	/** Most counted first. */
	readonly endpoints: readonly EndpointRow[];
	readonly connections: readonly ConnectionRow[];
	/** Most established first. */
	readonly peers: readonly PeerRow[];
	/** The last exchanges that failed or were slow, newest first; absent where they were not asked for. */
	readonly samples?: readonly WatchedExchange[];
	readonly losses: Losses;
	/** Facts that are no losses: connections seen, connections that are not HTTP, 1xx responses, and so on. */
	readonly facts: Readonly<Record<string, number>>;
	/** Absent where the kernel does not count runs: it does so only while `kernel.bpf_stats_enabled` is on. */
	readonly cost?: KernelCost;
}
