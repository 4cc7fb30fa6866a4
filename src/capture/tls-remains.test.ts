import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { CONNECTION_OFFSET, CONNECTION_SIZE, TLS_KEY_SIZE, writeTlsKey } from "../wire/layout.js";
import { TlsRemains } from "./tls-remains.js";

/** A map in memory: keys and values as the kernel gives them, in one batch. */
class FakeMap {
	readonly keySize: number;
	readonly entries: { key: Uint8Array; value: Uint8Array }[] = [];

	constructor(keySize: number) {
		this.keySize = keySize;
	}

	add(key: Uint8Array, value: Uint8Array): void {
		this.entries.push({ key, value });
	}

	*batches() {
		const count = this.entries.length;
		const packed = (part: "key" | "value") => new Uint8Array(Buffer.concat(this.entries.map((entry) => entry[part])));
		if (count > 0) yield { count, keys: packed("key"), values: packed("value") };
	}

	delete(key: Uint8Array): boolean {
		const at = this.entries.findIndex((entry) => Buffer.from(entry.key).equals(key));
		if (at >= 0) this.entries.splice(at, 1);
		return at >= 0;
	}
}

function keyOf(tgid: number, object = 1n): Uint8Array {
	const key = new Uint8Array(TLS_KEY_SIZE);
	writeTlsKey(new DataView(key.buffer), 0, { object, tgid });
	return key;
}

function connection(pending: bigint, isPipelined = 0): Uint8Array {
	const value = new Uint8Array(CONNECTION_SIZE + 72);
	new DataView(value.buffer).setBigUint64(CONNECTION_OFFSET.pending, pending, true);
	value[CONNECTION_OFFSET.isPipelined] = isPipelined;
	return value;
}

/** A /proc with these processes; of the last one the program has ended, and its parent has not asked. */
function makeProc(context: TestContext, pids: readonly number[], zombie: number): string {
	const root = mkdtempSync(join(tmpdir(), "httpeek-proc-"));
	context.after(() => rmSync(root, { recursive: true }));
	for (const pid of [...pids, zombie]) mkdirSync(join(root, String(pid)));
	for (const pid of pids) symlinkSync("/bin/true", join(root, String(pid), "exe"));
	return root;
}

function makeTables() {
	return {
		calls: new FakeMap(TLS_KEY_SIZE),
		connections: new FakeMap(TLS_KEY_SIZE),
		searches: new FakeMap(TLS_KEY_SIZE),
		tasks: new FakeMap(8),
	};
}

test("what the ended leave behind is deleted, of all others nothing", (context) => {
	const tables = makeTables();
	for (const tgid of [10, 11, 12, 13]) {
		tables.calls.add(keyOf(tgid), new Uint8Array(40));
		tables.connections.add(keyOf(tgid), connection(0n));
		tables.searches.add(keyOf(tgid), new Uint8Array(4));
		tables.tasks.add(new Uint8Array(8).fill(tgid), keyOf(tgid));
	}
	// 10 has ended, 11's number is another process's by now, 12 was never said to have ended, 13 is not asked about yet
	const remains = new TlsRemains(tables, makeProc(context, [11, 12], 13));
	for (const pid of [10, 11, 13]) remains.add(pid);
	assert.equal(remains.sweep(1), 8);
	const left = tables.calls.entries.map(({ key }) => new DataView(key.buffer).getUint32(8, true));
	assert.deepEqual(left, [11, 12]);
	assert.equal(tables.connections.entries.length, 2);
	assert.equal(tables.tasks.entries.length, 2);
});

test("a connection on which a request waits is left to its socket", (context) => {
	const tables = makeTables();
	tables.connections.add(keyOf(10, 1n), connection(7n << 20n));
	tables.connections.add(keyOf(10, 2n), connection(0n, 1));
	tables.connections.add(keyOf(10, 3n), connection(0n));
	const remains = new TlsRemains(tables, makeProc(context, [], 11));
	remains.add(10);
	assert.equal(remains.sweep(1), 1);
	assert.equal(tables.connections.entries.length, 2);
});

test("at most once a second, and only if somebody has ended", (context) => {
	const tables = makeTables();
	const remains = new TlsRemains(tables, makeProc(context, [], 11));
	tables.calls.add(keyOf(10), new Uint8Array(40));
	assert.equal(remains.sweep(1), 0);
	remains.add(10);
	assert.equal(remains.sweep(1), 1);
	tables.calls.add(keyOf(11), new Uint8Array(40));
	remains.add(11);
	assert.equal(remains.sweep(1.5), 0);
	assert.equal(remains.sweep(2), 1);
});
