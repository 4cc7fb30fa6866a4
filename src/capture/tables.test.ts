import assert from "node:assert/strict";
import { test } from "node:test";
import {
	CELL_OFFSET,
	CELL_SIZE,
	Counter,
	ENDPOINT_SIZE,
	type Endpoint,
	HistogramLayout,
	Limit,
	Method,
	Outcome,
	OWNER_SIZE,
	Protocol,
	Role,
	writeEndpoint,
	writeOwner,
} from "../wire/layout.js";
import { CELLS_PER_PART, LATENCY_WORDS, Tables } from "./tables.js";

const CELLS = Limit.OTHER_CELLS + 400;
const ENDPOINTS = Limit.OTHER_ENDPOINTS + 100;
const STRIPES = 2;
const PART_BYTES = CELLS_PER_PART * CELL_SIZE;

/** Empty tables, and the memory behind them for a test to write what the kernel would. */
function makeTables() {
	const cells = new DataView(new ArrayBuffer(CELLS * CELL_SIZE));
	const endpoints = new DataView(new ArrayBuffer(ENDPOINTS * ENDPOINT_SIZE));
	const owners = new DataView(new ArrayBuffer(8 * OWNER_SIZE));
	const starts = new BigUint64Array(ENDPOINTS * STRIPES);
	const counters = new BigUint64Array(1 + Counter.COUNTERS);
	const tables = new Tables(
		{
			cells: (part) => cells.buffer.slice(part * PART_BYTES, (part + 1) * PART_BYTES) as ArrayBuffer,
			cellSlots: CELLS,
			endpoints: endpoints.buffer as ArrayBuffer,
			owners: owners.buffer as ArrayBuffer,
			starts: starts.buffer,
			counters: counters.buffer,
			countersOffset: 8,
		},
		STRIPES,
	);
	const setCounter = (which: number, value: bigint): void => {
		counters[1 + which] = value;
	};
	return { tables, cells, endpoints, owners, starts, setCounter };
}

function endpoint(fields: Partial<Endpoint>, route: string | Uint8Array = "/"): Endpoint {
	const bytes = typeof route === "string" ? Buffer.from(route) : route;
	const kept = new Uint8Array(Limit.ROUTE_BYTES);
	kept.set(bytes);
	return {
		owner: 0,
		port: 80,
		routeBytes: bytes.length,
		peer: new Uint8Array(16),
		role: Role.SERVER,
		method: Method.GET,
		protocol: Protocol.HTTP_1_1,
		tls: 0,
		isOther: 0,
		routeCut: 0,
		route: kept,
		...fields,
	};
}

test("labels of a server's and a client's endpoint", () => {
	const { tables, endpoints, owners } = makeTables();
	const peer = Uint8Array.from(Buffer.from("00000000000000000000ffff0a000009", "hex"));
	const comm = Uint8Array.from(Buffer.from("curl\0\0\0\0\0\0\0\0\0\0\0\0"));
	writeOwner(owners, 3 * OWNER_SIZE, { cgroupId: 0x1_0000_0001n, pid: 42, endpoints: 0, comm });
	writeEndpoint(endpoints, 5 * ENDPOINT_SIZE, endpoint({ method: Method.POST, protocol: Protocol.HTTP_1_0 }, "/a/:id"));
	writeEndpoint(endpoints, 6 * ENDPOINT_SIZE, endpoint({ owner: 3, role: Role.CLIENT, peer, port: 8080, tls: 1 }));

	assert.deepEqual(tables.endpoint(5), {
		owner: { cgroupId: 0n, pid: 0, comm: "" },
		labels: { role: "server", protocol: "http/1.0", tls: false, port: 80, peer: null, method: "POST", route: "/a/:id" },
	});
	assert.deepEqual(tables.endpoint(6), {
		owner: { cgroupId: 0x1_0000_0001n, pid: 42, comm: "curl" },
		labels: {
			role: "client",
			protocol: "http/1.1",
			tls: true,
			port: 8080,
			peer: "10.0.0.9:8080",
			method: "GET",
			route: "/",
		},
	});
});

test("routes: bytes that are not UTF-8 are kept apart, cut ones marked, (other) and unknown methods named", () => {
	const { tables, endpoints } = makeTables();
	const route = (fields: Partial<Endpoint>, bytes?: string | Uint8Array) => {
		writeEndpoint(endpoints, 0, endpoint(fields, bytes));
		const { labels } = tables.endpoint(0);
		return `${labels.method} ${labels.route}`;
	};
	assert.equal(route({}, Uint8Array.of(0x2f, 0xff)), "GET /\udcff");
	assert.equal(route({ routeCut: 1 }, "/long"), "GET /long…");
	assert.equal(route({ method: Method.OTHER }, "/x"), "_OTHER /x");
	assert.equal(route({ method: 200 }, "/x"), "_OTHER /x");
	assert.equal(route({ isOther: 1, method: Method.GET }, "/x"), "_OTHER (other)");
	assert.equal(route({}, ""), "_OTHER (other)");
});

test("an owner's slot outside of the table is nobody", () => {
	const { tables, endpoints } = makeTables();
	writeEndpoint(endpoints, 0, endpoint({ owner: 1e6 }));
	assert.deepEqual(tables.endpoint(0).owner, { cgroupId: 0n, pid: 0, comm: "" });
});

test("a cell's counters, read from where the kernel writes them", () => {
	const { tables, cells } = makeTables();
	const at = 7 * CELL_SIZE;
	cells.setBigUint64(at + CELL_OFFSET.count, 5n + (1n << 32n), true);
	cells.setBigUint64(at + CELL_OFFSET.sumNs, 1n << 40n, true);
	cells.setUint32(at + CELL_OFFSET.endpoint, 300, true);
	cells.setUint16(at + CELL_OFFSET.status, 404, true);
	cells.setUint8(at + CELL_OFFSET.outcome, Outcome.SERVER_CLOSED);
	cells.setUint32(at + CELL_OFFSET.below, 1, true);
	cells.setUint32(at + CELL_OFFSET.above, 2, true);
	cells.setUint32(at + CELL_OFFSET.buckets, 3, true);
	cells.setUint32(at + CELL_OFFSET.buckets + 4 * (HistogramLayout.BUCKETS - 1), 4, true);

	assert.equal(tables.cellCount(7), 2 ** 32 + 5);
	assert.equal(tables.cellSumNs(7), 2 ** 40);
	assert.deepEqual(tables.cellIdentity(7), { endpoint: 300, status: 404, outcome: "server_closed" });
	const words = new Uint32Array(LATENCY_WORDS).fill(9);
	tables.copyLatencies(7, words);
	assert.deepEqual([words[0], words[1], words[2], words[3], words.at(-1)], [1, 2, 3, 0, 4]);
});

test("cells lie in parts, of which only those are asked for that are read", () => {
	const parts: number[] = [];
	const { cells: memory } = makeTables();
	const empty = new ArrayBuffer(1024);
	const tables = new Tables(
		{
			cells: (part) => {
				parts.push(part);
				return memory.buffer.slice(part * PART_BYTES, (part + 1) * PART_BYTES) as ArrayBuffer;
			},
			...{ cellSlots: CELLS, endpoints: empty, owners: empty, starts: empty, counters: empty, countersOffset: 0 },
		},
		1,
	);
	memory.setBigUint64((CELLS_PER_PART + 3) * CELL_SIZE + CELL_OFFSET.count, 11n, true);
	assert.equal(tables.cellCount(CELLS_PER_PART + 3), 11);
	assert.equal(tables.cellCount(CELLS_PER_PART + 2), 0);
	assert.deepEqual(parts, [1]);
});

test("requests begun: the sum of the stripes, of which one may be below zero", () => {
	const { tables, starts } = makeTables();
	starts[9] = 7n;
	starts[ENDPOINTS + 9] = 2n ** 64n - 3n;
	assert.equal(tables.started(9), 4);
	assert.equal(tables.started(8), 0);
});

test("slots in use: what the counters say and a little more, never outside of the table", () => {
	const { tables, setCounter } = makeTables();
	const spans = () => tables.cellSlots().map(({ from, to }) => [from, to]);
	assert.deepEqual(spans(), [
		[0, 0],
		[Limit.OTHER_CELLS, Limit.OTHER_CELLS + 64],
	]);
	setCounter(Counter.OTHER_CELLS_USED, 1n);
	assert.deepEqual(spans()[0], [0, 65]);
	setCounter(Counter.CELLS_USED, 100n);
	assert.equal(tables.counter(Counter.CELLS_USED), 100);
	assert.deepEqual(spans()[1], [Limit.OTHER_CELLS, Limit.OTHER_CELLS + 164]);
	setCounter(Counter.CELLS_USED, 1_000_000n);
	setCounter(Counter.OTHER_CELLS_USED, 1_000_000n);
	assert.deepEqual(spans(), [
		[0, Limit.OTHER_CELLS],
		[Limit.OTHER_CELLS, CELLS],
	]);
	setCounter(Counter.ENDPOINTS_USED, 1_000_000n);
	assert.deepEqual(tables.endpointSlots()[1], { from: Limit.OTHER_ENDPOINTS, to: ENDPOINTS });
});
