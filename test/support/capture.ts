/** A capture session for tests, and its rows as lines that can be compared. */
import { existsSync } from "node:fs";
import type { TestContext } from "node:test";
import { objectPath } from "../../src/capture/programs.js";
import { resolveScope, type ScopeOptions } from "../../src/capture/scope.js";
import { type CaptureOptions, CaptureSession } from "../../src/capture/session.js";
import { ServiceNames } from "../../src/identity/service-names.js";
import type { ConnectionRow, EndpointRow, Snapshot } from "../../src/model/snapshot.js";
import { until } from "./until.js";

/** Why live tests cannot run here; false where they can. */
export const skipReason =
	process.getuid?.() !== 0
		? "loading programs takes root"
		: existsSync(objectPath())
			? false
			: `${objectPath()} is not built`;

/** Watches a scope until the test ends. */
export async function watch(
	context: TestContext,
	scope: ScopeOptions,
	options: Omit<CaptureOptions, "names" | "scope"> = {},
): Promise<CaptureSession> {
	const session = await CaptureSession.open({ ...options, scope: resolveScope(scope), names: new ServiceNames() });
	context.after(() => session.close());
	return session;
}

/** `server GET /users/:id 200 response 3`, and ` +1` where one is in flight. Sorted. */
export function endpointLines(rows: readonly EndpointRow[]): string[] {
	return rows
		.map(({ role, method, route, status, outcome, count, inFlight }) =>
			[role, method, route, status, outcome, count, ...(inFlight === 0 ? [] : [`+${inFlight}`])].join(" "),
		)
		.sort();
}

/** `client 127.0.0.1:80 refused 3`. Sorted. */
export function connectionLines(rows: readonly ConnectionRow[]): string[] {
	return rows.map(({ role, peer, outcome, count }) => [role, peer ?? "-", outcome, count].join(" ")).sort();
}

/** The exchanges of the rows that fit, all rows if nothing is asked. */
export function countOf(snapshot: Snapshot, wanted: Partial<EndpointRow> = {}): number {
	return rowsOf(snapshot, wanted).reduce((sum, { count }) => sum + count, 0);
}

/** The rows that have these labels. */
export function rowsOf(snapshot: Snapshot, wanted: Partial<EndpointRow>): EndpointRow[] {
	const labels = Object.entries(wanted) as [keyof EndpointRow, unknown][];
	return snapshot.endpoints.filter((row) => labels.every(([name, value]) => row[name] === value));
}

/** Requests without an answer yet. */
export function inFlightOf({ endpoints }: Snapshot): number {
	return endpoints.reduce((sum, { inFlight }) => sum + inFlight, 0);
}

/** Every counter of losses that is not zero. */
export function lossesOf({ losses }: Snapshot): Record<string, number> {
	return Object.fromEntries(Object.entries(losses.detail).filter(([, value]) => value > 0));
}

/** Reads until nothing is in flight and a read brings nothing new. */
export async function settled(session: CaptureSession): Promise<Snapshot> {
	let snapshot = session.read();
	await until(() => {
		const before = snapshot;
		snapshot = session.read();
		return countOf(snapshot) === countOf(before) && inFlightOf(snapshot) === 0;
	}, "nothing is in flight any more");
	return snapshot;
}
