// generated from bpf/wire.h by tools/gen-layout.mjs: do not edit
// Members keep their C names in camelCase. A u64 that is an amount (ns, bytes, count) is a number, any other a bigint.

/** `enum limit` */
export const Limit = {
	ROUTE_BYTES: 128,
	COMM_BYTES: 16,
	ADDRESS_BYTES: 16,
	OTHER_ENDPOINTS: 256,
	OTHER_CELLS: 1024,
	STRIPES: 64,
	WORKSPACES_PER_CPU: 4,
	ENDPOINTS: 65536,
	PATH_BYTES: 240,
} as const;
export type Limit = (typeof Limit)[keyof typeof Limit];

/** `enum histogram` */
export const HistogramLayout = {
	SCALE: 3,
	BUCKETS: 256,
	OFFSET: -160,
} as const;
export type HistogramLayout = (typeof HistogramLayout)[keyof typeof HistogramLayout];

/** `enum role` */
export const Role = {
	UNKNOWN: 0,
	SERVER: 1,
	CLIENT: 2,
} as const;
export type Role = (typeof Role)[keyof typeof Role];

/** `enum method` */
export const Method = {
	OTHER: 0,
	GET: 1,
	HEAD: 2,
	POST: 3,
	PUT: 4,
	DELETE: 5,
	CONNECT: 6,
	OPTIONS: 7,
	TRACE: 8,
	PATCH: 9,
} as const;
export type Method = (typeof Method)[keyof typeof Method];

/** `enum protocol` */
export const Protocol = {
	HTTP_1_1: 0,
	HTTP_1_0: 1,
} as const;
export type Protocol = (typeof Protocol)[keyof typeof Protocol];

/** `enum outcome` */
export const Outcome = {
	RESPONSE: 0,
	CLIENT_CLOSED: 1,
	SERVER_CLOSED: 2,
} as const;
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

/** `enum counter` */
export const Counter = {
	REQUEST_UNPARSED: 0,
	REQUEST_GAP: 1,
	REQUEST_FRAMING: 2,
	REQUEST_OVERFLOW: 3,
	UNSUPPORTED: 4,
	RESPONSE_UNPARSED: 5,
	RESPONSE_GAP: 6,
	RESPONSE_FRAMING: 7,
	RESPONSE_UNPAIRED: 8,
	CONNECTION_UNTRACKED: 9,
	CARRY_REFUSED: 10,
	STEPS_EXHAUSTED: 11,
	LOAD_FAILED: 12,
	LISTENER_DATA: 13,
	BUSY: 14,
	ENDPOINTS_OTHER: 15,
	CELLS_FULL: 16,
	OWNERS_FULL: 17,
	MAP_UPDATE_FAILED: 18,
	NOT_HTTP: 19,
	OPAQUE: 20,
	INFORMATIONAL: 21,
	CONNECTIONS: 22,
	ADOPTED: 23,
	ENDPOINTS_USED: 24,
	OTHER_ENDPOINTS_USED: 25,
	CELLS_USED: 26,
	OTHER_CELLS_USED: 27,
	OWNERS_USED: 28,
	WORKSPACE_REFUSED: 29,
	PEERS_FULL: 30,
	WATCH_DROPPED: 31,
	WATCH_PATH_UNKNOWN: 32,
	TLS_CONNECTIONS: 33,
	TLS_UNREAD: 34,
	TLS_FULL: 35,
	COUNTERS: 40,
} as const;
export type Counter = (typeof Counter)[keyof typeof Counter];

/** `enum event_kind` */
export const EventKind = {
	EXCHANGE: 1,
} as const;
export type EventKind = (typeof EventKind)[keyof typeof EventKind];

/** `enum event_flag` */
export const EventFlag = {
	PATH_CUT: 1,
	PATH_UNKNOWN: 2,
} as const;
export type EventFlag = (typeof EventFlag)[keyof typeof EventFlag];

/** `enum tls_hook` */
export const TlsHook = {
	READ: 1,
	READ_EX: 2,
	READ_EARLY: 3,
	WRITE: 4,
	WRITE_EX: 5,
	WRITE_EX2: 6,
	SENDFILE: 7,
	UNCORK: 8,
	HANDSHAKE: 9,
	FREE: 10,
	GO_READ: 11,
	GO_WRITE: 12,
	GO_FLUSH: 13,
	GO_FLUSHED: 14,
	GO_CLOSE: 15,
	END: 16,
} as const;
export type TlsHook = (typeof TlsHook)[keyof typeof TlsHook];

/** `struct owner` */
export interface Owner {
	readonly cgroupId: bigint;
	readonly pid: number;
	readonly endpoints: number;
	readonly comm: Uint8Array;
}

/** Bytes of a `struct owner`. */
export const OWNER_SIZE = 32;

/** Where the members of a `struct owner` begin, in bytes. */
export const OWNER_OFFSET = {
	cgroupId: 0,
	pid: 8,
	endpoints: 12,
	comm: 16,
} as const;

/** Reads the `struct owner` at byte `at`. Byte arrays are views of the same memory, not copies. */
export function readOwner(view: DataView, at: number): Owner {
	return {
		cgroupId: view.getBigUint64(at, true),
		pid: view.getUint32(at + 8, true),
		endpoints: view.getUint32(at + 12, true),
		comm: readUint8Array(view, at + 16, 16),
	};
}

/** Writes a `struct owner` to byte `at`; padding is left as it is. */
export function writeOwner(view: DataView, at: number, value: Owner): void {
	view.setBigUint64(at, value.cgroupId, true);
	view.setUint32(at + 8, value.pid, true);
	view.setUint32(at + 12, value.endpoints, true);
	writeUint8Array(view, at + 16, 16, value.comm);
}

/** `struct endpoint` */
export interface Endpoint {
	readonly owner: number;
	readonly port: number;
	readonly routeBytes: number;
	readonly peer: Uint8Array;
	readonly role: number;
	readonly method: number;
	readonly protocol: number;
	readonly tls: number;
	readonly isOther: number;
	readonly routeCut: number;
	readonly route: Uint8Array;
}

/** Bytes of a `struct endpoint`. */
export const ENDPOINT_SIZE = 160;

/** Where the members of a `struct endpoint` begin, in bytes. */
export const ENDPOINT_OFFSET = {
	owner: 0,
	port: 4,
	routeBytes: 6,
	peer: 8,
	role: 24,
	method: 25,
	protocol: 26,
	tls: 27,
	isOther: 28,
	routeCut: 29,
	route: 32,
} as const;

/** Reads the `struct endpoint` at byte `at`. Byte arrays are views of the same memory, not copies. */
export function readEndpoint(view: DataView, at: number): Endpoint {
	return {
		owner: view.getUint32(at, true),
		port: view.getUint16(at + 4, true),
		routeBytes: view.getUint16(at + 6, true),
		peer: readUint8Array(view, at + 8, 16),
		role: view.getUint8(at + 24),
		method: view.getUint8(at + 25),
		protocol: view.getUint8(at + 26),
		tls: view.getUint8(at + 27),
		isOther: view.getUint8(at + 28),
		routeCut: view.getUint8(at + 29),
		route: readUint8Array(view, at + 32, 128),
	};
}

/** Writes a `struct endpoint` to byte `at`; padding is left as it is. */
export function writeEndpoint(view: DataView, at: number, value: Endpoint): void {
	view.setUint32(at, value.owner, true);
	view.setUint16(at + 4, value.port, true);
	view.setUint16(at + 6, value.routeBytes, true);
	writeUint8Array(view, at + 8, 16, value.peer);
	view.setUint8(at + 24, value.role);
	view.setUint8(at + 25, value.method);
	view.setUint8(at + 26, value.protocol);
	view.setUint8(at + 27, value.tls);
	view.setUint8(at + 28, value.isOther);
	view.setUint8(at + 29, value.routeCut);
	writeUint8Array(view, at + 32, 128, value.route);
}

/** `struct cell` */
export interface Cell {
	readonly count: number;
	readonly sumNs: number;
	readonly endpoint: number;
	readonly status: number;
	readonly outcome: number;
	readonly stripe: number;
	readonly below: number;
	readonly above: number;
	readonly buckets: Uint32Array;
}

/** Bytes of a `struct cell`. */
export const CELL_SIZE = 1088;

/** Where the members of a `struct cell` begin, in bytes. */
export const CELL_OFFSET = {
	count: 0,
	sumNs: 8,
	endpoint: 16,
	status: 20,
	outcome: 22,
	stripe: 23,
	below: 24,
	above: 28,
	buckets: 32,
} as const;

/** Reads the `struct cell` at byte `at`. Byte arrays are views of the same memory, not copies. */
export function readCell(view: DataView, at: number): Cell {
	return {
		count: Number(view.getBigUint64(at, true)),
		sumNs: Number(view.getBigUint64(at + 8, true)),
		endpoint: view.getUint32(at + 16, true),
		status: view.getUint16(at + 20, true),
		outcome: view.getUint8(at + 22),
		stripe: view.getUint8(at + 23),
		below: view.getUint32(at + 24, true),
		above: view.getUint32(at + 28, true),
		buckets: readUint32Array(view, at + 32, 256),
	};
}

/** Writes a `struct cell` to byte `at`; padding is left as it is. */
export function writeCell(view: DataView, at: number, value: Cell): void {
	view.setBigUint64(at, BigInt(value.count), true);
	view.setBigUint64(at + 8, BigInt(value.sumNs), true);
	view.setUint32(at + 16, value.endpoint, true);
	view.setUint16(at + 20, value.status, true);
	view.setUint8(at + 22, value.outcome);
	view.setUint8(at + 23, value.stripe);
	view.setUint32(at + 24, value.below, true);
	view.setUint32(at + 28, value.above, true);
	writeUint32Array(view, at + 32, 256, value.buckets);
}

/** Bytes of a `struct connection`. */
export const CONNECTION_SIZE = 184;

/** Where the members of a `struct connection` begin, in bytes. */
export const CONNECTION_OFFSET = {
	mode: 0,
	role: 1,
	flags: 2,
	owner: 4,
	port: 6,
	tries: 8,
	isPipelined: 10,
	responses: 11,
	baseHash: 16,
	peer: 24,
	holes: 40,
	request: 56,
	endpointHash: 104,
	endpoint: 112,
	pending: 120,
	response: 128,
	cell: 176,
	serves: 180,
} as const;

/** `struct tls_key` */
export interface TlsKey {
	readonly object: bigint;
	readonly tgid: number;
}

/** Bytes of a `struct tls_key`. */
export const TLS_KEY_SIZE = 16;

/** Where the members of a `struct tls_key` begin, in bytes. */
export const TLS_KEY_OFFSET = {
	object: 0,
	tgid: 8,
} as const;

/** Reads the `struct tls_key` at byte `at`. Byte arrays are views of the same memory, not copies. */
export function readTlsKey(view: DataView, at: number): TlsKey {
	return {
		object: view.getBigUint64(at, true),
		tgid: view.getUint32(at + 8, true),
	};
}

/** Writes a `struct tls_key` to byte `at`; padding is left as it is. */
export function writeTlsKey(view: DataView, at: number, value: TlsKey): void {
	view.setBigUint64(at, value.object, true);
	view.setUint32(at + 8, value.tgid, true);
}

/** `struct peer_key` */
export interface PeerKey {
	readonly owner: number;
	readonly port: number;
	readonly role: number;
	readonly peer: Uint8Array;
}

/** Bytes of a `struct peer_key`. */
export const PEER_KEY_SIZE = 24;

/** Where the members of a `struct peer_key` begin, in bytes. */
export const PEER_KEY_OFFSET = {
	owner: 0,
	port: 4,
	role: 6,
	peer: 8,
} as const;

/** Reads the `struct peer_key` at byte `at`. Byte arrays are views of the same memory, not copies. */
export function readPeerKey(view: DataView, at: number): PeerKey {
	return {
		owner: view.getUint32(at, true),
		port: view.getUint16(at + 4, true),
		role: view.getUint8(at + 6),
		peer: readUint8Array(view, at + 8, 16),
	};
}

/** Writes a `struct peer_key` to byte `at`; padding is left as it is. */
export function writePeerKey(view: DataView, at: number, value: PeerKey): void {
	view.setUint32(at, value.owner, true);
	view.setUint16(at + 4, value.port, true);
	view.setUint8(at + 6, value.role);
	writeUint8Array(view, at + 8, 16, value.peer);
}

/** `struct peer_stats` */
export interface PeerStats {
	readonly establishedCount: number;
	readonly connectSumNs: number;
	readonly refusedCount: number;
	readonly timeoutCount: number;
	readonly unreachableCount: number;
	readonly resetCount: number;
	readonly endedCount: number;
	readonly retransmitsCount: number;
	readonly rttSumNs: number;
	readonly rttCount: number;
}

/** Bytes of a `struct peer_stats`. */
export const PEER_STATS_SIZE = 80;

/** Where the members of a `struct peer_stats` begin, in bytes. */
export const PEER_STATS_OFFSET = {
	establishedCount: 0,
	connectSumNs: 8,
	refusedCount: 16,
	timeoutCount: 24,
	unreachableCount: 32,
	resetCount: 40,
	endedCount: 48,
	retransmitsCount: 56,
	rttSumNs: 64,
	rttCount: 72,
} as const;

/** Reads the `struct peer_stats` at byte `at`. Byte arrays are views of the same memory, not copies. */
export function readPeerStats(view: DataView, at: number): PeerStats {
	return {
		establishedCount: Number(view.getBigUint64(at, true)),
		connectSumNs: Number(view.getBigUint64(at + 8, true)),
		refusedCount: Number(view.getBigUint64(at + 16, true)),
		timeoutCount: Number(view.getBigUint64(at + 24, true)),
		unreachableCount: Number(view.getBigUint64(at + 32, true)),
		resetCount: Number(view.getBigUint64(at + 40, true)),
		endedCount: Number(view.getBigUint64(at + 48, true)),
		retransmitsCount: Number(view.getBigUint64(at + 56, true)),
		rttSumNs: Number(view.getBigUint64(at + 64, true)),
		rttCount: Number(view.getBigUint64(at + 72, true)),
	};
}

/** Writes a `struct peer_stats` to byte `at`; padding is left as it is. */
export function writePeerStats(view: DataView, at: number, value: PeerStats): void {
	view.setBigUint64(at, BigInt(value.establishedCount), true);
	view.setBigUint64(at + 8, BigInt(value.connectSumNs), true);
	view.setBigUint64(at + 16, BigInt(value.refusedCount), true);
	view.setBigUint64(at + 24, BigInt(value.timeoutCount), true);
	view.setBigUint64(at + 32, BigInt(value.unreachableCount), true);
	view.setBigUint64(at + 40, BigInt(value.resetCount), true);
	view.setBigUint64(at + 48, BigInt(value.endedCount), true);
	view.setBigUint64(at + 56, BigInt(value.retransmitsCount), true);
	view.setBigUint64(at + 64, BigInt(value.rttSumNs), true);
	view.setBigUint64(at + 72, BigInt(value.rttCount), true);
}

/** `struct exchange_event` */
export interface ExchangeEvent {
	readonly kind: number;
	readonly outcome: number;
	readonly role: number;
	readonly method: number;
	readonly status: number;
	readonly port: number;
	readonly endpoint: number;
	readonly owner: number;
	readonly endedNs: number;
	readonly latencyNs: number;
	readonly pathBytes: number;
	readonly flags: number;
	readonly peer: Uint8Array;
	readonly path: Uint8Array;
}

/** Bytes of a `struct exchange_event`. */
export const EXCHANGE_EVENT_SIZE = 296;

/** Where the members of a `struct exchange_event` begin, in bytes. */
export const EXCHANGE_EVENT_OFFSET = {
	kind: 0,
	outcome: 1,
	role: 2,
	method: 3,
	status: 4,
	port: 6,
	endpoint: 8,
	owner: 12,
	endedNs: 16,
	latencyNs: 24,
	pathBytes: 32,
	flags: 34,
	peer: 40,
	path: 56,
} as const;

/** Reads the `struct exchange_event` at byte `at`. Byte arrays are views of the same memory, not copies. */
export function readExchangeEvent(view: DataView, at: number): ExchangeEvent {
	return {
		kind: view.getUint8(at),
		outcome: view.getUint8(at + 1),
		role: view.getUint8(at + 2),
		method: view.getUint8(at + 3),
		status: view.getUint16(at + 4, true),
		port: view.getUint16(at + 6, true),
		endpoint: view.getUint32(at + 8, true),
		owner: view.getUint32(at + 12, true),
		endedNs: Number(view.getBigUint64(at + 16, true)),
		latencyNs: Number(view.getBigUint64(at + 24, true)),
		pathBytes: view.getUint16(at + 32, true),
		flags: view.getUint8(at + 34),
		peer: readUint8Array(view, at + 40, 16),
		path: readUint8Array(view, at + 56, 240),
	};
}

/** Writes a `struct exchange_event` to byte `at`; padding is left as it is. */
export function writeExchangeEvent(view: DataView, at: number, value: ExchangeEvent): void {
	view.setUint8(at, value.kind);
	view.setUint8(at + 1, value.outcome);
	view.setUint8(at + 2, value.role);
	view.setUint8(at + 3, value.method);
	view.setUint16(at + 4, value.status, true);
	view.setUint16(at + 6, value.port, true);
	view.setUint32(at + 8, value.endpoint, true);
	view.setUint32(at + 12, value.owner, true);
	view.setBigUint64(at + 16, BigInt(value.endedNs), true);
	view.setBigUint64(at + 24, BigInt(value.latencyNs), true);
	view.setUint16(at + 32, value.pathBytes, true);
	view.setUint8(at + 34, value.flags);
	writeUint8Array(view, at + 40, 16, value.peer);
	writeUint8Array(view, at + 56, 240, value.path);
}

/** `struct process_event` */
export interface ProcessEvent {
	readonly pid: number;
	readonly hasExecuted: number;
}

/** Bytes of a `struct process_event`. */
export const PROCESS_EVENT_SIZE = 8;

/** Where the members of a `struct process_event` begin, in bytes. */
export const PROCESS_EVENT_OFFSET = {
	pid: 0,
	hasExecuted: 4,
} as const;

/** Reads the `struct process_event` at byte `at`. Byte arrays are views of the same memory, not copies. */
export function readProcessEvent(view: DataView, at: number): ProcessEvent {
	return {
		pid: view.getUint32(at, true),
		hasExecuted: view.getUint8(at + 4),
	};
}

/** Writes a `struct process_event` to byte `at`; padding is left as it is. */
export function writeProcessEvent(view: DataView, at: number, value: ProcessEvent): void {
	view.setUint32(at, value.pid, true);
	view.setUint8(at + 4, value.hasExecuted);
}

/** Shorter values are filled up with zeros, longer ones are cut. */
function writeUint32Array(view: DataView, at: number, length: number, values: Uint32Array): void {
	for (let i = 0; i < length; i++) {
		view.setUint32(at + i * 4, values[i] ?? 0, true);
	}
}

/** Shorter values are filled up with zeros, longer ones are cut. */
function writeUint8Array(view: DataView, at: number, length: number, values: Uint8Array): void {
	for (let i = 0; i < length; i++) {
		view.setUint8(at + i, values[i] ?? 0);
	}
}

function readUint32Array(view: DataView, at: number, length: number): Uint32Array {
	const values = new Uint32Array(length);
	for (let i = 0; i < length; i++) values[i] = view.getUint32(at + i * 4, true);
	return values;
}

function readUint8Array(view: DataView, at: number, length: number): Uint8Array {
	return new Uint8Array(view.buffer, view.byteOffset + at, length);
}
