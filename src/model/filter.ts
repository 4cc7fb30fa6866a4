/** Which rows a person wants to see. Values of one field are alternatives (OR), fields narrow each other (AND). */
import { HttpeekError } from "../base/errors.js";
import { globMatcher } from "./glob.js";
import type { ConnectionRow, EndpointRow, PeerRow, Role, Snapshot } from "./snapshot.js";

export interface Filter {
	/** The server's port. */
	readonly ports?: readonly number[];
	readonly roles?: readonly Role[];
	/** Methods as on the wire; what OpenTelemetry does not know is `_OTHER`. Letter case does not matter. */
	readonly methods?: readonly string[];
	/** `404`, `5xx`, `400-499`, `5+` (5xx and above), `0` (no response). */
	readonly statuses?: readonly (string | number)[];
	/** Globs over the route (`/users/:id`): `*` within a segment, `**` across segments, `?` one character. */
	readonly paths?: readonly string[];
	/** Service names; `*` matches any text. */
	readonly services?: readonly string[];
}

/** What a filter looks at. */
export type FilterableRow = Pick<EndpointRow, "port" | "role" | "method" | "status" | "outcome" | "route" | "service">;

export interface StatusRange {
	readonly from: number;
	readonly to: number;
}

const HIGHEST_STATUS = 999;

/**
 * Reads a status or a range of them.
 * @throws HttpeekError HTTPEEK_USAGE when the text is neither.
 */
export function parseStatus(text: string | number): StatusRange {
	const spec = String(text).toLowerCase();
	const match = /^(?:(?<exact>[1-9]\d\d|0)|(?<from>[1-9]\d\d)-(?<to>[1-9]\d\d)|(?<hundred>[1-9])(?<open>xx|\+))$/.exec(
		spec,
	);
	const { exact, from, to, hundred, open } = match?.groups ?? {};
	if (exact !== undefined) {
		return { from: Number(exact), to: Number(exact) };
	}
	if (from !== undefined && to !== undefined && Number(from) <= Number(to)) {
		return { from: Number(from), to: Number(to) };
	}
	if (hundred !== undefined) {
		const first = Number(hundred) * 100;
		return { from: first, to: open === "+" ? HIGHEST_STATUS : first + 99 };
	}
	const meant = meantStatus(spec);
	throw new HttpeekError("HTTPEEK_USAGE", `status cannot be used: "${text}" is neither a status nor a range`, {
		hint: `${meant === undefined ? "" : `did you mean ${meant}? `}write 404, 5xx, 400-499, 5+ or 0 (no response)`,
	});
}

/** Ways in which statuses are written elsewhere, or half-way to what is meant. */
function meantStatus(spec: string): string | undefined {
	const [, hundred] = /^([1-5])[x*]*$/.exec(spec) ?? [];
	if (hundred !== undefined) {
		return `${hundred}xx`;
	}
	const [, from] = /^(?:>=?\s*)?([1-5])(?:00|xx)\s*\+?$/.exec(spec) ?? [];
	if (from !== undefined) {
		return `${from}+`;
	}
	const [, first, last] = /^([1-5]\d\d)\s*(?:-|\.\.+|:|to)\s*([1-5]\d\d)$/.exec(spec) ?? [];
	return first !== undefined && last !== undefined && first < last ? `${first}-${last}` : undefined;
}

function checkPort(port: number): number {
	if (!Number.isInteger(port) || port < 1 || port > 65_535) {
		throw new HttpeekError("HTTPEEK_USAGE", `port cannot be used: ${port} is not between 1 and 65535`);
	}
	return port;
}

/** One test for each value; a field that is absent or empty lets everything through. */
function anyOf<Value, Row>(
	values: readonly Value[] | undefined,
	test: (value: Value) => (row: Row) => boolean,
): (row: Row) => boolean {
	if (values === undefined || values.length === 0) {
		return () => true;
	}
	const tests = values.map(test);
	return (row) => tests.some((holds) => holds(row));
}

function serviceTest(services: Filter["services"]): (row: { readonly service: string }) => boolean {
	// In a service's name a slash is a character like others.
	return anyOf(services, (pattern) => {
		const matches = globMatcher(pattern.replaceAll("*", "**"));
		return ({ service }) => matches(service);
	});
}

/**
 * The test that a filter stands for.
 * @throws HttpeekError HTTPEEK_USAGE for a port or status that cannot be.
 */
export function rowFilter(filter: Filter): (row: FilterableRow) => boolean {
	const tests: readonly ((row: FilterableRow) => boolean)[] = [
		anyOf(
			filter.ports?.map(checkPort),
			(wanted) =>
				({ port }) =>
					port === wanted,
		),
		anyOf(
			filter.roles,
			(wanted) =>
				({ role }) =>
					role === wanted,
		),
		anyOf(
			filter.methods,
			(wanted) =>
				({ method }) =>
					method === wanted.toUpperCase(),
		),
		anyOf(filter.statuses, (wanted) => {
			const { from, to } = parseStatus(wanted);
			return ({ status, outcome }) => outcome !== "in_flight" && status >= from && status <= to;
		}),
		anyOf(filter.paths, (pattern) => {
			const matches = globMatcher(pattern);
			return ({ route }) => matches(route);
		}),
		serviceTest(filter.services),
	];
	return (row) => tests.every((holds) => holds(row));
}

/**
 * Connections, failed ones and established ones, have no method, status or path: a filter for these leaves none.
 * @param hasPort whether the server's port is this one
 */
function connectionFilter<Row extends ConnectionRow | PeerRow>(
	filter: Filter,
	hasPort: (row: Row, port: number) => boolean,
): (row: Row) => boolean {
	const aboutExchanges = [filter.methods, filter.statuses, filter.paths].some((values) => (values?.length ?? 0) > 0);
	const tests: readonly ((row: Row) => boolean)[] = [
		() => !aboutExchanges,
		anyOf(filter.ports, (wanted) => (row) => hasPort(row, wanted)),
		anyOf(
			filter.roles,
			(wanted) =>
				({ role }) =>
					role === wanted,
		),
		serviceTest(filter.services),
	];
	return (row) => tests.every((holds) => holds(row));
}

/**
 * A function that leaves of a snapshot what the filter asks for. Losses stay as they are: nobody knows the labels of what
 * was missed.
 * @throws HttpeekError HTTPEEK_USAGE for a port or status that cannot be.
 */
export function snapshotFilter(filter: Filter): (snapshot: Snapshot) => Snapshot {
	const row = rowFilter(filter);
	const connection = connectionFilter<ConnectionRow>(filter, ({ peer }, port) => peer?.endsWith(`:${port}`) === true);
	const peer = connectionFilter<PeerRow>(filter, (connections, port) => connections.port === port);
	return (snapshot) => ({
		...snapshot,
		endpoints: snapshot.endpoints.filter(row),
		connections: snapshot.connections.filter(connection),
		...(snapshot.samples && { samples: snapshot.samples.filter(row) }),
		peers: snapshot.peers.filter(peer),
	});
}
