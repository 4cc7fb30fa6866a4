/** Moments and screens for tests of the views. */
import { histogramOf } from "../model/histogram.js";
import { History, type Moment } from "../model/history.js";
import type { PeerRow, Snapshot } from "../model/snapshot.js";
import { makeLosses, makeRow, makeSnapshot } from "../model/testing.js";
import type { ScreenContext } from "./screen.js";

export const PLAIN: ScreenContext = {
	host: "web-1",
	description: "the whole host",
	look: { color: false, isUtf8: true },
	ownShare: 0.0123,
};

function makePeer(fields: Partial<PeerRow>): PeerRow {
	return {
		...{
			service: "curl",
			role: "client",
			port: 8080,
			peer: "127.0.0.1:8080",
			established: 3,
			ended: 2,
			retransmits: 1,
		},
		...{ connectSumSeconds: 0.0006, rttSumSeconds: 0.004, rttCount: 5 },
		...fields,
	};
}

/** A shop after so many seconds: steady traffic, an error now and then, one slow endpoint. */
export function shopAfter(seconds: number, more: Partial<Snapshot> = {}): Snapshot {
	const times = (count: number, ns: number) => histogramOf(new Array<number>(count).fill(ns));
	const failed = Math.floor(seconds / 5);
	return makeSnapshot(
		[
			makeRow({ route: "/", count: 20 * seconds, latency: times(20 * seconds, 3e5) }),
			makeRow({
				route: "/orders/:id",
				method: "POST",
				status: 201,
				count: 5 * seconds,
				latency: times(5 * seconds, 2e6),
			}),
			makeRow({ route: "/orders/:id", method: "POST", status: 500, count: failed, latency: times(failed, 1e6) }),
			makeRow({ route: "/reports", count: seconds, inFlight: 2, latency: times(seconds, 4e8) }),
			makeRow({ route: "/", service: "curl", role: "client", count: 20 * seconds, latency: times(20 * seconds, 4e5) }),
			makeRow({ route: "/gone", service: "curl", role: "client", status: 404, count: seconds }),
			makeRow({ route: "/hung", service: "curl", role: "client", status: 0, count: 2 }),
		].filter(({ count }) => count > 0),
		{
			durationSeconds: seconds,
			connections: [{ service: "curl", role: "client", peer: "10.0.0.9:80", outcome: "timeout", count: 3 }],
			peers: [
				makePeer({ established: 3 * seconds, ended: 3 * seconds - 1, connectSumSeconds: 0.0006 * seconds }),
				makePeer({ service: "shop", role: "server", peer: null, established: 3 * seconds, ended: 3 * seconds - 1 }),
			],
			...more,
		},
	);
}

/** The moment after these snapshots. */
export function momentOf(snapshots: readonly Snapshot[]): Moment {
	const history = new History();
	for (const snapshot of snapshots) history.push(snapshot);
	const moment = history.moment();
	if (moment === undefined) throw new Error("a moment needs a snapshot");
	return moment;
}

/** The shop after a bit more than a minute. */
export function shopMoment(last: Partial<Snapshot> = {}): Moment {
	return momentOf(Array.from({ length: 70 }, (_, at) => shopAfter(at + 1, at === 69 ? last : {})));
}

export const SOME_LOSSES = makeLosses({ requests: 3, responses: 1, detail: { request_gap: 3, response_gap: 1 } });
