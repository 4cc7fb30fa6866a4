/**
 * The filter as it is typed into the live view: the flags of the command line, with or without their dashes
 * (`--status 5xx`, `status:5xx`), and words that are part of what is meant (`orders`).
 */
import { HttpeekError } from "../base/errors.js";
import { type Filter, parseStatus, snapshotFilter } from "./filter.js";
import type { Role, Snapshot } from "./snapshot.js";

/** A filter that was typed, read. */
export interface TextFilter {
	readonly filter: Filter;
	/** In lower case; each has to be part of the route, the service or the peer. */
	readonly words: readonly string[];
}

type Building = { -readonly [Key in keyof Filter]: Filter[Key] };

const HINT = "write status:5xx, path:/api/**, service:nginx, port:8080, method:GET, role:server, or a part of a name";

function usage(problem: string): HttpeekError {
	return new HttpeekError("HTTPEEK_USAGE", problem, { hint: HINT });
}

/** What a value of each name adds; lists with commas as on the command line. */
const FIELDS: Readonly<Record<string, (value: string, filter: Building) => void>> = {
	port: (value, filter) => {
		filter.ports = [...(filter.ports ?? []), ...value.split(",").map(readPort)];
	},
	role: (value, filter) => {
		filter.roles = [...(filter.roles ?? []), ...value.split(",").map(readRole)];
	},
	method: (value, filter) => {
		filter.methods = [...(filter.methods ?? []), ...value.split(",")];
	},
	status: (value, filter) => {
		const statuses = value.split(",");
		for (const status of statuses) parseStatus(status);
		filter.statuses = [...(filter.statuses ?? []), ...statuses];
	},
	path: (value, filter) => {
		filter.paths = [...(filter.paths ?? []), value];
	},
	service: (value, filter) => {
		filter.services = [...(filter.services ?? []), value];
	},
};

function readPort(text: string): number {
	const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
	if (port < 1 || port > 65_535) throw usage(`port cannot be used: "${text}" is not between 1 and 65535`);
	return port;
}

function readRole(text: string): Role {
	if (text !== "server" && text !== "client") throw usage(`role cannot be used: "${text}" is none of server, client`);
	return text;
}

/** `'…'` and `"…"` keep spaces together; a quote that is not closed yet reaches to the end, because people are typing. */
function tokensOf(text: string): string[] {
	return [...text.matchAll(/(?:"[^"]*"?|'[^']*'?|[^\s"'])+/g)].map(([token]) =>
		token.replace(/"([^"]*)"?|'([^']*)'?/g, (_, double?: string, single?: string) => double ?? single ?? ""),
	);
}

/**
 * Reads a filter.
 * @throws HttpeekError HTTPEEK_USAGE with a message that fits one line
 */
export function parseFilterText(text: string): TextFilter {
	const filter: Building = {};
	const words: string[] = [];
	const tokens = tokensOf(text);
	for (let token = tokens.shift(); token !== undefined; token = tokens.shift()) {
		const [, dashes = "", name = "", sign, value] = /^(--)?([a-z-]+)(?:([:=])(.*))?$/s.exec(token) ?? [];
		const add = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
		if (dashes !== "") {
			if (add === undefined) throw usage(`--${name} is no filter of the live view`);
			const given = sign === undefined ? tokens.shift() : value;
			addValue(add, `--${name}`, given, filter);
		} else if (sign !== undefined && add !== undefined) {
			addValue(add, name, value, filter);
		} else {
			words.push(token.toLowerCase());
		}
	}
	return { filter, words };
}

function addValue(add: (value: string, filter: Building) => void, name: string, value = "", filter: Building): void {
	if (value === "") throw usage(`${name} needs a value`);
	add(value, filter);
}

/** The text of a filter for these fields: `service:nginx role:server`. What is empty cannot be asked for, and is left out. */
export function filterTextOf(fields: Readonly<Record<string, string>>): string {
	return Object.entries(fields)
		.filter(([, value]) => value !== "")
		.map(([name, value]) => `${name}:${/[\s"']/.test(value) ? quoted(value) : value}`)
		.join(" ");
}

function quoted(value: string): string {
	return value.includes('"') ? `'${value.replaceAll("'", "*")}'` : `"${value}"`;
}

/** A function that leaves of a snapshot what the filter asks for. */
export function textSnapshotFilter({ filter, words }: TextFilter): (snapshot: Snapshot) => Snapshot {
	const byFields = snapshotFilter(filter);
	if (words.length === 0) return byFields;
	const holds = (...texts: readonly (string | null)[]): boolean => {
		const all = texts.map((text) => (text ?? "").toLowerCase());
		return words.every((word) => all.some((text) => text.includes(word)));
	};
	return (snapshot) => {
		const filtered = byFields(snapshot);
		return {
			...filtered,
			endpoints: filtered.endpoints.filter(({ route, service, peer }) => holds(route, service, peer)),
			connections: filtered.connections.filter(({ service, peer }) => holds(service, peer)),
			peers: filtered.peers.filter(({ service, peer }) => holds(service, peer)),
			...(filtered.samples && {
				samples: filtered.samples.filter(({ route, service, peer }) => holds(route, service, peer)),
			}),
		};
	};
}
