/** The JSON report, `httpeek/1`: other programs are written against its names. Key order is part of it. */
import { toJson } from "../base/escape.js";
import { type Histogram, quantile } from "../model/histogram.js";
import { peerMeans } from "../model/peers.js";
import type { ConnectionRow, EndpointRow, PeerRow, Snapshot } from "../model/snapshot.js";
import { chosenRows, type RowOptions } from "./options.js";

/** Goes up when a name changes its meaning or goes away. */
export const REPORT_SCHEMA = "httpeek/1";

export interface ReportLatency {
	readonly count: number;
	readonly sum: number;
	/** Seconds; null where nothing was answered. */
	readonly p50: number | null;
	readonly p90: number | null;
	readonly p99: number | null;
}

export interface ReportEndpoint extends Omit<EndpointRow, "inFlight" | "latency"> {
	readonly in_flight: number;
	readonly latency_seconds: ReportLatency;
}

export interface ReportPeer extends Pick<PeerRow, "service" | "role" | "port" | "peer" | "established" | "ended"> {
	readonly retransmits: number;
	/** Means; null where nothing was measured. */
	readonly connect_seconds: number | null;
	readonly rtt_seconds: number | null;
}

export interface Report {
	readonly schema: typeof REPORT_SCHEMA;
	/** RFC 3339, UTC. */
	readonly started_at: string;
	readonly ended_at: string;
	readonly duration_seconds: number;
	readonly endpoints: readonly ReportEndpoint[];
	readonly connections: readonly ConnectionRow[];
	/** `requests`, `responses` and `endpoints_other`, then each counter behind them under its own name. */
	readonly losses: Readonly<Record<string, number>>;
	readonly peers: readonly ReportPeer[];
}

/** Seconds to the nanosecond, so that no report shows the noise of binary fractions. */
function roundSeconds(seconds: number): number {
	return Math.round(seconds * 1e9) / 1e9;
}

function reportLatency(latency: Histogram): ReportLatency {
	const at = (q: number): number | null => {
		const seconds = quantile(latency, q);
		return seconds === undefined ? null : roundSeconds(seconds);
	};
	return { count: latency.count, sum: roundSeconds(latency.sum), p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}

function reportEndpoint(row: EndpointRow): ReportEndpoint {
	const { service, role, protocol, tls, port, peer, method, route, status, outcome, count } = row;
	return {
		...{ service, role, protocol, tls, port, peer, method, route, status, outcome, count },
		in_flight: row.inFlight,
		latency_seconds: reportLatency(row.latency),
	};
}

function reportPeer(row: PeerRow): ReportPeer {
	const { service, role, port, peer, established, ended, retransmits } = row;
	const { connectSeconds, rttSeconds } = peerMeans(row);
	return {
		...{ service, role, port, peer, established, ended, retransmits },
		connect_seconds: connectSeconds === undefined ? null : roundSeconds(connectSeconds),
		rtt_seconds: rttSeconds === undefined ? null : roundSeconds(rttSeconds),
	};
}

/** The snapshot as a report: a plain value, as JSON.stringify() takes it. */
export function toReport(snapshot: Snapshot, options: RowOptions = {}): Report {
	const { requests, responses, endpoints_other, detail } = snapshot.losses;
	return {
		schema: REPORT_SCHEMA,
		started_at: snapshot.startedAt.toISOString(),
		ended_at: snapshot.takenAt.toISOString(),
		duration_seconds: roundSeconds(snapshot.durationSeconds),
		endpoints: chosenRows(snapshot.endpoints, options).map(reportEndpoint),
		connections: snapshot.connections.map(({ service, role, peer, outcome, count }) => ({
			...{ service, role, peer, outcome, count },
		})),
		losses: { requests, responses, endpoints_other, ...detail },
		peers: snapshot.peers.map(reportPeer),
	};
}

/** The report as one line of JSON. */
export function formatJson(snapshot: Snapshot, options: RowOptions = {}): string {
	return `${toJson(toReport(snapshot, options))}\n`;
}
