/** What the facts of a peer's connections amount to. */
import type { PeerRow } from "./snapshot.js";

export interface PeerMeans {
	/** SYN to established, seconds; undefined for servers and where nothing was established. */
	readonly connectSeconds: number | undefined;
	/** Smoothed round-trip time, seconds; undefined where it was never measured. */
	readonly rttSeconds: number | undefined;
}

export function peerMeans({ role, established, connectSumSeconds, rttSumSeconds, rttCount }: PeerRow): PeerMeans {
	return {
		connectSeconds: role === "client" && established > 0 ? connectSumSeconds / established : undefined,
		rttSeconds: rttCount > 0 ? rttSumSeconds / rttCount : undefined,
	};
}

/** What tells peers apart. */
export function peerKey({ service, role, port, peer }: PeerRow): string {
	return JSON.stringify([role, port, peer, service]);
}

/** What was added to `before` to give `after`; never below 0. */
export function peerDifference(before: readonly PeerRow[], after: readonly PeerRow[]): PeerRow[] {
	const earlier = new Map(before.map((row) => [peerKey(row), row]));
	return after
		.map((row) => {
			const past = earlier.get(peerKey(row));
			return past === undefined ? row : addPeers(row, past, -1);
		})
		.filter(({ established, ended, retransmits }) => established + ended + retransmits > 0);
}

/** The sum of two rows with the same key; with `sign` -1 what is more in `a`, never below 0. */
export function addPeers(a: PeerRow, b: PeerRow, sign: 1 | -1 = 1): PeerRow {
	const sum = (of: (row: PeerRow) => number): number => Math.max(0, of(a) + sign * of(b));
	return {
		...a,
		established: sum((row) => row.established),
		ended: sum((row) => row.ended),
		retransmits: sum((row) => row.retransmits),
		connectSumSeconds: sum((row) => row.connectSumSeconds),
		rttSumSeconds: sum((row) => row.rttSumSeconds),
		rttCount: sum((row) => row.rttCount),
	};
}
