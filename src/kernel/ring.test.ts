/** The ring's layout as the kernel documents it, in memory of the test's own. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { replaceNative } from "./libbpf.js";
import type { Native } from "./native.js";
import { Ring } from "./ring.js";

const PAGE = 4096;
const SIZE = 4096;
const BUSY = 0x8000_0000;
const DISCARDED = 0x4000_0000;

let readPage: ArrayBuffer;
let written: ArrayBuffer;
let unmapped: number;
let onReadable: (() => void) | undefined;
let polls: string[];
let hasPoll: boolean;

beforeEach(() => {
	readPage = new ArrayBuffer(PAGE);
	written = new ArrayBuffer(PAGE + 2 * SIZE);
	unmapped = 0;
	polls = [];
	hasPoll = true;
	const fake: Partial<Native> = {
		pageBytes: () => PAGE,
		mapMemory: (_fd, _bytes, offset, isWritable = false) => {
			assert.equal(isWritable, offset === 0, "the kernel maps only the first page for writing");
			return BigInt(offset + 1);
		},
		viewMemory: (address) => (address === 1n ? readPage : written),
		unmapMemory: () => {
			unmapped++;
			return 0;
		},
		pollHandle: () =>
			hasPoll
				? {
						start: (callback) => {
							polls.push("start");
							onReadable = callback;
						},
						stop: () => void polls.push("stop"),
						close: () => void polls.push("close"),
					}
				: undefined,
	};
	replaceNative(fake as Native);
});
afterEach(() => replaceNative(undefined));

/** Writes a record as the kernel does, also where the data is mapped a second time. Returns the position behind it. */
function write(position: number, text: string, flags = 0): number {
	const data = new DataView(written, PAGE);
	const bytes = Buffer.from(text);
	const put = (at: number, byte: number): void => {
		data.setUint8(at % SIZE, byte);
		data.setUint8((at % SIZE) + SIZE, byte);
	};
	const header = Buffer.alloc(8);
	header.writeUInt32LE((bytes.length | flags) >>> 0);
	for (const [i, byte] of [...header, ...bytes].entries()) put(position + i, byte);
	const end = position + Math.ceil((8 + bytes.length) / 8) * 8;
	new BigUint64Array(written, 0, 1)[0] = BigInt(end);
	return end;
}

const positionRead = (): number => Number(new BigUint64Array(readPage, 0, 1)[0]);

function textsOf(ring: Ring, most = Number.POSITIVE_INFINITY): string[] {
	const texts: string[] = [];
	ring.read(most, (view, at, length) => {
		texts.push(Buffer.from(view.buffer, view.byteOffset + at, length).toString());
	});
	return texts;
}

test("records in their order; what was read makes room", () => {
	const ring = new Ring(3, SIZE, "events");
	assert.deepEqual(textsOf(ring), []);
	const end = write(write(0, "one"), "second record");
	assert.equal(ring.count(), 2);
	assert.equal(positionRead(), 0, "counting reads nothing");
	assert.deepEqual(textsOf(ring), ["one", "second record"]);
	assert.equal(positionRead(), end);
	assert.deepEqual(textsOf(ring), []);
});

test("at most so many; the oldest can be skipped", () => {
	const ring = new Ring(3, SIZE, "events");
	let end = 0;
	for (const text of ["a", "b", "c", "d"]) end = write(end, text);
	assert.deepEqual(textsOf(ring, 1), ["a"]);
	assert.equal(ring.skip(2), 2);
	assert.deepEqual(textsOf(ring, 5), ["d"]);
	assert.equal(ring.skip(5), 0);
	assert.equal(positionRead(), end);
});

test("a record that is still being written holds up those behind it; a discarded one is passed over", () => {
	const ring = new Ring(3, SIZE, "events");
	const first = write(0, "a", DISCARDED);
	const second = write(first, "b");
	write(write(second, "c", BUSY), "d");
	assert.deepEqual(textsOf(ring), ["b"]);
	assert.equal(positionRead(), second);
	write(second, "c");
	new BigUint64Array(written, 0, 1)[0] = BigInt(second + 32);
	assert.deepEqual(textsOf(ring), ["c", "d"]);
});

test("records go on over the end of the data, round after round, and past 2^32", () => {
	for (const start of [0, 2 ** 32 - 2 * SIZE]) {
		new BigUint64Array(readPage, 0, 1)[0] = BigInt(start);
		new BigUint64Array(written, 0, 1)[0] = BigInt(start);
		const ring = new Ring(3, SIZE, "events");
		let end = start;
		for (let i = 0; i < 2000; i++) {
			end = write(end, `record ${i}`.padEnd(7 + (i % 50), "."));
			assert.deepEqual(textsOf(ring), [`record ${i}`.padEnd(7 + (i % 50), ".")]);
		}
		assert.equal(positionRead(), end);
	}
});

test("a length that reaches beyond what was written is refused, not read", () => {
	const ring = new Ring(3, SIZE, "events");
	write(0, "abc");
	new DataView(written, PAGE).setUint32(0, 5000, true);
	assert.throws(() => textsOf(ring), /behind its end/);
});

test("waiting ends when there is something, in time, or by the signal; nothing is left running", async () => {
	const ring = new Ring(3, SIZE, "events");
	const readable = ring.wait(60_000);
	onReadable?.();
	await readable;
	await ring.wait(1);
	const abort = new AbortController();
	const aborted = ring.wait(60_000, abort.signal);
	abort.abort();
	await aborted;
	await ring.wait(60_000, abort.signal);
	assert.equal(polls.filter((call) => call === "start").length, 4);
	assert.equal(polls.at(-1), "stop");
	const last = ring.wait(1);
	ring.close();
	await last;
	assert.equal(polls.at(-1), "close", "a closed handle is not touched");
});

test("without a handle it looks again soon", async () => {
	hasPoll = false;
	const ring = new Ring(3, SIZE, "events");
	const before = performance.now();
	await ring.wait(60_000);
	assert.ok(performance.now() - before < 30_000);
});

test("a closed ring is closed once, and cannot be read", () => {
	const ring = new Ring(3, SIZE, "events");
	ring.close();
	ring.close();
	assert.equal(unmapped, 2);
	assert.throws(() => ring.count(), /it is closed/);
});
