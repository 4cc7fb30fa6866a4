import assert from "node:assert/strict";
import { test } from "node:test";
import type { Batch } from "../kernel/map.js";
import {
	PEER_KEY_SIZE,
	PEER_STATS_SIZE,
	type PeerKey,
	type PeerStats,
	Role,
	writePeerKey,
	writePeerStats,
} from "../wire/layout.js";
import { ConnectionReader } from "./connections.js";

const ADDRESS = Uint8Array.from(Buffer.from("00000000000000000000ffff0a000009", "hex"));
const NOTHING: PeerStats = {
	establishedCount: 0,
	connectSumNs: 0,
	refusedCount: 0,
	timeoutCount: 0,
	unreachableCount: 0,
	resetCount: 0,
	endedCount: 0,
	retransmitsCount: 0,
	rttSumNs: 0,
	rttCount: 0,
};

interface Entry {
	readonly key?: Partial<PeerKey>;
	readonly stats: Partial<PeerStats>;
}

function batchOf(entries: readonly Entry[]): Batch {
	const keys = new DataView(new ArrayBuffer(entries.length * PEER_KEY_SIZE));
	const values = new DataView(new ArrayBuffer(entries.length * PEER_STATS_SIZE));
	entries.forEach(({ key, stats }, i) => {
		writePeerKey(keys, i * PEER_KEY_SIZE, { owner: 1, port: 80, role: Role.CLIENT, peer: ADDRESS, ...key });
		writePeerStats(values, i * PEER_STATS_SIZE, { ...NOTHING, ...stats });
	});
	return { count: entries.length, keys: new Uint8Array(keys.buffer), values: new Uint8Array(values.buffer) };
}

/** A reader of `table`, one entry a batch. Owners 1-9 are one service, 10-19 another. */
function readerOf(table: readonly Entry[]): ConnectionReader {
	return new ConnectionReader(
		{ batches: () => table.map((entry) => batchOf([entry])) },
		{ owner: (slot) => ({ cgroupId: 0n, pid: slot, comm: "" }) },
		{ resolve: ({ pid }) => `service-${Math.floor(pid / 10)}` },
	);
}

test("a row for each way in which connections failed; those that ended in order are none", () => {
	const { connections: rows } = readerOf([
		{ stats: { establishedCount: 9, endedCount: 9 } },
		{ key: { port: 81 }, stats: { refusedCount: 3, timeoutCount: 4, establishedCount: 1 } },
		{ key: { role: Role.SERVER, port: 8080 }, stats: { resetCount: 1 } },
		{ key: { owner: 10 }, stats: { unreachableCount: 2 } },
	]).read();
	assert.deepEqual(rows, [
		{ service: "service-0", role: "client", peer: "10.0.0.9:81", outcome: "timeout", count: 4 },
		{ service: "service-0", role: "client", peer: "10.0.0.9:81", outcome: "refused", count: 3 },
		{ service: "service-1", role: "client", peer: "10.0.0.9:80", outcome: "unreachable", count: 2 },
		{ service: "service-0", role: "server", peer: null, outcome: "reset", count: 1 },
	]);
});

test("owners of one service are one row, and so are a service's ports without a peer", () => {
	const { connections: rows } = readerOf([
		{ key: { owner: 1 }, stats: { refusedCount: 1 } },
		{ key: { owner: 2 }, stats: { refusedCount: 2 } },
		{ key: { role: Role.SERVER, port: 1 }, stats: { resetCount: 1 } },
		{ key: { role: Role.SERVER, port: 2 }, stats: { resetCount: 1 } },
	]).read();
	assert.deepEqual(
		rows.map(({ role, count }) => [role, count]),
		[
			["client", 3],
			["server", 2],
		],
	);
});

test("counts are cumulative, and a row that did not change is the same object", () => {
	const table: Entry[] = [{ stats: { refusedCount: 1 } }, { key: { port: 81 }, stats: { refusedCount: 5 } }];
	const reader = readerOf(table);
	const { connections: before } = reader.read();
	table[0] = { stats: { refusedCount: 2 } };
	const { connections: after } = reader.read();
	assert.deepEqual(
		after.map(({ count }) => count),
		[5, 2],
	);
	assert.equal(after[0], before[0]);
	assert.equal(before[1]?.count, 1);
	assert.ok(Object.isFrozen(after[1]));
});

test("established connections are facts by service, port and peer; owners of one service are added up", () => {
	const facts = {
		establishedCount: 2,
		connectSumNs: 3e6,
		endedCount: 1,
		retransmitsCount: 4,
		rttSumNs: 5e6,
		rttCount: 3,
	};
	const { connections, peers } = readerOf([
		{ key: { owner: 1 }, stats: facts },
		{ key: { owner: 2 }, stats: facts },
		{ key: { role: Role.SERVER, port: 8080 }, stats: { establishedCount: 9 } },
		{ key: { port: 81 }, stats: { refusedCount: 3 } },
		{ key: { port: 82 }, stats: { retransmitsCount: 1, timeoutCount: 1 } },
	]).read();
	const nothing = { established: 0, ended: 0, retransmits: 0, connectSumSeconds: 0, rttSumSeconds: 0, rttCount: 0 };
	assert.deepEqual(peers, [
		{ ...nothing, service: "service-0", role: "server", port: 8080, peer: null, established: 9 },
		{
			...{ service: "service-0", role: "client", port: 80, peer: "10.0.0.9:80", established: 4, ended: 2 },
			...{ retransmits: 8, connectSumSeconds: 0.006, rttSumSeconds: 0.01, rttCount: 6 },
		},
		{ ...nothing, service: "service-0", role: "client", port: 82, peer: "10.0.0.9:82", retransmits: 1 },
	]);
	assert.equal(connections.length, 2);
});
