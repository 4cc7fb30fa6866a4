/** Floods of names that nobody has asked for before: memory stays within its bounds, totals stay exact. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { DEFAULT_MAX_ENDPOINTS, tableSizes } from "../../src/capture/programs.js";
import type { CaptureSession } from "../../src/capture/session.js";
import type { Role, Snapshot } from "../../src/model/snapshot.js";
import { CELL_SIZE, ENDPOINT_SIZE, Limit } from "../../src/wire/layout.js";
import { countOf, endpointLines, lossesOf, rowsOf, settled, skipReason, watch } from "../support/capture.js";
import { makeLiveCgroup } from "../support/live-cgroup.js";
import { makeCgroupBelow, type Program, run, start } from "../support/programs.js";

const FLOOD = new URL("../support/flood.js", import.meta.url).pathname;
const ROLES: readonly Role[] = ["client", "server"];
const REQUESTS = 100_000;
const READ_EVERY_MS = 500;
const MIB = 2 ** 20;
/** What a heap may differ by for reasons of its own. */
const NOISE_BYTES = 12 * MIB;
/** Of a row in user space: its labels and its histogram of 256 buckets as numbers. */
const ROW_BYTES = 6 * 1024;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function residentBytes(): number {
	collectGarbage();
	return process.memoryUsage.rss();
}

/** Kernel memory of the maps that this process holds. */
function mapBytes(): number {
	const sizes = readdirSync("/proc/self/fdinfo").map((fd) => {
		try {
			const text = readFileSync(`/proc/self/fdinfo/${fd}`, "utf8");
			return text.includes("map_type:") ? Number(/^memlock:\s*(\d+)/m.exec(text)?.[1]) : 0;
		} catch {
			return 0; // the descriptor of the listing itself
		}
	});
	return sizes.reduce((sum, size) => sum + size, 0);
}

async function startServer(cgroup: string): Promise<[server: Program, port: string]> {
	const server = start(cgroup, process.execPath, [FLOOD, "server"]);
	return [server, (await server.wrote(/^\d+$/m))[0]];
}

/** Floods a server while the session is read as `top` reads it. */
async function flood(
	cgroup: string,
	port: string,
	kind: string,
	count: number,
	session: CaptureSession,
): Promise<void> {
	const reading = setInterval(() => session.read(), READ_EVERY_MS);
	try {
		await run(cgroup, process.execPath, [FLOOD, "client", port, kind, String(count)]);
	} finally {
		clearInterval(reading);
	}
}

test("100,000 random paths, methods and hosts: bounded rows and memory, exact totals", {
	skip: skipReason,
}, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const [server, port] = await startServer(cgroup);
	const session = await watch(context, { cgroups: [cgroup] });
	const before = { resident: residentBytes(), maps: mapBytes() };

	await flood(cgroup, port, "paths", REQUESTS, session);
	const afterPaths = await settled(session);
	const full = { resident: residentBytes(), maps: mapBytes() };
	for (const kind of ["methods", "hosts", "paths"]) await flood(cgroup, port, kind, REQUESTS, session);
	const last = await settled(session);
	const end = { resident: residentBytes(), maps: mapBytes() };

	await server.kill("SIGTERM");
	assert.match(server.stdout, new RegExp(`^answered ${4 * REQUESTS}$`, "m"));
	for (const role of ROLES) {
		assert.equal(countOf(afterPaths, { role, status: 200 }), REQUESTS);
		assert.equal(countOf(last, { role }), 4 * REQUESTS);
	}
	assert.ok(last.endpoints.length <= DEFAULT_MAX_ENDPOINTS + Limit.OTHER_ENDPOINTS, `${last.endpoints.length} rows`);
	const others = countOf(last, { route: "(other)" });
	assert.deepEqual(lossesOf(last), { endpoints_other: others });
	const named = last.endpoints.filter(({ route }) => route !== "(other)");
	assert.equal(
		countOf(last) - others,
		named.reduce((sum, { count }) => sum + count, 0),
	);

	const sizes = tableSizes();
	const tables = sizes.cells * CELL_SIZE + sizes.endpoints * (ENDPOINT_SIZE + 8 * sizes.stripes);
	const bound = tables + last.endpoints.length * ROW_BYTES + NOISE_BYTES;
	const grown = (from: number, to: number) => `${((to - from) / MIB).toFixed(1)} MiB`;
	context.diagnostic(
		`resident: +${grown(before.resident, full.resident)}, then +${grown(full.resident, end.resident)}`,
	);
	context.diagnostic(`maps: ${grown(0, end.maps)}; bound of what is resident: +${grown(0, bound)}`);
	assert.ok(
		full.resident - before.resident < bound,
		`${grown(before.resident, full.resident)} more, bound ${grown(0, bound)}`,
	);
	assert.ok(end.resident - full.resident < NOISE_BYTES, `${grown(full.resident, end.resident)} more when all was full`);
	assert.ok(before.maps > tables, "the maps are found");
	assert.deepEqual([full.maps, end.maps], [before.maps, before.maps]);
});

test("random methods are one row, random hosts none of their own", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const [, port] = await startServer(cgroup);
	const session = await watch(context, { cgroups: [cgroup] });
	for (const kind of ["methods", "hosts"]) await flood(cgroup, port, kind, 5000, session);
	const snapshot = await settled(session);
	assert.deepEqual(
		endpointLines(snapshot.endpoints),
		ROLES.flatMap((role) => [`${role} GET /host 200 response 5000`, `${role} _OTHER /method 200 response 5000`]),
	);
	assert.deepEqual(lossesOf(snapshot), {});
});

/** Floods a server of a small table, and asks another one for a few paths then. */
async function floodBeside(context: TestContext, isFlooderWatched: boolean): Promise<Snapshot> {
	const parent = makeLiveCgroup(context);
	const [flooded, flooder, shop, clients] = ["flooded.service", "flooder.service", "shop.service", "clients"].map(
		(name) => makeCgroupBelow(parent, name),
	) as [string, string, string, string];
	const [, floodedPort] = await startServer(flooded);
	const [, shopPort] = await startServer(shop);
	const cgroups = isFlooderWatched ? [flooded, flooder, shop] : [flooded, shop];
	const session = await watch(context, { cgroups }, { limits: { maxEndpoints: 64 } });
	await flood(flooder, floodedPort, "paths", 2000, session);
	const urls = ["/cart", "/pay", "/users/1", "/users/2"].map((path) => `http://127.0.0.1:${shopPort}${path}`);
	await run(clients, "curl", ["-s", ...urls]);
	const snapshot = await settled(session);
	assert.deepEqual(endpointLines(rowsOf(snapshot, { service: "shop.service" })), [
		"server GET /cart 200 response 1",
		"server GET /pay 200 response 1",
		"server GET /users/:id 200 response 2",
	]);
	return snapshot;
}

test("a service that is flooded leaves rows for others", { skip: skipReason }, async (context) => {
	await context.test("one service", async (inner) => {
		const snapshot = await floodBeside(inner, false);
		const rows = rowsOf(snapshot, { service: "flooded.service" });
		assert.equal(rows.filter(({ route }) => route !== "(other)").length, 56);
		assert.equal(countOf(snapshot, { service: "flooded.service" }), 2000);
		assert.deepEqual(lossesOf(snapshot), { endpoints_other: 2000 - 56 });
	});

	await context.test("two services, of which one passes the flood on to the other", async (inner) => {
		const snapshot = await floodBeside(inner, true);
		for (const service of ["flooder.service", "flooded.service"]) assert.equal(countOf(snapshot, { service }), 2000);
		const named = snapshot.endpoints.filter(({ route }) => route !== "(other)").length;
		assert.ok(named >= 56 && named <= 64, `${named} rows`);
		assert.deepEqual(lossesOf(snapshot), { endpoints_other: countOf(snapshot, { route: "(other)" }) });
	});
});
