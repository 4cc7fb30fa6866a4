/** What this process has in the kernel, as the kernel's own tools list it. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

type Kind = "prog" | "map" | "link";

/** Ids of the objects of a kind that this process holds by a descriptor. */
export function heldIds(kind: Kind): Set<number> {
	const ids = new Set<number>();
	for (const fd of readdirSync("/proc/self/fdinfo")) {
		try {
			const id = new RegExp(`^${kind}_id:\\s*(\\d+)`, "m").exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1];
			if (id !== undefined) ids.add(Number(id));
		} catch {
			// the descriptor of the listing itself
		}
	}
	return ids;
}

/** Entries of the maps of a name that this process holds. */
export function entriesOf(name: string): number {
	const maps = bpftool<{ id: number; name: string }[]>("map", "list");
	const held = heldIds("map");
	return maps
		.filter((map) => map.name === name.slice(0, KERNEL_NAME_CHARACTERS) && held.has(map.id))
		.reduce((sum, { id }) => sum + bpftool<unknown[]>("map", "dump", "id", String(id)).length, 0);
}

const KERNEL_NAME_CHARACTERS = 15;

function bpftool<T>(...args: string[]): T {
	return JSON.parse(execFileSync("bpftool", ["-j", ...args], { encoding: "utf8", maxBuffer: 256 * 2 ** 20 })) as T;
}
