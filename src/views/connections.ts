/** What is known of a group of TCP connections: those of a service with a peer, or all with a peer. */
import type { Moment } from "../model/history.js";
import { addPeers, peerMeans } from "../model/peers.js";
import type { ConnectionOutcome, PeerRow, Role } from "../model/snapshot.js";

/** Where connections belong. */
export interface ConnectionEnds {
	readonly service: string;
	readonly role: Role;
	/** The other end of a client; for servers `clients of :8080`, because clients are not told apart. */
	readonly place: string;
}

export interface ConnectionFacts extends ConnectionEnds {
	readonly key: string;
	/** Since the start or the last reset. */
	readonly established: number;
	readonly retransmits: number;
	readonly failed: Readonly<Record<ConnectionOutcome, number>>;
	/** Connections that stand now. */
	readonly open: number;
	/** Established a second, of the last seconds. */
	readonly rate: number;
	/** Means of the last seconds; since the start or the last reset where there was nothing to measure. */
	readonly connectSeconds: number | undefined;
	readonly rttSeconds: number | undefined;
	/** How many services they belong to. */
	readonly services: number;
}

/** @param row of endpoints, peers or failed connections; the latter do not know the port */
export function placeOf({ peer, port }: { readonly peer: string | null; readonly port?: number }): string {
	return peer ?? (port === undefined ? "clients" : `clients of :${port}`);
}

interface Building {
	readonly ends: ConnectionEnds;
	readonly services: Set<string>;
	readonly failed: Record<ConnectionOutcome, number>;
	since?: PeerRow;
	recent?: PeerRow;
	open: number;
}

/** The facts of a moment's connections, by what `keyOf` tells apart. */
export function groupConnections(moment: Moment, keyOf: (ends: ConnectionEnds) => string): ConnectionFacts[] {
	const { now, since, recent } = moment;
	const groups = new Map<string, Building>();
	const groupOf = (row: { readonly service: string; readonly role: Role; readonly peer: string | null }): Building => {
		const ends = { service: row.service, role: row.role, place: placeOf(row) };
		const key = keyOf(ends);
		const failed = { refused: 0, timeout: 0, unreachable: 0, reset: 0 };
		const group = groups.get(key) ?? { ends, services: new Set<string>(), failed, open: 0 };
		groups.set(key, group);
		group.services.add(row.service);
		return group;
	};
	for (const row of now.peers) groupOf(row).open += Math.max(0, row.established - row.ended);
	for (const row of since.peers) {
		const group = groupOf(row);
		group.since = group.since === undefined ? row : addPeers(group.since, row);
	}
	for (const row of recent.peers) {
		const group = groupOf(row);
		group.recent = group.recent === undefined ? row : addPeers(group.recent, row);
	}
	for (const row of since.connections) groupOf(row).failed[row.outcome] += row.count;
	return [...groups].map(([key, group]) => factsOf(key, group, recent.durationSeconds));
}

function factsOf(key: string, group: Building, recentSeconds: number): ConnectionFacts {
	const { ends, since, recent, failed, open, services } = group;
	const lately = recent === undefined ? undefined : peerMeans(recent);
	const before = since === undefined ? undefined : peerMeans(since);
	return {
		...ends,
		key,
		established: since?.established ?? 0,
		retransmits: since?.retransmits ?? 0,
		failed,
		open,
		rate: recentSeconds > 0 ? (recent?.established ?? 0) / recentSeconds : 0,
		connectSeconds: lately?.connectSeconds ?? before?.connectSeconds,
		rttSeconds: lately?.rttSeconds ?? before?.rttSeconds,
		services: services.size,
	};
}
