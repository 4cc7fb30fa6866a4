import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
	CELL_OFFSET,
	CELL_SIZE,
	type Cell,
	ENDPOINT_SIZE,
	type Endpoint,
	HistogramLayout,
	Limit,
	OWNER_OFFSET,
	OWNER_SIZE,
	type Owner,
	readCell,
	readEndpoint,
	readOwner,
	writeCell,
	writeEndpoint,
	writeOwner,
} from "./layout.js";

const u8 = fc.nat(0xff);
const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffff_ffff);
const u64 = fc.bigInt(0n, 2n ** 64n - 1n);
const amount = fc.maxSafeNat();
const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });

/** deepEqual also compares prototypes. */
const PLAIN = { noNullPrototype: true } as const;

const owner: fc.Arbitrary<Owner> = fc.record(
	{ cgroupId: u64, pid: u32, endpoints: u32, comm: bytes(Limit.COMM_BYTES) },
	PLAIN,
);

const endpoint: fc.Arbitrary<Endpoint> = fc.record(
	{
		owner: u32,
		port: u16,
		routeBytes: u16,
		peer: bytes(Limit.ADDRESS_BYTES),
		role: u8,
		method: u8,
		protocol: u8,
		tls: u8,
		isOther: u8,
		routeCut: u8,
		route: bytes(Limit.ROUTE_BYTES),
	},
	PLAIN,
);

const cell: fc.Arbitrary<Cell> = fc.record(
	{
		count: amount,
		sumNs: amount,
		endpoint: u32,
		status: u16,
		outcome: u8,
		stripe: u8,
		below: u32,
		above: u32,
		buckets: fc.uint32Array({ minLength: HistogramLayout.BUCKETS, maxLength: HistogramLayout.BUCKETS }),
	},
	PLAIN,
);

/** Writes into the middle of noise, at an odd place of a view that does not begin with its buffer, and reads it back. */
function checkRoundTrip<T>(
	values: fc.Arbitrary<T>,
	size: number,
	write: (view: DataView, at: number, value: T) => void,
	read: (view: DataView, at: number) => T,
): void {
	fc.assert(
		fc.property(values, u8, fc.nat(9), (value, noise, at) => {
			const memory = new Uint8Array(size + 32).fill(noise);
			const view = new DataView(memory.buffer, 3);
			write(view, at, value);
			assert.deepEqual(read(view, at), value);
			const outside = [...memory.subarray(0, 3 + at), ...memory.subarray(3 + at + size)];
			assert.ok(outside.every((byte) => byte === noise));
		}),
	);
}

test("an owner comes back as it was written, and nothing around it changes", () => {
	checkRoundTrip(owner, OWNER_SIZE, writeOwner, readOwner);
});

test("an endpoint comes back as it was written, and nothing around it changes", () => {
	checkRoundTrip(endpoint, ENDPOINT_SIZE, writeEndpoint, readEndpoint);
});

test("a cell comes back as it was written, and nothing around it changes", () => {
	checkRoundTrip(cell, CELL_SIZE, writeCell, readCell);
});

test("bytes as the kernel writes them", () => {
	const memory = Buffer.alloc(OWNER_SIZE);
	memory.set([0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe], 0);
	memory.set([0x39, 0x30, 0, 0], 8);
	memory.write("nginx", OWNER_OFFSET.comm);
	const read = readOwner(new DataView(memory.buffer, memory.byteOffset), 0);
	assert.equal(read.cgroupId, 0xfedcba9876543210n);
	assert.equal(read.pid, 12_345);
	assert.equal(Buffer.from(read.comm).toString(), "nginx".padEnd(Limit.COMM_BYTES, "\0"));
});

test("an array that is too short is filled up with zeros, one that is too long is cut", () => {
	const view = new DataView(new Uint8Array(OWNER_SIZE).fill(0xff).buffer);
	const comm = (value: string): Uint8Array => {
		writeOwner(view, 0, { cgroupId: 0n, pid: 0, endpoints: 0, comm: Buffer.from(value) });
		return readOwner(view, 0).comm;
	};
	assert.deepEqual(Buffer.from(comm("ab")).toString(), "ab".padEnd(Limit.COMM_BYTES, "\0"));
	assert.deepEqual(Buffer.from(comm("x".repeat(99))).toString(), "x".repeat(Limit.COMM_BYTES));
});

test("what is read word by word stands on whole words", () => {
	assert.equal(CELL_SIZE % 64, 0);
	for (const member of ["count", "sumNs", "below", "above", "buckets"] as const) {
		assert.equal(CELL_OFFSET[member] % 4, 0, member);
	}
});
