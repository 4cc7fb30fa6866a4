/** How connections failed, and how those that were established fared, by service and peer: the kernel's table `peers`. */
import type { Batch } from "../kernel/map.js";
import { addPeers, peerKey } from "../model/peers.js";
import type { ConnectionOutcome, ConnectionRow, PeerRow } from "../model/snapshot.js";
import {
	PEER_KEY_SIZE,
	PEER_STATS_SIZE,
	type PeerKey,
	type PeerStats,
	Role,
	readPeerKey,
	readPeerStats,
} from "../wire/layout.js";
import type { ServiceResolver } from "./accumulate.js";
import { peerText } from "./address.js";
import type { OwnerRecord } from "./tables.js";

const NS_PER_SECOND = 1e9;

const OUTCOMES: readonly { readonly outcome: ConnectionOutcome; readonly count: (stats: PeerStats) => number }[] = [
	{ outcome: "refused", count: (stats) => stats.refusedCount },
	{ outcome: "timeout", count: (stats) => stats.timeoutCount },
	{ outcome: "unreachable", count: (stats) => stats.unreachableCount },
	{ outcome: "reset", count: (stats) => stats.resetCount },
];

export class ConnectionReader {
	readonly #peers: { batches(): Iterable<Batch> };
	readonly #owners: { owner(slot: number): OwnerRecord };
	readonly #names: ServiceResolver;
	#failures: ReadonlyMap<string, ConnectionRow> = new Map();

	/** @param peers the map of that name */
	constructor(
		peers: { batches(): Iterable<Batch> },
		owners: { owner(slot: number): OwnerRecord },
		names: ServiceResolver,
	) {
		this.#peers = peers;
		this.#owners = owners;
		this.#names = names;
	}

	/**
	 * Reads the table once.
	 * @returns rows, most counted first; a failure row in which nothing changed is the same object as last time
	 * @throws HttpeekError HTTPEEK_BPF when the kernel refuses the read
	 */
	read(): { readonly connections: readonly ConnectionRow[]; readonly peers: readonly PeerRow[] } {
		const failures = new Map<string, ConnectionRow>();
		const peers = new Map<string, PeerRow>();
		for (const batch of this.#peers.batches()) {
			for (const entry of entriesOf(batch)) {
				const peer = this.#peerOf(entry);
				addFailures(failures, peer, entry.stats);
				if (peer.established + peer.retransmits > 0) {
					const key = peerKey(peer);
					const sum = peers.get(key);
					peers.set(key, sum === undefined ? peer : addPeers(sum, peer));
				}
			}
		}
		for (const [key, row] of failures) {
			const before = this.#failures.get(key);
			failures.set(key, before?.count === row.count ? before : Object.freeze(row));
		}
		this.#failures = failures;
		return {
			connections: [...failures.values()].sort((a, b) => b.count - a.count),
			peers: [...peers.values()].sort((a, b) => b.established - a.established),
		};
	}

	#peerOf({ key, stats }: Entry): PeerRow {
		const role = key.role === Role.CLIENT ? "client" : "server";
		return {
			service: this.#names.resolve(this.#owners.owner(key.owner)),
			role,
			port: key.port,
			peer: role === "client" ? peerText(key.peer, key.port) : null,
			established: stats.establishedCount,
			ended: stats.endedCount,
			retransmits: stats.retransmitsCount,
			connectSumSeconds: stats.connectSumNs / NS_PER_SECOND,
			rttSumSeconds: stats.rttSumNs / NS_PER_SECOND,
			rttCount: stats.rttCount,
		};
	}
}

interface Entry {
	readonly key: PeerKey;
	readonly stats: PeerStats;
}

function* entriesOf(batch: Batch): Generator<Entry> {
	const keys = new DataView(batch.keys.buffer, batch.keys.byteOffset, batch.keys.byteLength);
	const values = new DataView(batch.values.buffer, batch.values.byteOffset, batch.values.byteLength);
	for (let i = 0; i < batch.count; i++) {
		yield { key: readPeerKey(keys, i * PEER_KEY_SIZE), stats: readPeerStats(values, i * PEER_STATS_SIZE) };
	}
}

/** Adds what failed to the rows; several owners can be one service. */
function addFailures(rows: Map<string, ConnectionRow>, of: PeerRow, stats: PeerStats): void {
	const { service, role, peer } = of;
	for (const { outcome, count } of OUTCOMES) {
		if (count(stats) === 0) continue;
		const key = JSON.stringify([service, role, peer, outcome]);
		rows.set(key, { service, role, peer, outcome, count: (rows.get(key)?.count ?? 0) + count(stats) });
	}
}
