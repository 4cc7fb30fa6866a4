/** Kernel memory that httpeek takes for connections that are open and idle: for one, and for all that a large host has. */
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { HttpeekError } from "../../src/base/errors.js";
import { Disposables } from "../disposables.js";
import { Httpeek } from "../httpeek.js";
import { fullSpeed } from "../load.js";
import { startNginx } from "../nginx.js";
import { median, spreadOf } from "../numbers.js";
import { type Row, rowOf } from "../row.js";
import type { Scale } from "../scale.js";
import { inCheckout, type Workplace } from "../workplace.js";

const SLABINFO = "/proc/slabinfo";
/** Memory that was given back is free only after grace periods of RCU. */
const SETTLE_MS = 1_000;
/** Fewer than a client has ports for, towards one server. */
const MOST_TO_ONE_SERVER = 20_000;
/** A few seconds, on a machine that has nothing else to do. */
const LONGEST_OPENING_SECONDS = 120;
const BYTES_PER_MB = 1_000_000;
/** What bench/README.md promises for 50,000 connections and 10,000 endpoints: TLS is read, and more CPUs have more copies of a counter. */
const BUDGET_MB = { upToTwoCpus: 100, more: 170 };

export async function* measureIdleConnections(workplace: Workplace, scale: Scale): AsyncGenerator<Row> {
	const { idleConnections: connections } = scale;
	// fills the kernel's caches: what they keep afterwards does not show as growth any more
	await openedBytes(workplace, connections);
	const without: number[] = [];
	const differences: number[] = [];
	for (let pair = 0; pair < scale.idlePairs; pair++) {
		const plain = await openedBytes(workplace, connections);
		without.push(plain / connections);
		await using _httpeek = await Httpeek.start(workplace);
		differences.push(((await openedBytes(workplace, connections)) - plain) / connections);
	}
	const note = `kmalloc memory for ${connections} connections, less ${Math.round(median(without))} each without httpeek`;
	const row = { group: "idle", what: "kernel memory of an idle connection", unit: "bytes", note } as const;
	yield rowOf({ ...row, goal: { atMost: 512 } }, spreadOf(differences));
	yield await measureLargeHost(workplace, scale);
}

/** Tables with room for all endpoints, and all connections, each once with httpeek and once without. */
async function measureLargeHost(workplace: Workplace, scale: Scale): Promise<Row> {
	const { manyConnections: connections, manyEndpoints: endpoints } = scale;
	const plain = await openedBytes(workplace, connections);
	await using httpeek = await Httpeek.startWithEndpoints(workplace, endpoints);
	const connectionBytes = (await openedBytes(workplace, connections, endpoints)) - plain;
	const tableBytes = httpeek.tableBytes();
	const [tables, storage] = [tableBytes, connectionBytes].map((bytes) => (bytes / BYTES_PER_MB).toFixed(1));
	return {
		group: "idle",
		what: `kernel memory for ${connections} connections and ${endpoints} endpoints`,
		unit: "MB",
		measured: (tableBytes + connectionBytes) / BYTES_PER_MB,
		goal: { atMost: workplace.cpus.length > 2 ? BUDGET_MB.more : BUDGET_MB.upToTwoCpus },
		note: `tables ${tables}, connections ${storage}; its process ${(httpeek.peakResidentBytes() / BYTES_PER_MB).toFixed(0)} resident, with the tables that it maps`,
	};
}

/**
 * By how much the kernel's memory grows when connections are opened of which each has had one request.
 * @param endpoints that are asked for once they are open, so that they have their rows
 */
async function openedBytes(workplace: Workplace, connections: number, endpoints = 0): Promise<number> {
	const servers = Math.ceil(connections / Math.min(workplace.mostConnections, MOST_TO_ONE_SERVER));
	await using stack = new Disposables();
	const ports: number[] = [];
	for (let i = 0; i < servers; i++) ports.push(stack.use(await startNginx(workplace)).port);
	await delay(SETTLE_MS);
	const before = allocatedBytes();
	await Promise.all(
		ports.map(async (port) => {
			const args = [inCheckout("dist/bench/idle-client.js"), String(port), String(Math.ceil(connections / servers))];
			const client = stack.use(workplace.startClient("the idle client", process.execPath, args));
			await client.says(/^open$/m, LONGEST_OPENING_SECONDS);
		}),
	);
	const [port = 0] = ports;
	if (endpoints > 0) await fullSpeed(workplace, { port, seconds: 1, traffic: "routes", routes: endpoints });
	await delay(SETTLE_MS);
	return allocatedBytes() - before;
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
