/** How connections failed, by service and peer: the kernel's table `peers` as rows. */
import type { Batch } from "../kernel/map.js";
import type { ConnectionOutcome, ConnectionRow } from "../model/snapshot.js";
import { PEER_KEY_SIZE, PEER_STATS_SIZE, type PeerStats, Role, readPeerKey, readPeerStats } from "../wire/layout.js";
import type { ServiceResolver } from "./accumulate.js";
import { peerText } from "./address.js";
import type { OwnerRecord } from "./tables.js";

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
	#rows: ReadonlyMap<string, ConnectionRow> = new Map();

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
	 * @returns rows, most counted first; a row in which nothing changed is the same object as last time
	 * @throws HttpeekError HTTPEEK_BPF when the kernel refuses the read
	 */
	read(): readonly ConnectionRow[] {
		const rows = new Map<string, ConnectionRow>();
		for (const batch of this.#peers.batches()) addBatch(rows, batch, (slot) => this.#service(slot));
		for (const [key, row] of rows) {
			const before = this.#rows.get(key);
			rows.set(key, before?.count === row.count ? before : Object.freeze(row));
		}
		this.#rows = rows;
		return [...rows.values()].sort((a, b) => b.count - a.count);
	}

	#service(ownerSlot: number): string {
		return this.#names.resolve(this.#owners.owner(ownerSlot));
	}
}

/** Adds what a batch counts to the rows; several owners can be one service. */
function addBatch(rows: Map<string, ConnectionRow>, batch: Batch, serviceOf: (slot: number) => string): void {
	const keys = new DataView(batch.keys.buffer, batch.keys.byteOffset, batch.keys.byteLength);
	const values = new DataView(batch.values.buffer, batch.values.byteOffset, batch.values.byteLength);
	for (let i = 0; i < batch.count; i++) {
		const stats = readPeerStats(values, i * PEER_STATS_SIZE);
		const failed = OUTCOMES.filter(({ count }) => count(stats) > 0);
		if (failed.length === 0) continue;
		const { owner, port, role: roleCode, peer: address } = readPeerKey(keys, i * PEER_KEY_SIZE);
		const role = roleCode === Role.CLIENT ? "client" : "server";
		const peer = role === "client" ? peerText(address, port) : null;
		const service = serviceOf(owner);
		for (const { outcome, count } of failed) {
			const key = JSON.stringify([service, role, peer, outcome]);
			rows.set(key, { service, role, peer, outcome, count: (rows.get(key)?.count ?? 0) + count(stats) });
		}
	}
}
