/** Kernel memory that httpeek takes for each connection that is open and idle. */
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { HttpeekError } from "../../src/base/errors.js";
import { Httpeek } from "../httpeek.js";
import { abort, openIdle } from "../load.js";
import { median, spreadOf } from "../numbers.js";
import { type Row, rowOf } from "../row.js";
import type { Scale } from "../scale.js";
import { startNginx } from "../servers.js";
import type { Workplace } from "../workplace.js";

const SLABINFO = "/proc/slabinfo";
/** Memory that was given back is free only after grace periods of RCU. */
const SETTLE_MS = 1_000;
/** Files of this process and of the server besides the connections. */
const OTHER_FILES = 200;

export async function* measureIdleConnections(workplace: Workplace, scale: Scale): AsyncGenerator<Row> {
	const connections = Math.min(scale.idleConnections, openFilesLimit() - OTHER_FILES);
	const bytesEach = async (): Promise<number> => {
		await using nginx = await startNginx(workplace);
		await delay(SETTLE_MS);
		const before = allocatedBytes();
		const sockets = await openIdle(nginx.port, connections);
		await delay(SETTLE_MS);
		const after = allocatedBytes();
		await abort(sockets);
		return (after - before) / connections;
	};
	const watchedBytesEach = async (): Promise<number> => {
		await using _httpeek = await Httpeek.start(workplace);
		return await bytesEach();
	};
	// fills the kernel's caches: what they keep afterwards does not show as growth any more
	await bytesEach();
	const without: number[] = [];
	const differences: number[] = [];
	for (let pair = 0; pair < scale.idlePairs; pair++) {
		const plain = await bytesEach();
		without.push(plain);
		differences.push((await watchedBytesEach()) - plain);
	}
	const note = `kmalloc memory for ${connections} connections, less ${Math.round(median(without))} each without httpeek`;
	const row = { group: "idle", what: "kernel memory of an idle connection", unit: "bytes", note } as const;
	yield rowOf({ ...row, goal: { atMost: 512 } }, spreadOf(differences));
}

/**
 * Memory of the kernel's objects of general sizes that are in use. Sockets have caches of their own; what is stored with
 * them comes from these. Objects and not pages, because the allocator keeps pages of what is gone for what comes.
 */
function allocatedBytes(): number {
	return readSlabinfo().reduce((sum, line) => {
		const [name = "", active = "0", , objectBytes = "0"] = line.split(/\s+/);
		return name.startsWith("kmalloc-") ? sum + Number(active) * Number(objectBytes) : sum;
	}, 0);
}

function readSlabinfo(): string[] {
	try {
		return readFileSync(SLABINFO, "latin1").split("\n");
	} catch (cause) {
		const hint = "the kernel needs CONFIG_SLUB_DEBUG; leave the row out with --only and the other groups";
		throw new HttpeekError("HTTPEEK_IO", `cannot read ${SLABINFO}`, { hint, cause });
	}
}

function openFilesLimit(): number {
	return Number(/^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1"))?.[1]);
}
