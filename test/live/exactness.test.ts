/** Counts at full speed equal those of the load generator and of the server. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { CaptureSession } from "../../src/capture/session.js";
import type { EndpointRow, Role, Snapshot } from "../../src/model/snapshot.js";
import { connectionLines, countOf, lossesOf, settled, skipReason, watch } from "../support/capture.js";
import { isEmulated } from "../support/emulation.js";
import { makeLiveCgroup } from "../support/live-cgroup.js";
import { type Nginx, startNginx } from "../support/nginx.js";
import { run } from "../support/programs.js";

const COUNTING_CLIENT = new URL("../support/counting-client.js", import.meta.url).pathname;
const ROLES: readonly Role[] = ["client", "server"];
const SECONDS = 3;
/** For an answer: on an emulated machine 200 connections wait for seconds. */
const WRK_TIMEOUT = "60s";
const FEWEST_RESPONSES = isEmulated ? 100 : 1000;
/** On an emulated machine, for each place of the pipeline. */
const EMULATED_REQUESTS = 20;

interface Load {
	readonly name: string;
	readonly connections: number;
	readonly depth: number;
	/** A script for wrk: https://github.com/wg/wrk/blob/master/SCRIPTING */
	readonly lua: string;
	/** Every method, route and status that may be in a row. */
	readonly endpoints: readonly string[];
}

const LOADS: readonly Load[] = [
	{ name: "plain keep-alive", connections: 16, depth: 1, lua: 'wrk.path = "/ok"', endpoints: ["GET /ok 200"] },
	{
		name: "pipelined by 8",
		connections: 16,
		depth: 8,
		lua: `
			init = function() local one = wrk.format("GET", "/users/4711"); all = string.rep(one, 8) end
			request = function() return all end
		`,
		endpoints: ["GET /users/:id 200"],
	},
	{
		name: "GET, POST, PUT, HEAD with 204, 304, 404 and 200 KB",
		connections: 16,
		depth: 1,
		// wrk waits for a body after HEAD unless the status says that there is none
		lua: `
			local text = "GET /in-a-body HTTP/1.1\\r\\n\\r\\n"
			local i = 0
			init = function() requests = {
				wrk.format("GET", "/ok"), wrk.format("POST", "/users/17", nil, text), wrk.format("PUT", "/empty", nil, text),
				wrk.format("GET", "/missing"), wrk.format("HEAD", "/empty"), wrk.format("GET", "/same"),
				wrk.format("HEAD", "/same"), wrk.format("GET", "/big"),
			} end
			request = function() i = i % #requests + 1; return requests[i] end
		`,
		endpoints: [
			"GET /ok 200",
			"POST /users/:id 200",
			"PUT /empty 204",
			"GET /missing 404",
			"HEAD /empty 204",
			"GET /same 304",
			"HEAD /same 304",
			"GET /big 200",
		],
	},
	{
		name: "Connection: close, 200 connections",
		connections: 200,
		depth: 1,
		lua: 'wrk.path = "/ok"; wrk.headers["Connection"] = "close"',
		endpoints: ["GET /ok 200"],
	},
];

/** Adds to a script that wrk tells its count of each status as `status 404 12`. */
const TELL_STATUSES = `
	local threads = {}
	setup = function(thread) table.insert(threads, thread) end
	statuses = {}
	response = function(status) statuses[status] = (statuses[status] or 0) + 1 end
	done = function(summary)
		local sums = {}
		for _, thread in ipairs(threads) do
			for status, n in pairs(thread:get("statuses")) do sums[status] = (sums[status] or 0) + n end
		end
		for status, n in pairs(sums) do print(string.format("status %d %d", status, n)) end
		print(string.format("responses %d", summary.requests))
		local e = summary.errors
		print(string.format("errors %d", e.connect + e.read + e.write + e.timeout))
	end
`;

interface Told {
	readonly responses: number;
	readonly errors: number;
	readonly statuses: ReadonlyMap<number, number>;
}

/** Runs wrk on the cgroup's nginx. */
async function wrk(context: TestContext, cgroup: string, { port }: Nginx, load: Load): Promise<Told> {
	const folder = mkdtempSync(join(tmpdir(), "httpeek-wrk-"));
	context.after(() => rmSync(folder, { recursive: true }));
	const script = join(folder, "load.lua");
	writeFileSync(script, TELL_STATUSES + load.lua);
	const words = [
		"-t",
		"1",
		"-c",
		`${load.connections}`,
		"-d",
		`${SECONDS}s`,
		"--timeout",
		WRK_TIMEOUT,
		"-s",
		script,
		`http://127.0.0.1:${port}`,
	];
	const { stdout } = await run(cgroup, "wrk", words);
	const number = (name: string): number => Number(new RegExp(`^${name} (\\d+)$`, "m").exec(stdout)?.[1]);
	const statuses = [...stdout.matchAll(/^status (\d+) (\d+)$/gm)].map(
		([, status, count]) => [Number(status), Number(count)] as const,
	);
	return { responses: number("responses"), errors: number("errors"), statuses: new Map(statuses) };
}

/** Counted is what was told, and at most what was in flight at the end beyond it. */
function assertWithin(counted: number, told: number, inFlight: number, what: string): void {
	assert.ok(told <= counted && counted <= told + inFlight, `${what}: ${told} told, ${counted} counted`);
}

function label({ method, route, status }: EndpointRow): string {
	return `${method} ${route} ${status}`;
}

/** Nothing lost, nothing in flight, no endpoint that was not asked for. Requests without an answer are wrk's last. */
function assertClean(snapshot: Snapshot, load: Load): void {
	assert.deepEqual(lossesOf(snapshot), {});
	assert.deepEqual([...new Set(snapshot.endpoints.filter(({ status }) => status > 0).map(label))].sort(), [
		...new Set([...load.endpoints].sort()),
	]);
	const routes = new Set(load.endpoints.map((endpoint) => endpoint.replace(/ \d+$/, "")));
	for (const { method, route, outcome } of snapshot.endpoints) {
		assert.ok(routes.has(`${method} ${route}`), `${method} ${route} ${outcome} was never asked for`);
	}
}

/** Answers of nginx's access log by method, route and status; 499 is a client that had gone. */
function fromLog(lines: readonly string[]): Map<string, number> {
	const counts = new Map<string, number>();
	for (const line of lines) {
		const key = line.replace(/\/users\/\d+/, "/users/:id");
		if (!key.endsWith(" 499")) counts.set(key, (counts.get(key) ?? 0) + 1);
	}
	return counts;
}

async function prepare(context: TestContext): Promise<[string, Nginx, CaptureSession]> {
	const cgroup = makeLiveCgroup(context);
	const nginx = await startNginx(context, cgroup);
	return [cgroup, nginx, await watch(context, { cgroups: [cgroup] })];
}

test("wrk at full speed", { skip: skipReason }, async (context) => {
	for (const load of LOADS) {
		await context.test(load.name, async (inner) => {
			const [cgroup, nginx, session] = await prepare(inner);
			const told = await wrk(inner, cgroup, nginx, load);
			const snapshot = await settled(session);
			assert.ok(
				told.responses > FEWEST_RESPONSES && told.errors === 0,
				`${told.responses} responses, ${told.errors} errors`,
			);
			const inFlight = load.connections * load.depth;
			for (const role of ROLES) {
				const counted = countOf(snapshot, { role, outcome: "response" });
				assertWithin(counted, told.responses, inFlight, role);
				for (const [status, count] of told.statuses) {
					assertWithin(countOf(snapshot, { role, status }), count, inFlight, `${role} ${status}`);
				}
				inner.diagnostic(`${role}: wrk ${told.responses}, counted ${counted}`);
			}
			assertClean(snapshot, load);
			const logged = fromLog(await nginx.stop());
			for (const [key, count] of logged) {
				const rows = snapshot.endpoints.filter((row) => row.role === "server" && label(row) === key);
				const counted = rows.reduce((sum, row) => sum + row.count, 0);
				assert.ok(Math.abs(counted - count) <= inFlight, `${key}: nginx logged ${count}, ${counted} counted`);
			}
		});
	}
});

const FINISHED: readonly { name: string; connections: number; requests: number; depth: number; targets: string[] }[] = [
	{ name: "one at a time", connections: 16, requests: 5_000, depth: 1, targets: ["GET:/ok"] },
	{ name: "pipelined by 16", connections: 16, requests: 16_000, depth: 16, targets: ["GET:/ok", "HEAD:/users/1"] },
	{
		name: "everything mixed, HEAD with a length too",
		connections: 16,
		requests: 2_400,
		depth: 6,
		targets: [
			"GET:/ok",
			"HEAD:/ok",
			"POST:/users/17",
			"PUT:/empty",
			"GET:/missing",
			"HEAD:/missing",
			"HEAD:/big",
			"GET:/same",
			"GET:/big",
			"HEAD:/empty",
			"DELETE:/users/17",
		],
	},
];

test("a client that finishes what it begins: equal without margin", { skip: skipReason }, async (context) => {
	for (const { name, connections, depth, targets, ...usual } of FINISHED) {
		const requests = isEmulated ? depth * EMULATED_REQUESTS : usual.requests;
		await context.test(name, async (inner) => {
			const [cgroup, nginx, session] = await prepare(inner);
			const numbers = [nginx.port, connections, requests, depth].map(String);
			const { stdout } = await run(cgroup, process.execPath, [COUNTING_CLIENT, ...numbers, ...targets]);
			const snapshot = await settled(session);
			const told = new Map<string, number>(
				Object.entries(JSON.parse(stdout) as Record<string, number>).map(([key, count]) => [
					key.replace(/\/users\/\d+/, "/users/:id"),
					count,
				]),
			);
			for (const role of ROLES) {
				const rows = snapshot.endpoints.filter((row) => row.role === role);
				assert.deepEqual(new Map(rows.map((row) => [label(row), row.count])), told, role);
				assert.equal(countOf(snapshot, { role }), connections * requests);
			}
			assert.deepEqual(fromLog(await nginx.stop()), told);
			assert.deepEqual(lossesOf(snapshot), {});
			assert.deepEqual(connectionLines(snapshot.connections), []);
			assert.equal(snapshot.facts.not_http, 0);
		});
	}
});
