/** The object file with the kernel programs: where it is, how large its tables are made, how it is configured. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { release } from "node:os";
import { fileURLToPath } from "node:url";
import { HttpeekError } from "../base/errors.js";
import { BpfObject, type ConfigValue } from "../kernel/object.js";
import { Limit } from "../wire/layout.js";
import { CONFIG_LAYOUT, type ObjectNames } from "../wire/object.js";

/** How many rows are told apart before `(other)` takes over. */
export interface CaptureLimits {
	/** Endpoints: service, role, port, peer, method and route. Default 4096. */
	readonly maxEndpoints?: number;
}

/** Sizes of the tables, in entries. */
export interface TableSizes {
	/** Copies of a counter: a power of two, so that CPUs rarely share one. */
	readonly stripes: number;
	readonly endpoints: number;
	/** Places in which endpoints are looked for first: a power of two. */
	readonly endpointHints: number;
	/** Endpoints that one service can take, so that a flood of paths at one leaves room for the others. */
	readonly ownerEndpoints: number;
	readonly cells: number;
	readonly owners: number;
	/** Pairs of an owner and a peer whose connections are counted. */
	readonly peers: number;
	readonly cpus: number;
	/** Scratch memory of the programs: some for each possible CPU. */
	readonly workspaces: number;
}

export const DEFAULT_MAX_ENDPOINTS = 4096;
/** The most that `maxEndpoints` can be. */
export const LARGEST_MAX_ENDPOINTS = Limit.ENDPOINTS - Limit.OTHER_ENDPOINTS;
const OWNERS = 4096;
/** So that few endpoints share a place. */
const HINTS_PER_ENDPOINT = 2;
/** One endpoint in so many is out of reach for any single service; a table of less than 64 has nothing to spare. */
const SHARE_KEPT_FOR_OTHERS = 8;
const SMALLEST_SHARED = 64;
const PEERS = 4096;
/** Cells of an endpoint: a few statuses, and one for each stripe if it is busy; more than six CPUs rarely share one. */
const CELLS_PER_ENDPOINT = 2;
const MOST_STRIPES_PER_ENDPOINT = 6;
/** A cell is found by its own stripe, and the first of an endpoint and status by any. */
const IDS_PER_CELL = 2;

/** How the programs of bpf/slots.bpf.c are run: slots that one run pushes, where its packet begins, and its answer. */
const SLOTS_A_RUN = 256;
const ETHERNET_BYTES = 14;
const SHORTEST_PACKET_BYTES = 64;
const PASS = 1;

/** As many as any distribution's kernel is built for. */
const MOST_CPUS = 8192;
const POSSIBLE_CPUS = "/sys/devices/system/cpu/possible";
const NS_PER_SECOND = 1e9;

/** An object file whose programs are in the kernel but attached nowhere yet. */
export type Programs = BpfObject<ObjectNames>;

/** Entries of the tables of encrypted connections, where they are read: with all of them some 10 MB of kernel memory. */
const TLS_TABLE_SIZES = {
	/** Connections that are read at the same time. */
	tls_connections: 16_384,
	/** Threads that work on a connection whose socket is not known. */
	tls_tasks: 4096,
	/** Threads that have sent for a connection whose object is not known. */
	tls_sent: 1024,
	/** Connections that have shaken hands and whose object is not known. */
	tls_hellos: 4096,
	/** Processes that are known to have made a socket. */
	tls_seen: 4096,
	/** Bytes of the ring that tells of processes: some thousand of them. */
	tls_processes: 65_536,
	/** Connections with more than one request in flight. */
	tls_pipelines: 512,
	/** Connections with a head that came in pieces. */
	tls_request_carries: 512,
	tls_response_carries: 512,
} as const;
/** Connections with requests in flight, where somebody watches: 4 KB each. */
const TLS_TARGETS = 512;

/** The first kernel that takes the main objects: it has pointer arguments of global functions and fetching atomics. */
const MAIN_OBJECT_SINCE = [5, 13] as const;

/** The first kernel of which is known that programs of packets may ask for the current process: cfg_packet_process. */
export const PACKET_PROCESS_SINCE = [6, 12] as const;

/**
 * The object file for this architecture and kernel. It may not exist: open() says so.
 * @param kernelRelease as `uname -r` says it
 */
export function objectPath(name: "httpeek" | "httpeek-tls" = "httpeek", kernelRelease = release()): string {
	const variant = isKernelSince(MAIN_OBJECT_SINCE, kernelRelease) ? "" : "-compat";
	// from dist/src/capture, in a checkout and in the package alike
	return fileURLToPath(new URL(`../../../build/bpf/${process.arch}/${name}${variant}.bpf.o`, import.meta.url));
}

/** Whether a kernel is at least of this version. @param kernelRelease as `uname -r` says it */
export function isKernelSince([major, minor]: readonly [number, number], kernelRelease = release()): boolean {
	const [ownMajor = 0, ownMinor = 0] = kernelRelease.split(".").map((part) => Number.parseInt(part, 10));
	return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}

/** Table sizes for a machine. A cell has about 1 KB: the default takes 19 MB of kernel memory on two CPUs. */
export function tableSizes(limits: CaptureLimits = {}, possibleCpus = countPossibleCpus()): TableSizes {
	const maxEndpoints = Math.min(limits.maxEndpoints ?? DEFAULT_MAX_ENDPOINTS, LARGEST_MAX_ENDPOINTS);
	const cpus = Math.max(possibleCpus, 1);
	const stripes = Math.min(2 ** Math.ceil(Math.log2(cpus)), Limit.STRIPES);
	const cellsPerEndpoint = CELLS_PER_ENDPOINT + Math.min(stripes, MOST_STRIPES_PER_ENDPOINT);
	return {
		stripes,
		endpoints: Limit.OTHER_ENDPOINTS + maxEndpoints,
		endpointHints: 2 ** Math.ceil(Math.log2(Math.max(maxEndpoints, 1) * HINTS_PER_ENDPOINT)),
		ownerEndpoints:
			maxEndpoints - (maxEndpoints < SMALLEST_SHARED ? 0 : Math.floor(maxEndpoints / SHARE_KEPT_FOR_OTHERS)),
		cells: Limit.OTHER_CELLS + maxEndpoints * cellsPerEndpoint,
		owners: OWNERS,
		peers: PEERS,
		cpus,
		workspaces: cpus * Limit.WORKSPACES_PER_CPU,
	};
}

export interface ProgramOptions {
	/** Only sockets of the processes in the map `scope_pids` are looked at. */
	readonly isScopedToPids?: boolean;
	/** Exchanges faster than this are not counted. */
	readonly minLatencySeconds?: number;
	/** Which exchanges are sent through the ring: watchConfig(). Default: none. */
	readonly watch?: Partial<Record<keyof typeof CONFIG_LAYOUT, ConfigValue>>;
	/** Encrypted connections are left for the uprobes of the other object: loadTlsPrograms(). */
	readonly isTlsRead?: boolean;
	/** Secret start of every hash; default: a random one. */
	readonly hashSeed?: bigint;
	/** Room for exchanges that were sent and not read yet; a power of two. Default: the least that there can be. */
	readonly ringBytes?: number;
}

/** A page of any architecture. */
const LEAST_RING_BYTES = 65_536;

/** Values of the variables that both objects have. */
export function programConfig(
	sizes: TableSizes,
	options: ProgramOptions,
): Partial<Record<keyof typeof CONFIG_LAYOUT, ConfigValue>> {
	return {
		cfg_hash_seed: options.hashSeed ?? randomHashSeed(),
		cfg_min_latency_ns: BigInt(Math.round((options.minLatencySeconds ?? 0) * NS_PER_SECOND)),
		cfg_stripe_mask: sizes.stripes - 1,
		cfg_endpoints: sizes.endpoints,
		cfg_hint_mask: sizes.endpointHints - 1,
		cfg_owner_endpoints: sizes.ownerEndpoints,
		cfg_scope_pids: options.isScopedToPids ?? false,
		...options.watch,
	};
}

export function randomHashSeed(): bigint {
	return randomBytes(8).readBigUInt64LE();
}

/**
 * Loads the programs and fills the queues of free slots.
 * @throws HttpeekError HTTPEEK_BUILD, HTTPEEK_NO_LIBBPF, HTTPEEK_PRIVILEGE, HTTPEEK_VERIFIER, HTTPEEK_BPF
 */
export function loadPrograms(sizes: TableSizes, options: ProgramOptions = {}, path = objectPath()): Programs {
	const programs = openPrograms(sizes, options, path);
	try {
		programs.load();
		fillQueues(programs, sizes);
		return programs;
	} catch (error) {
		programs.close();
		throw error;
	}
}

/**
 * The programs before they are loaded.
 * @param only to load no others; default: all
 * @throws HttpeekError HTTPEEK_BUILD, HTTPEEK_NO_LIBBPF, HTTPEEK_BPF
 */
export function openPrograms(
	sizes: TableSizes,
	options: ProgramOptions,
	path: string,
	only?: readonly ObjectNames["program"][],
): Programs {
	return BpfObject.open<ObjectNames>(path, {
		...(only !== undefined && { only }),
		configLayout: CONFIG_LAYOUT,
		config: {
			...programConfig(sizes, options),
			cfg_tls: options.isTlsRead ?? false,
			cfg_packet_process: isKernelSince(PACKET_PROCESS_SINCE),
		},
		mapSizes: {
			endpoints: sizes.endpoints,
			endpoint_ids: sizes.endpoints,
			endpoint_hints: sizes.endpointHints,
			starts: sizes.endpoints * sizes.stripes,
			cell_hints: sizes.endpoints * sizes.stripes,
			cells: sizes.cells,
			cell_ids: sizes.cells * IDS_PER_CELL,
			owners: sizes.owners,
			owner_ids: sizes.owners,
			free_endpoints: sizes.endpoints,
			free_other_endpoints: Limit.OTHER_ENDPOINTS,
			free_cells: sizes.cells,
			free_other_cells: otherCellsOf(sizes),
			free_owners: sizes.owners,
			peers: sizes.peers,
			early_requests: sizes.cpus,
			workspaces: sizes.workspaces,
			events: options.ringBytes ?? LEAST_RING_BYTES,
			...(options.isTlsRead === true && TLS_TABLE_SIZES),
			...(options.isTlsRead === true && options.watch !== undefined && { tls_targets: TLS_TARGETS }),
		},
	});
}

function otherCellsOf({ cells }: TableSizes): number {
	return Math.min(Limit.OTHER_CELLS, cells);
}

/**
 * Fills the queues of free slots of programs that are loaded.
 * @throws HttpeekError HTTPEEK_BPF
 */
export function fillQueues(programs: Programs, sizes: TableSizes): void {
	// slot 0 of endpoints and of owners is what everything shares that found no slot; of cells it means none
	fillQueue(programs, "fill_other_endpoints", 1, Limit.OTHER_ENDPOINTS);
	fillQueue(programs, "fill_endpoints", Limit.OTHER_ENDPOINTS, sizes.endpoints);
	fillQueue(programs, "fill_other_cells", 1, otherCellsOf(sizes));
	fillQueue(programs, "fill_cells", otherCellsOf(sizes), sizes.cells);
	fillQueue(programs, "fill_owners", 1, sizes.owners);
}

/** Has a program of bpf/slots.bpf.c put the slots `from` <= slot < `to` into its queue. */
function fillQueue(programs: Programs, name: ObjectNames["program"], from: number, to: number): void {
	const program = programs.program(name);
	// a packet that is too short is refused before the program sees it
	const data = new Uint8Array(SHORTEST_PACKET_BYTES);
	const range = new DataView(data.buffer, ETHERNET_BYTES);
	range.setUint32(4, to, true);
	for (let next = from; next < to; next += SLOTS_A_RUN) {
		range.setUint32(0, next, true);
		if (program.testRun({ data }).returnValue === PASS) continue;
		throw new HttpeekError("HTTPEEK_BPF", `cannot fill a queue of free slots: ${name} gave up at slot ${next}`);
	}
}

/** One more than the highest CPU number in a list such as `0-3,8`. */
export function cpusOfList(list: string): number {
	const numbers = list.match(/\d+/g)?.map(Number) ?? [];
	return Math.max(0, ...numbers) + 1;
}

function countPossibleCpus(): number {
	try {
		return cpusOfList(readFileSync(POSSIBLE_CPUS, "latin1"));
	} catch {
		// without /sys: too many only cost memory
		return MOST_CPUS;
	}
}
