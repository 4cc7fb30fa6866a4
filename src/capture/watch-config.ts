/** A watcher's filter as the kernel programs read it (bpf/config.h), so that what is left out costs nothing more. */

import type { ConfigValue } from "../kernel/object.js";
import type { WatchFilter } from "../model/exchange.js";
import { parseStatus } from "../model/filter.js";
import { isError } from "../model/totals.js";
import { Method, Role as RoleCode } from "../wire/layout.js";
import { CONFIG_LAYOUT } from "../wire/object.js";

const NS_PER_SECOND = 1e9;
/** Statuses that can be on the wire, and 0: no response. */
const STATUSES = [0, ...Array.from({ length: 900 }, (_, i) => 100 + i)];
const ALL_OF_SHARE = 0xffff_ffff;
const ROLES = ["server", "client"] as const;

type WatchConfigName = Extract<keyof typeof CONFIG_LAYOUT, `cfg_watch${string}`>;

export interface KernelWatch extends Omit<WatchFilter, "paths" | "services"> {
	/** Queries are sent along. */
	readonly query?: boolean;
	/** Exchanges that took so long are sent whatever their status. */
	readonly slowSeconds?: number;
}

/**
 * The configuration that has exchanges sent; paths and services are not the kernel's business.
 * @throws HttpeekError HTTPEEK_USAGE for a status that cannot be
 */
export function watchConfig(watch: KernelWatch): Readonly<Record<WatchConfigName, ConfigValue>> {
	const { ports = [], roles = [], methods = [], minLatencySeconds = 0, slowSeconds, sampleOneIn = 1 } = watch;
	const codes: Readonly<Record<string, number>> = { ...Method, _OTHER: Method.OTHER };
	const roleCodes = { server: RoleCode.SERVER, client: RoleCode.CLIENT };
	return {
		cfg_watch: true,
		cfg_watch_query: watch.query ?? false,
		cfg_watch_all_ports: ports.length === 0,
		cfg_watch_ports: bits("cfg_watch_ports", ports),
		cfg_watch_roles: roles.length === 0 ? 0xff : mask(roles.map((role) => roleCodes[role])),
		cfg_watch_methods:
			methods.length === 0
				? 0xffff
				: mask(methods.map((method) => codes[method.toUpperCase()]).filter((code) => code !== undefined)),
		cfg_watch_share: sampleOneIn === 1 ? ALL_OF_SHARE : Math.min(Math.round(2 ** 32 / sampleOneIn), ALL_OF_SHARE - 1),
		cfg_watch_min_ns: BigInt(Math.round(minLatencySeconds * NS_PER_SECOND)),
		cfg_watch_slow_ns: slowSeconds === undefined ? 2n ** 64n - 1n : BigInt(Math.round(slowSeconds * NS_PER_SECOND)),
		cfg_watch_statuses: statusBits(watch),
	};
}

/** A bit for each status that is wanted, of servers and then of clients, for whom more is an error. */
function statusBits({ statuses = [], errorsOnly = false }: KernelWatch): Uint8Array {
	const ranges = statuses.map(parseStatus);
	const wanted = ROLES.flatMap((role, half) =>
		STATUSES.filter((status) => {
			const isInRange = ranges.length === 0 || ranges.some(({ from, to }) => from <= status && status <= to);
			const outcome = status === 0 ? "client_closed" : "response";
			return isInRange && (!errorsOnly || isError({ role, status, outcome }));
		}).map((status) => half * 1024 + status),
	);
	return bits("cfg_watch_statuses", wanted);
}

/** A set as bits, lowest first; little-endian words are bytes in rising order. */
function bits(name: WatchConfigName, numbers: readonly number[]): Uint8Array {
	const bytes = new Uint8Array(CONFIG_LAYOUT[name].size);
	for (const number of numbers) bytes[number >> 3] = (bytes[number >> 3] ?? 0) | (1 << (number & 7));
	return bytes;
}

function mask(codes: readonly number[]): number {
	return codes.reduce((all, code) => all | (1 << code), 0);
}
