/** Whose traffic it is: names of services, sockets that are older than httpeek, and scopes. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { connectionLines, countOf, endpointLines, rowsOf, settled, skipReason, watch } from "../support/capture.js";
import { Conversation, client, Peer, server } from "../support/conversation.js";
import { makeLiveCgroup } from "../support/live-cgroup.js";
import { makeCgroupBelow, run, start } from "../support/programs.js";
import { until } from "../support/until.js";

/** Answers every request with its own pid; with an argument, four forked children answer from the parent's listener. */
const SERVER = `
import http.server, os, socket, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *words): pass
    def do_GET(self):
        body = b"%d" % os.getpid()
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers()
        self.wfile.write(body)
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
prefork = len(sys.argv) > 1
if prefork and all([os.fork() for _ in range(4)]):
    open("/proc/self/comm", "w").write("the-master")
    print(server.server_port, flush=True)
    time.sleep(1000)
if prefork: open("/proc/self/comm", "w").write("a-worker")
else: print(server.server_port, flush=True)
server.serve_forever()
`;

const OK = server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");

async function startServer(cgroup: string, ...words: string[]): Promise<[pid: number, base: string, port: number]> {
	const program = start(cgroup, "python3", ["-c", SERVER, ...words]);
	const port = Number((await program.wrote(/^\d+$/m))[0]);
	return [program.pid, `http://127.0.0.1:${port}`, port];
}

async function curl(cgroup: string, url: string): Promise<string> {
	return (await run(cgroup, "curl", ["-s", url])).stdout;
}

const TOKEN = randomBytes(32).toString("hex");
const CGROUPS = [
	{ cgroup: "plain", service: "python3" },
	{ cgroup: "shop.service", service: "shop.service" },
	{ cgroup: `docker-${TOKEN}.scope`, service: TOKEN.slice(0, 12) },
];

test("names", { skip: skipReason }, async (context) => {
	for (const isOlder of [true, false]) {
		for (const { cgroup: name, service } of CGROUPS) {
			const age = isOlder ? "older than httpeek" : "younger";
			await context.test(`${name.slice(0, 20)}, ${age}, asked by a curl that has ended`, async (inner) => {
				const parent = makeLiveCgroup(inner);
				const cgroup = makeCgroupBelow(parent, name);
				const clients = makeCgroupBelow(parent, "clients");
				const older = isOlder ? await startServer(cgroup) : undefined;
				const session = await watch(inner, { cgroups: [parent] });
				const [, base] = older ?? (await startServer(cgroup));
				await curl(clients, `${base}/a`);
				const { endpoints } = await settled(session);
				const names = endpoints.map((row) => `${row.role} ${row.service} ${row.count}`).sort();
				assert.deepEqual(names, ["client curl 1", `server ${service} 1`]);
			});
		}
	}

	await context.test("a prefork server is one service, whichever child answers", async (inner) => {
		const cgroup = makeLiveCgroup(inner);
		const session = await watch(inner, { cgroups: [cgroup] });
		const [master, base] = await startServer(cgroup, "prefork");
		const answeredBy = new Set(await Promise.all(Array.from({ length: 40 }, () => curl(cgroup, `${base}/a`))));
		assert.ok(!answeredBy.has(String(master)));
		const rows = rowsOf(await settled(session), { role: "server" });
		assert.deepEqual(endpointLines(rows), ["server GET /a 200 response 40"]);
		assert.ok(
			rows.every(({ service }) => !service.includes("worker")),
			String(rows[0]?.service),
		);
	});

	await context.test("a client that fails to connect and ends has its name", async (inner) => {
		const cgroup = makeLiveCgroup(inner);
		const session = await watch(inner, { cgroups: [cgroup] });
		assert.equal((await start(cgroup, "curl", ["-s", "http://127.0.0.1:1/"]).ended).code, 7);
		await until(() => session.read().connections.length > 0, "the row is there");
		assert.deepEqual(connectionLines(session.read().connections), ["client 127.0.0.1:1 refused 1"]);
		assert.equal(session.read().connections[0]?.service, "curl");
	});
});

test("connections that are older than httpeek", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const service = makeCgroupBelow(cgroup, "shop.service");
	const [clientPeer, serverPeer] = [await Peer.start(cgroup), await Peer.start(service)];
	const idle = await Conversation.open(clientPeer, serverPeer);
	const waiting = await Conversation.connect(clientPeer, serverPeer, idle.port);
	await idle.play([client("GET /before HTTP/1.1\r\n\r\n"), OK]);
	await waiting.play([client("GET /at-the-start HTTP/1.1\r\n\r\n")]);
	const session = await watch(context, { cgroups: [cgroup] });
	assert.equal(session.seeding.seeded, 5, "the listener, and both ends of two connections");
	await waiting.play([OK, client("GET /next HTTP/1.1\r\n\r\n"), OK]);
	await idle.play([client("GET /after HTTP/1.1\r\n\r\nGET /after HTTP/1.1\r\n\r\n"), OK, OK]);
	const younger = await Conversation.connect(clientPeer, serverPeer, idle.port);
	await younger.play([client("GET /young HTTP/1.1\r\n\r\n"), OK]);

	const snapshot = await settled(session);
	const rows = ["GET /after 200 response 2", "GET /next 200 response 1", "GET /young 200 response 1"];
	assert.deepEqual(endpointLines(rowsOf(snapshot, { role: "server", service: "shop.service" })), [
		...rows.map((row) => `server ${row}`),
	]);
	assert.deepEqual(endpointLines(rowsOf(snapshot, { role: "client", service: "node" })), [
		...rows.map((row) => `client ${row}`),
	]);
	assert.equal(snapshot.endpoints.length, 6);
	assert.equal(snapshot.losses.requests, 0);
	assert.equal(snapshot.facts.adopted, 4);
});

test("scopes", { skip: skipReason }, async (context) => {
	await context.test("a process and its children, not another in the same cgroup", async (inner) => {
		const cgroup = makeLiveCgroup(inner);
		const [pid, base, port] = await startServer(cgroup, "prefork");
		const [, otherBase] = await startServer(cgroup);
		const session = await watch(inner, { pids: [pid] });
		for (const url of [base, otherBase, base]) await curl(cgroup, `${url}/a`);
		const { endpoints } = await settled(session);
		assert.deepEqual(endpointLines(endpoints), ["server GET /a 200 response 2"]);
		assert.equal(endpoints[0]?.port, port);
	});

	await context.test("a child that a process starts later, from the next look on", async (inner) => {
		const cgroup = makeLiveCgroup(inner);
		const [, base] = await startServer(cgroup);
		const child = `echo born; read go; exec curl -s ${base}/child`;
		const shell = start(cgroup, "sh", ["-c", `read go; sh -c '${child}'; true`], { stdio: ["pipe", "pipe", "pipe"] });
		const session = await watch(inner, { pids: [shell.pid] });
		shell.child.stdin?.write("go\n");
		await shell.wrote(/born/);
		session.read();
		await curl(cgroup, `${base}/other`);
		shell.child.stdin?.end("go\n");
		await shell.succeeded();
		const { endpoints } = await settled(session);
		assert.deepEqual(endpointLines(endpoints), ["client GET /child 200 response 1"]);
	});

	await context.test("a cgroup twice, and one inside another, count once", async (inner) => {
		const cgroup = makeLiveCgroup(inner);
		const below = makeCgroupBelow(cgroup, "below");
		const [, base] = await startServer(below);
		const session = await watch(inner, { cgroups: [below, cgroup, cgroup] });
		await curl(below, `${base}/a`);
		const snapshot = await settled(session);
		assert.deepEqual(endpointLines(snapshot.endpoints), [
			"client GET /a 200 response 1",
			"server GET /a 200 response 1",
		]);
	});

	await context.test("a cgroup inside of which another session counts, too", async (inner) => {
		const cgroup = makeLiveCgroup(inner);
		const [, base] = await startServer(cgroup);
		const sessions = [await watch(inner, { cgroups: [cgroup] }), await watch(inner, { cgroups: [cgroup] })];
		await curl(cgroup, `${base}/a`);
		for (const session of sessions) assert.equal(countOf(await settled(session)), 2);
	});

	await context.test("a process that has moved to another cgroup is still watched where it went", async (inner) => {
		const cgroup = makeLiveCgroup(inner);
		const [from, to] = [makeCgroupBelow(cgroup, "from"), makeCgroupBelow(cgroup, "to")];
		const [pid, base] = await startServer(from);
		const session = await watch(inner, { cgroups: [cgroup] });
		await curl(cgroup, `${base}/a`);
		writeFileSync(join(to, "cgroup.procs"), String(pid));
		await curl(cgroup, `${base}/a`);
		assert.equal(countOf(await settled(session), { role: "server" }), 2);
	});
});
