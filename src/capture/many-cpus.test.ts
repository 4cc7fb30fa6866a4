/**
 * Machines with more CPUs than the tests run on, simulated: the kernel's side of striping (bpf/stats.h) is written out here
 * as far as user space depends on it, run on 128 CPUs in turn, and read back by what reads the real tables.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { EndpointRow } from "../model/snapshot.js";
import {
	CELL_OFFSET,
	CELL_SIZE,
	Counter,
	ENDPOINT_SIZE,
	Limit,
	OWNER_SIZE,
	Role,
	writeEndpoint,
} from "../wire/layout.js";
import { Accumulator } from "./accumulate.js";
import { tableSizes } from "./programs.js";
import { CELLS_PER_PART, Tables } from "./tables.js";

const CPUS = 128;

/** Tables of a machine with 128 CPUs, and what its kernel would do to them. */
class ManyCpus {
	readonly sizes = tableSizes({ maxEndpoints: 100 }, CPUS);
	readonly tables: Tables;
	readonly #parts: DataView[];
	readonly #endpoints = new DataView(new ArrayBuffer(this.sizes.endpoints * ENDPOINT_SIZE));
	readonly #starts = new BigUint64Array(this.sizes.endpoints * this.sizes.stripes);
	readonly #counters = new BigUint64Array(Counter.COUNTERS);
	/** cell_ids */
	readonly #cellIds = new Map<string, number>();

	constructor() {
		const { cells, stripes } = this.sizes;
		const partBytes = CELLS_PER_PART * CELL_SIZE;
		this.#parts = Array.from(
			{ length: Math.ceil(cells / CELLS_PER_PART) },
			() => new DataView(new ArrayBuffer(partBytes)),
		);
		this.tables = new Tables(
			{
				cells: (part) => (this.#parts[part]?.buffer ?? new ArrayBuffer(0)) as ArrayBuffer,
				cellSlots: cells,
				endpoints: this.#endpoints.buffer as ArrayBuffer,
				owners: new ArrayBuffer(OWNER_SIZE),
				starts: this.#starts.buffer,
				counters: this.#counters.buffer,
				countersOffset: 0,
			},
			stripes,
		);
	}

	/** register_endpoint() */
	addEndpoint(route: string): number {
		const slot = Limit.OTHER_ENDPOINTS + this.#use(Counter.ENDPOINTS_USED);
		const bytes = new Uint8Array(Limit.ROUTE_BYTES);
		bytes.set(Buffer.from(route));
		writeEndpoint(this.#endpoints, slot * ENDPOINT_SIZE, {
			...{ owner: 0, port: 80, routeBytes: route.length, peer: new Uint8Array(16), role: Role.SERVER, method: 1 },
			...{ protocol: 0, tls: 0, isOther: 0, routeCut: 0, route: bytes },
		});
		return slot;
	}

	/** count_start() */
	start(cpu: number, endpoint: number, by = 1n): void {
		const at = this.#stripe(cpu) * this.sizes.endpoints + endpoint;
		this.#starts[at] = BigInt.asUintN(64, (this.#starts[at] ?? 0n) + by);
	}

	/** count_exchange() */
	end(cpu: number, endpoint: number, status: number, bucket: number): void {
		const slot = this.#cell(endpoint, status, this.#stripe(cpu));
		const part = this.#parts[Math.floor(slot / CELLS_PER_PART)];
		assert.ok(part, "the table has a cell for every stripe");
		const at = (slot % CELLS_PER_PART) * CELL_SIZE;
		const bucketAt = at + CELL_OFFSET.buckets + 4 * bucket;
		part.setUint32(bucketAt, part.getUint32(bucketAt, true) + 1, true);
		for (const [offset, by] of [
			[CELL_OFFSET.sumNs, 1000n],
			[CELL_OFFSET.count, 1n],
		] as const) {
			part.setBigUint64(at + offset, part.getBigUint64(at + offset, true) + by, true);
		}
		part.setUint32(at + CELL_OFFSET.endpoint, endpoint, true);
		part.setUint16(at + CELL_OFFSET.status, status, true);
	}

	#stripe(cpu: number): number {
		return cpu & (this.sizes.stripes - 1);
	}

	#cell(endpoint: number, status: number, stripe: number): number {
		const key = `${endpoint} ${status} ${stripe}`;
		const known = this.#cellIds.get(key);
		if (known !== undefined) return known;
		const slot = Limit.OTHER_CELLS + this.#use(Counter.CELLS_USED);
		this.#cellIds.set(key, slot);
		return slot;
	}

	#use(counter: number): number {
		const used = this.#counters[counter] ?? 0n;
		this.#counters[counter] = used + 1n;
		return Number(used);
	}
}

const sum = (rows: readonly EndpointRow[], of: (row: EndpointRow) => number): number =>
	rows.reduce((total, row) => total + of(row), 0);

test("tables of a machine with 128 CPUs: as many stripes as there can be, scratch memory for every CPU", () => {
	const sizes = tableSizes({}, CPUS);
	assert.equal(sizes.stripes, Limit.STRIPES);
	assert.equal(sizes.stripes, 64);
	assert.equal(sizes.cpus, CPUS);
	assert.equal(sizes.workspaces, CPUS * Limit.WORKSPACES_PER_CPU);
	// a stripe's number has 6 bits in a cell's key, and its mask needs a power of two
	assert.equal(sizes.stripes & (sizes.stripes - 1), 0);
});

test("what 128 CPUs count on 64 stripes is in the rows once, whichever CPU began and ended an exchange", () => {
	const machine = new ManyCpus();
	const accumulator = new Accumulator(machine.tables, { resolve: () => "service" });
	const endpoints = ["/busy", "/quiet"].map((route) => machine.addEndpoint(route));
	const [busy = 0, quiet = 0] = endpoints;
	for (let cpu = 0; cpu < CPUS; cpu++) {
		for (let i = 0; i <= cpu; i++) {
			machine.start(cpu, busy);
			machine.end((cpu + 17 * i) % CPUS, busy, i % 10 === 0 ? 404 : 200, i % 256);
		}
		// reads in between see some stripes further than others
		if (cpu % 16 === 0) accumulator.read();
	}
	machine.start(127, quiet);
	const exchanges = (CPUS * (CPUS + 1)) / 2;
	const rows = accumulator.read();
	const busyRows = rows.filter(({ route }) => route === "/busy");
	assert.deepEqual(
		busyRows.map(({ status }) => status),
		[200, 404],
	);
	assert.equal(
		sum(busyRows, ({ count }) => count),
		exchanges,
	);
	assert.equal(
		sum(busyRows, ({ latency }) => latency.count),
		exchanges,
	);
	assert.equal(
		sum(busyRows, ({ latency }) => latency.buckets.reduce((total, count) => total + count, 0)),
		exchanges,
	);
	assert.ok(Math.abs(sum(busyRows, ({ latency }) => latency.sum) - exchanges * 1e-6) < 1e-9);
	assert.equal(
		sum(busyRows, ({ inFlight }) => inFlight),
		0,
	);
	assert.deepEqual(
		rows.filter(({ route }) => route === "/quiet").map(({ outcome, inFlight }) => [outcome, inFlight]),
		[["in_flight", 1]],
	);
});

test("a request that one CPU counts and another one takes back leaves nothing, though its stripe is below zero", () => {
	const machine = new ManyCpus();
	const accumulator = new Accumulator(machine.tables, { resolve: () => "service" });
	const endpoint = machine.addEndpoint("/fast");
	for (let cpu = 0; cpu < CPUS; cpu++) machine.start(cpu, endpoint);
	for (let i = 0; i < CPUS; i++) machine.start(3, endpoint, -1n);
	assert.deepEqual(accumulator.read(), []);
});
