import assert from "node:assert/strict";
import { test } from "node:test";
import { CONNECTION_OFFSET, readOwner } from "../wire/layout.js";
import { type OwnerMaps, SocketOwners } from "./socket-owners.js";

const CONNECTION_BYTES = 400;
const nginx = { cgroupId: 77n, pid: 5, comm: "nginx" };

/** Maps in memory with the kernel's meanings; `slots` are the free ones. */
function makeMaps(slots: number[]) {
	const ids = new Map<string, Uint8Array>();
	const owners = new Map<number, ReturnType<typeof readOwner>>();
	const sockets = new Map<number, number>();
	const u32 = (bytes: Uint8Array): number => Buffer.from(bytes).readUInt32LE();
	const maps: OwnerMaps = {
		owners: { update: (slot, value) => owners.set(u32(slot), readOwner(new DataView(value.buffer), 0)) !== undefined },
		owner_ids: {
			lookup: (key) => ids.get(Buffer.from(key).toString("hex")),
			update: (key, slot) => {
				const text = Buffer.from(key).toString("hex");
				if (ids.has(text)) return false;
				ids.set(text, slot.slice());
				return true;
			},
		},
		free_owners: {
			pop: () => {
				const slot = slots.shift();
				return slot === undefined ? undefined : Uint8Array.of(slot, 0, 0, 0);
			},
			push: (slot) => void slots.push(u32(slot)),
		},
		connections: {
			valueSize: CONNECTION_BYTES,
			update: (fd, value) => {
				assert.equal(value.length, CONNECTION_BYTES);
				if (sockets.has(u32(fd))) return false;
				sockets.set(u32(fd), new DataView(value.buffer).getUint32(CONNECTION_OFFSET.owner, true));
				return true;
			},
		},
	};
	return { maps, ids, owners, sockets, slots };
}

test("sockets of one owner share a slot, and what was recorded is the owner", () => {
	const { maps, owners, sockets } = makeMaps([1, 2, 3]);
	const record = new SocketOwners(maps);
	assert.equal(record.record(10, nginx), true);
	assert.equal(record.record(300, { ...nginx, pid: 6 }), true);
	assert.equal(record.record(12, { ...nginx, cgroupId: 78n }), true);
	assert.deepEqual(
		[...sockets],
		[
			[10, 1],
			[300, 1],
			[12, 2],
		],
	);
	const owner = owners.get(1);
	assert.deepEqual([owner?.cgroupId, owner?.pid], [77n, 5]);
	assert.equal(Buffer.from(owner?.comm ?? []).toString(), "nginx".padEnd(16, "\0"));
});

test("a socket that has a record keeps it", () => {
	const { maps, sockets } = makeMaps([1]);
	sockets.set(10, 99);
	assert.equal(new SocketOwners(maps).record(10, nginx), false);
	assert.equal(sockets.get(10), 99);
});

test("without a free slot the owner is unknown: slot 0", () => {
	const { maps, sockets } = makeMaps([]);
	assert.equal(new SocketOwners(maps).record(10, nginx), true);
	assert.equal(sockets.get(10), 0);
});

test("a program that registers the owner at the same time wins, and the slot goes back", () => {
	const { maps, ids, sockets, slots } = makeMaps([1]);
	const racing: OwnerMaps = {
		...maps,
		owners: {
			update: () => {
				const key = Buffer.concat([Buffer.of(77, 0, 0, 0, 0, 0, 0, 0), Buffer.from("nginx".padEnd(16, "\0"))]);
				ids.set(key.toString("hex"), Uint8Array.of(9, 0, 0, 0));
				return true;
			},
		},
	};
	new SocketOwners(racing).record(10, nginx);
	assert.equal(sockets.get(10), 9);
	assert.deepEqual(slots, [1]);
});

test("a long name is cut as the kernel cuts it", () => {
	const { maps, owners } = makeMaps([1]);
	new SocketOwners(maps).record(10, { ...nginx, comm: "a-name-of-more-than-fifteen" });
	assert.equal(Buffer.from(owners.get(1)?.comm ?? []).toString(), "a-name-of-more-\0");
});
