/** A capture session on real traffic, in a cgroup of the test's own. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { HttpeekError } from "../../src/base/errors.js";
import { OwnCgroup } from "../../src/capture/own-cgroup.js";
import { objectPath } from "../../src/capture/programs.js";
import { resolveScope } from "../../src/capture/scope.js";
import { type CaptureOptions, CaptureSession } from "../../src/capture/session.js";
import { ServiceNames } from "../../src/identity/service-names.js";
import type { EndpointRow, Snapshot } from "../../src/model/snapshot.js";
import { bpfDescriptors } from "../support/bpf-descriptors.js";
import { makeLiveCgroup } from "../support/live-cgroup.js";
import { until } from "../support/until.js";

const skip =
	process.getuid?.() !== 0
		? "loading programs takes root"
		: existsSync(objectPath())
			? false
			: `${objectPath()} is not built`;

/** Answers 404 under /missing, never under /hang, 200 elsewhere; prints its port. */
const SERVER = `
require("node:http").createServer((request, response) => {
	if (request.url.startsWith("/hang")) return;
	response.statusCode = request.url.startsWith("/missing") ? 404 : 200;
	response.end("hello");
}).listen(0, "127.0.0.1", function () { console.log(this.address().port); });
`;

/** Asks for each path given, one after another on one connection, then prints "done" and stays. */
const CLIENT = `
const http = require("node:http");
const [port, ...paths] = process.argv.slice(1);
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const next = () => {
	const path = paths.shift();
	if (path === undefined) return console.log("done");
	http.get({ agent, host: "127.0.0.1", port, path }, (response) => response.resume().on("end", next));
	if (path === "/hang") console.log("done");
};
next();
setInterval(() => {}, 1000);
`;

function start(cgroup: OwnCgroup, script: string, ...args: string[]): ChildProcess {
	const wrapped = cgroup.wrap(process.execPath, ["-e", script, ...args]);
	return spawn(wrapped.command, wrapped.args, { stdio: ["ignore", "pipe", "inherit"] });
}

async function firstLine(child: ChildProcess): Promise<string> {
	assert.ok(child.stdout);
	const [line] = await once(child.stdout, "data");
	return String(line).trim();
}

async function open(context: TestContext, options: Omit<CaptureOptions, "names">): Promise<CaptureSession> {
	const session = await CaptureSession.open({ ...options, names: new ServiceNames() });
	context.after(() => session.close());
	return session;
}

const ended = (snapshot: Snapshot): number => snapshot.endpoints.reduce((sum, row) => sum + row.count, 0);
const brief = (rows: readonly EndpointRow[]): string[] =>
	rows
		.map(({ role, method, route, status, outcome, count, inFlight }) =>
			[role, method, route, status, outcome, count, inFlight].join(" "),
		)
		.sort();

describe("capture session", { skip }, () => {
	test("counts both ends of every exchange, and what is still in flight", async (context) => {
		const cgroup = OwnCgroup.create("test", { parent: makeLiveCgroup(context) });
		const port = await firstLine(start(cgroup, SERVER));
		const session = await open(context, {
			scope: resolveScope({ cgroups: [cgroup.path] }),
			limits: { maxEndpoints: 100 },
		});
		await firstLine(start(cgroup, CLIENT, port, "/users/1", "/users/2", "/users/3", "/missing", "/hang"));
		const inFlight = (): number => session.read().endpoints.reduce((sum, row) => sum + row.inFlight, 0);
		await until(
			() => ended(session.read()) === 8 && inFlight() === 2,
			"four exchanges ended at both ends, one did not",
		);

		const snapshot = session.read();
		assert.deepEqual(brief(snapshot.endpoints), [
			"client GET /hang 0 in_flight 0 1",
			"client GET /missing 404 response 1 0",
			"client GET /users/:id 200 response 3 0",
			"server GET /hang 0 in_flight 0 1",
			"server GET /missing 404 response 1 0",
			"server GET /users/:id 200 response 3 0",
		]);
		for (const row of snapshot.endpoints) {
			assert.equal(row.service, "node", "the listener is older than the session, the client younger");
			assert.equal(row.port, Number(port));
			assert.equal(row.peer, row.role === "client" ? `127.0.0.1:${port}` : null);
			assert.equal(row.latency.count, row.count);
			assert.ok(row.count === 0 || (row.latency.sum > 0 && row.latency.sum < 60));
		}
		const { requests, responses, endpoints_other } = snapshot.losses;
		assert.deepEqual([requests, responses, endpoints_other], [0, 0, 0]);
		assert.equal(snapshot.facts.sockets_seeded, 1);
		assert.deepEqual(
			session.read().endpoints.map((row, i) => row === snapshot.endpoints[i]),
			snapshot.endpoints.map(() => true),
		);
	});

	test("a full table counts the rest under (other): totals stay exact", async (context) => {
		const cgroup = OwnCgroup.create("test", { parent: makeLiveCgroup(context) });
		const port = await firstLine(start(cgroup, SERVER));
		const session = await open(context, {
			scope: resolveScope({ cgroups: [cgroup.path] }),
			limits: { maxEndpoints: 4 },
		});
		const paths = Array.from(
			{ length: 50 },
			(_, i) => `/path-${String.fromCharCode(97 + (i % 26))}${i < 26 ? "a" : "b"}`,
		);
		await firstLine(start(cgroup, CLIENT, port, ...paths));
		await until(() => ended(session.read()) === 100, "all exchanges are in the rows");
		const { endpoints, losses } = session.read();
		assert.equal(endpoints.filter((row) => row.route !== "(other)").length, 4);
		const others = endpoints.filter((row) => row.route === "(other)").reduce((sum, row) => sum + row.count, 0);
		assert.equal(others, 96);
		assert.equal(losses.endpoints_other, 96);
	});

	test("a scope of processes looks at their sockets and at no others", async (context) => {
		const cgroup = OwnCgroup.create("test", { parent: makeLiveCgroup(context) });
		const [watched, other] = [start(cgroup, SERVER), start(cgroup, SERVER)];
		const [port, otherPort] = [await firstLine(watched), await firstLine(other)];
		const scope = resolveScope({ pids: [watched.pid ?? 0] });
		const session = await open(context, { scope, limits: { maxEndpoints: 100 } });
		await firstLine(start(cgroup, CLIENT, otherPort, "/b", "/b", "/b"));
		await firstLine(start(cgroup, CLIENT, port, "/a", "/a"));
		await until(() => ended(session.read()) >= 2, "the exchanges of the watched server are counted");
		assert.deepEqual(brief(session.read().endpoints), ["server GET /a 200 response 2 0"]);
	});

	test("a connection that is refused is a row of its own", async (context) => {
		const cgroup = OwnCgroup.create("test", { parent: makeLiveCgroup(context) });
		const session = await open(context, {
			scope: resolveScope({ cgroups: [cgroup.path] }),
			limits: { maxEndpoints: 10 },
		});
		start(cgroup, 'require("node:net").connect(1, "127.0.0.1").on("error", () => setInterval(() => {}, 1000))');
		await until(() => session.read().connections.length > 0, "the refused connection is counted");
		const row = { service: "node", role: "client", peer: "127.0.0.1:1", outcome: "refused", count: 1 };
		assert.deepEqual(session.read().connections, [row]);
	});

	test("a session that is closed, or fails half-way, leaves nothing in the kernel", async (context) => {
		const cgroup = makeLiveCgroup(context);
		const before = bpfDescriptors();
		const scope = { cgroups: [cgroup], pids: undefined, description: "test" };
		const limits = { maxEndpoints: 10 };
		const session = await open(context, { scope, limits });
		assert.ok(bpfDescriptors() > before);
		session.close();
		session.close();
		assert.equal(bpfDescriptors(), before);
		assert.throws(() => session.read(), /closed/);

		const gone = { ...scope, cgroups: [cgroup, join(cgroup, "gone")] };
		await assert.rejects(
			open(context, { scope: gone, limits }),
			(error) => error instanceof HttpeekError && error.code === "HTTPEEK_SCOPE_NOT_FOUND",
		);
		assert.equal(bpfDescriptors(), before);
	});
});
