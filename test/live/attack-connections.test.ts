/** Connections in numbers, and such as never get to the point. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import {
	connectionLines,
	countOf,
	endpointLines,
	inFlightOf,
	lossesOf,
	settled,
	skipReason,
	watch,
} from "../support/capture.js";
import { makeLiveCgroup } from "../support/live-cgroup.js";
import { start } from "../support/programs.js";
import { until } from "../support/until.js";

const CONNECTIONS = 50_000;
const MOST_PROCESSES = 10;
const POLL_MS = 20;
/** Both ends are in one process; some descriptors are its own. */
const MOST_PER_PROCESS = Math.min(10_000, Math.floor((openFilesLimit() - 100) / 2));
const PROCESSES = Math.min(MOST_PROCESSES, Math.ceil(CONNECTIONS / MOST_PER_PROCESS));
const PER_PROCESS = Math.floor(Math.min(MOST_PER_PROCESS, CONNECTIONS / PROCESSES));

function openFilesLimit(): number {
	return Number(execFileSync("sh", ["-c", "ulimit -Hn"], { encoding: "utf8" }).replace("unlimited", "1000000"));
}

/** Opens so many connections to itself, asks once on each, and holds them until a line comes in; then closes them. */
const HOLDER = `
import resource, socket, sys
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
listener = socket.create_server(("127.0.0.1", 0), backlog=64)
pairs = []
for _ in range(int(sys.argv[1])):
    client = socket.create_connection(listener.getsockname())
    pairs.append((client, listener.accept()[0]))
print("open", flush=True)
sys.stdin.readline()
for client, server in pairs: client.send(b"GET /held HTTP/1.1\\r\\n\\r\\n")
print("asked", flush=True)
sys.stdin.readline()
for client, server in pairs: server.recv(100), server.send(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n"), client.recv(100)
print("answered", flush=True)
sys.stdin.readline()
for client, server in pairs: client.close(), server.close()
print("closed", flush=True)
`;

test("50,000 connections at once", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const session = await watch(context, { cgroups: [cgroup] });
	const holders = Array.from({ length: PROCESSES }, () =>
		start(cgroup, "python3", ["-c", HOLDER, String(PER_PROCESS)], { stdio: ["pipe", "pipe", "pipe"] }),
	);
	const all = PROCESSES * PER_PROCESS;
	context.diagnostic(`${all} connections in ${PROCESSES} processes`);
	const reach = async (word: string): Promise<void> => {
		const said = new RegExp(`^${word}$`, "m");
		// as long as it takes on a busy machine; a program that hangs is ended, and wrote() says so
		while (holders.some((holder) => holder.isRunning && !said.test(holder.stdout))) await delay(POLL_MS);
		await Promise.all(holders.map((holder) => holder.wrote(said)));
		for (const holder of holders) holder.child.stdin?.write("\n");
	};

	await reach("open");
	assert.equal(session.read().facts.connections, 2 * all);
	await reach("asked");
	await until(() => countOf(session.read()) > 0 || inFlightOf(session.read()) > 0, "requests are seen");
	await reach("answered");
	const answered = session.read();
	for (const role of ["client", "server"] as const) assert.equal(countOf(answered, { role, status: 200 }), all);
	assert.equal(inFlightOf(answered), 0);
	await Promise.all(holders.map((holder) => holder.succeeded()));

	const last = await settled(session);
	assert.equal(countOf(last), 2 * all);
	assert.deepEqual(connectionLines(last.connections), []);
	assert.deepEqual(lossesOf(last), {});
	const sum = (of: "established" | "ended") => last.peers.reduce((total, row) => total + row[of], 0);
	assert.deepEqual([sum("established"), sum("ended")], [2 * all, 2 * all]);
});

/**
 * Sends a head over each of so many connections one byte at a time, all in turn. Every other connection goes away before
 * the last byte; the rest is answered, and asks again in one piece.
 */
const DRIPPER = `
import socket, sys
HEAD = b"GET /drip HTTP/1.1\\r\\nHost: a\\r\\nX-Long: abcdefghijklmnop\\r\\nContent-Length: 0\\r\\n\\r\\n"
ANSWER = b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n"
listener = socket.create_server(("127.0.0.1", 0), backlog=64)
pairs = []
for _ in range(int(sys.argv[1])):
    client = socket.create_connection(listener.getsockname())
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    pairs.append((client, listener.accept()[0]))
for at in range(len(HEAD) - 1):
    for client, server in pairs: client.send(HEAD[at:at + 1])
print("dripped", flush=True)
sys.stdin.readline()
for client, server in pairs[::2]: client.close(), server.close()
for client, server in pairs[1::2]:
    for text in [HEAD[-1:], b"GET /again HTTP/1.1\\r\\n\\r\\n"]:
        client.send(text), server.recv(1000), server.send(ANSWER), client.recv(1000)
`;

test("400 heads that come a byte at a time, of which half never end", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const session = await watch(context, { cgroups: [cgroup] });
	const dripper = start(cgroup, "python3", ["-c", DRIPPER, "400"], { stdio: ["pipe", "pipe", "pipe"] });
	await dripper.wrote(/dripped/);
	assert.deepEqual(endpointLines(session.read().endpoints), [], "no head is complete");
	dripper.child.stdin?.write("\n");
	await dripper.succeeded();
	const snapshot = await settled(session);
	assert.deepEqual(
		endpointLines(snapshot.endpoints),
		["client", "server"].flatMap((role) => [
			`${role} GET /again 200 response 200`,
			`${role} GET /drip 200 response 200`,
		]),
	);
	assert.deepEqual(lossesOf(snapshot), {});
});
