import assert from "node:assert/strict";
import { test } from "node:test";
import { addPeers, peerDifference, peerMeans } from "./peers.js";
import type { PeerRow } from "./snapshot.js";

const CLIENT: PeerRow = {
	service: "curl",
	role: "client",
	port: 80,
	peer: "10.0.0.9:80",
	established: 4,
	ended: 2,
	retransmits: 1,
	connectSumSeconds: 0.008,
	rttSumSeconds: 0.012,
	rttCount: 6,
};

test("means are over what was measured, and undefined where nothing was", () => {
	assert.deepEqual(peerMeans(CLIENT), { connectSeconds: 0.002, rttSeconds: 0.002 });
	assert.deepEqual(peerMeans({ ...CLIENT, role: "server" }), { connectSeconds: undefined, rttSeconds: 0.002 });
	const silent = { ...CLIENT, established: 0, rttCount: 0, rttSumSeconds: 0, connectSumSeconds: 0 };
	assert.deepEqual(peerMeans(silent), { connectSeconds: undefined, rttSeconds: undefined });
});

test("the difference undoes the sum, and rows of which nothing is new are left out", () => {
	const added = addPeers(CLIENT, { ...CLIENT, established: 1 });
	assert.deepEqual(peerDifference([CLIENT], [added])[0], { ...CLIENT, established: 1 });
	assert.deepEqual(peerDifference([CLIENT], [CLIENT]), []);
	assert.deepEqual(peerDifference([], [CLIENT]), [CLIENT]);
	assert.deepEqual(peerDifference([added], [CLIENT]), [], "a session that began anew shows nothing negative");
});
