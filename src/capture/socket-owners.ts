/** Records who owns a socket that is older than the programs, as sock_create does for those made since. */
import { type BpfMap, UpdateFlag } from "../kernel/map.js";
import { CONNECTION_OFFSET, Limit, OWNER_SIZE, writeOwner } from "../wire/layout.js";
import type { OwnerRecord } from "./tables.js";

/** The maps that hold owners; see bpf/maps.h. */
export interface OwnerMaps {
	readonly owners: Pick<BpfMap, "update">;
	readonly owner_ids: Pick<BpfMap, "lookup" | "update">;
	readonly free_owners: Pick<BpfMap, "pop" | "push">;
	readonly connections: Pick<BpfMap, "update" | "valueSize">;
}

const UNKNOWN_OWNER = 0;
/** `struct owner_key`: cgroup_id, comm. */
const KEY_BYTES = 8 + Limit.COMM_BYTES;

export class SocketOwners {
	readonly #maps: OwnerMaps;

	constructor(maps: OwnerMaps) {
		this.#maps = maps;
	}

	/**
	 * Gives the socket at descriptor `fd` its record, unless it has one.
	 * @returns false if it had one: a program met the socket first
	 * @throws HttpeekError HTTPEEK_BPF when the kernel refuses, for instance because it is no TCP socket
	 */
	record(fd: number, owner: OwnerRecord): boolean {
		const value = new Uint8Array(this.#maps.connections.valueSize);
		new DataView(value.buffer).setUint16(CONNECTION_OFFSET.owner, this.#slotOf(owner), true);
		return this.#maps.connections.update(u32(fd), value, UpdateFlag.noExist);
	}

	/** The slot of an owner; a new one if there is none yet, "unknown" if the table is full. */
	#slotOf(owner: OwnerRecord): number {
		const comm = commBytes(owner.comm);
		const key = new Uint8Array(KEY_BYTES);
		new DataView(key.buffer).setBigUint64(0, owner.cgroupId, true);
		key.set(comm, 8);
		const known = this.#maps.owner_ids.lookup(key);
		if (known !== undefined) return readU32(known);

		const slot = this.#maps.free_owners.pop();
		if (slot === undefined) return UNKNOWN_OWNER;
		const value = new Uint8Array(OWNER_SIZE);
		writeOwner(new DataView(value.buffer), 0, { cgroupId: owner.cgroupId, pid: owner.pid, endpoints: 0, comm });
		this.#maps.owners.update(slot, value);
		// the programs register owners too: whoever is second puts the slot back and takes the other's
		if (this.#maps.owner_ids.update(key, slot, UpdateFlag.noExist)) return readU32(slot);
		this.#maps.free_owners.push(slot);
		const other = this.#maps.owner_ids.lookup(key);
		return other === undefined ? UNKNOWN_OWNER : readU32(other);
	}
}

/** As the kernel keeps it: cut, zero-terminated, zero-padded. */
function commBytes(comm: string): Uint8Array {
	const bytes = new Uint8Array(Limit.COMM_BYTES);
	bytes.set(Buffer.from(comm).subarray(0, Limit.COMM_BYTES - 1));
	return bytes;
}

function u32(number: number): Uint8Array {
	const bytes = new Uint8Array(4);
	new DataView(bytes.buffer).setUint32(0, number, true);
	return bytes;
}

function readU32(bytes: Uint8Array): number {
	return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}
