/** Counts are exact on networks that lose, repeat and reorder packets, or the difference is in the losses. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { EndpointRow, Role } from "../../src/model/snapshot.js";
import { type BadNetwork, makeDroppingNetwork, makeRelayedNetwork, noRelayReason } from "../support/bad-network.js";
import { lossesOf, settled, skipReason, watch } from "../support/capture.js";
import { makeLiveCgroup } from "../support/live-cgroup.js";
import { makeCgroupBelow, type Program, start } from "../support/programs.js";

const SERVER = new URL("../support/mixed-server.js", import.meta.url).pathname;
const CLIENT = new URL("../support/mixed-client.js", import.meta.url).pathname;
const ROLES: readonly Role[] = ["client", "server"];
const CONNECTIONS = 64;
const REQUESTS_PER_CONNECTION = 45;

type Counts = Readonly<Record<string, number>>;

function startWith(cgroup: string, prefix: readonly string[], ...words: string[]): Program {
	const [command = "", ...args] = [...prefix, process.execPath, ...words];
	return start(cgroup, command, args);
}

function countsOf(rows: readonly EndpointRow[]): Counts {
	const counts: Record<string, number> = {};
	for (const { method, route, status, count } of rows) {
		const key = `${method} ${route} ${status}`;
		counts[key] = (counts[key] ?? 0) + count;
	}
	return counts;
}

/** What is in the log and not in the rows. Fails for a row that the log does not have, or has less often. */
function missing(counted: Counts, logged: Counts, role: Role): number {
	for (const [key, count] of Object.entries(counted)) {
		assert.ok(count <= (logged[key] ?? 0), `${role} ${key}: ${count} counted, ${logged[key] ?? 0} logged`);
	}
	return Object.entries(logged).reduce((sum, [key, count]) => sum + count - (counted[key] ?? 0), 0);
}

/** Lets 64 connections talk over the network, and compares both ends' rows with what server and client logged. */
async function compare(context: TestContext, cgroup: string, network: BadNetwork): Promise<void> {
	const serverCgroup = makeCgroupBelow(cgroup, "server");
	const clientCgroup = makeCgroupBelow(cgroup, "client");
	const server = startWith(serverCgroup, network.serverPrefix, SERVER, network.host.replaceAll(/[[\]]/g, ""));
	const base = `http://${network.host}:${(await server.wrote(/^\d+$/m))[0]}`;
	const session = await watch(context, { cgroups: [serverCgroup, clientCgroup] });
	const words = [CLIENT, base, `${CONNECTIONS}`, `${REQUESTS_PER_CONNECTION}`];
	const client = await startWith(clientCgroup, network.clientPrefix, ...words).succeeded();
	const snapshot = await settled(session);
	await server.kill("SIGTERM");
	const logged = JSON.parse(server.stdout.split("\n")[1] ?? "") as Counts;
	assert.deepEqual(JSON.parse(client.stdout), logged);
	assert.equal(
		Object.values(logged).reduce((sum, count) => sum + count, 0),
		CONNECTIONS * REQUESTS_PER_CONNECTION,
	);
	const { requests, responses } = snapshot.losses;
	let missed = 0;
	for (const role of ROLES)
		missed += missing(countsOf(snapshot.endpoints.filter((row) => row.role === role)), logged, role);
	context.diagnostic(`${missed} missed of ${2 * CONNECTIONS * REQUESTS_PER_CONNECTION}; ${await network.describe()}`);
	context.diagnostic(`losses ${JSON.stringify(lossesOf(snapshot))}`);
	assert.ok(missed <= requests + responses, `${missed} missed, losses ${JSON.stringify(lossesOf(snapshot))}`);
	const retransmits = snapshot.peers.reduce((sum, row) => sum + row.retransmits, 0);
	assert.ok(retransmits > 0, "the network lost something");
	context.diagnostic(`${retransmits} segments sent again`);
}

test("exact at 1 % loss", { skip: skipReason }, async (context) => {
	await context.test("a cable with MTU 1500 that drops, segments one by one", async (inner) => {
		await compare(inner, makeLiveCgroup(inner), makeDroppingNetwork(inner, false));
	});

	await context.test("a cable that drops, segments 64 KB at a time", async (inner) => {
		await compare(inner, makeLiveCgroup(inner), makeDroppingNetwork(inner, true));
	});

	await context.test("a link that drops, doubles, delays and reorders", { skip: noRelayReason }, async (inner) => {
		const cgroup = makeLiveCgroup(inner);
		await compare(inner, cgroup, await makeRelayedNetwork(inner, makeCgroupBelow(cgroup, "relay")));
	});
});
