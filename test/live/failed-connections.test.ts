/** Connections that fail, and real programs that give up: curl, in a network of the test's own. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { formatLines } from "../../src/sinks/lines.js";
import { connectionLines, endpointLines, lossesOf, skipReason, watch } from "../support/capture.js";
import { makeLiveCgroup } from "../support/live-cgroup.js";
import { makeNetworkNamespace } from "../support/network-namespace.js";
import { freePort, start } from "../support/programs.js";
import { until } from "../support/until.js";

/** Exit codes of curl: https://curl.se/docs/manpage.html#EXIT */
const CURL = { couldNotConnect: 7, timedOut: 28, gotNothing: 52 };

/** Runs curl, in a network namespace where a prefix is given, and returns its exit code. */
async function curl(cgroup: string, prefix: readonly string[], ...args: string[]): Promise<number | null> {
	const [command = "curl", ...words] = [...prefix, "curl", "-s", "-o", "/dev/null", ...args];
	return (await start(cgroup, command, words).ended).code;
}

interface Watched {
	readonly cgroup: string;
	readonly prefix: readonly string[];
	/** Waits for these connection rows, and that there are no others and no exchanges. Returns them as `lines` prints. */
	readonly expect: (...rows: string[]) => Promise<string>;
}

async function prepare(context: TestContext): Promise<Watched> {
	const cgroup = makeLiveCgroup(context);
	const { prefix } = makeNetworkNamespace(context);
	const session = await watch(context, { cgroups: [cgroup] });
	return {
		cgroup,
		prefix,
		expect: async (...rows) => {
			const seen = (): string[] => connectionLines(session.read().connections);
			await until(() => seen().join() === rows.join(), "the rows are there").catch(() => undefined);
			assert.deepEqual(seen(), rows);
			const snapshot = session.read();
			assert.deepEqual(endpointLines(snapshot.endpoints), []);
			assert.deepEqual(lossesOf(snapshot), {});
			return formatLines(snapshot);
		},
	};
}

test("connections that fail", { skip: skipReason }, async (context) => {
	await context.test("refused: nobody listens", async (inner) => {
		const { cgroup, expect } = await prepare(inner);
		const port = await freePort();
		for (let i = 0; i < 3; i++) assert.equal(await curl(cgroup, [], `http://127.0.0.1:${port}/`), CURL.couldNotConnect);
		assert.equal(await curl(cgroup, [], `http://[::1]:${port}/`), CURL.couldNotConnect);
		await expect(`client 127.0.0.1:${port} refused 3`, `client [::1]:${port} refused 1`);
	});

	await context.test("timeout: the caller gives up, and the kernel does", async (inner) => {
		const { cgroup, prefix, expect } = await prepare(inner);
		const byCaller = [0, 1].map(() => curl(cgroup, prefix, "-m", "0.5", "http://10.9.1.1/"));
		const byKernel = curl(cgroup, prefix, "http://10.9.1.1/");
		assert.deepEqual(await Promise.all([...byCaller, byKernel]), [CURL.timedOut, CURL.timedOut, CURL.timedOut]);
		assert.equal(await expect("client 10.9.1.1:80 timeout 3"), "Endpoint: timeout, Status Code: 0, Count: 3\n");
	});

	await context.test("unreachable: a blackhole, a route that says so, and no route", async (inner) => {
		const { cgroup, prefix, expect } = await prepare(inner);
		for (const address of ["10.9.2.1", "10.9.3.1", "10.8.0.1"]) {
			assert.equal(await curl(cgroup, prefix, "-m", "5", `http://${address}/`), CURL.couldNotConnect, address);
		}
		await expect(
			"client 10.8.0.1:80 unreachable 1",
			"client 10.9.2.1:80 unreachable 1",
			"client 10.9.3.1:80 unreachable 1",
		);
	});
});

/** Answers nothing under /never, closes at once under /close, waits for data before it accepts. */
const SERVER = `
import socket, sys, threading
listener = socket.create_server(("127.0.0.1", 0))
if len(sys.argv) > 1: listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 5)
print(listener.getsockname()[1], flush=True)
def serve(connection):
    head = b""
    while b"\\r\\n\\r\\n" not in head:
        piece = connection.recv(4096)
        if not piece: return
        head += piece
    if b" /close" in head: return connection.close()
    if b" /never" not in head: connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")
    connection.recv(4096)
    connection.close()
while True: threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
`;

test("curl gives up, or gets nothing", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const server = start(cgroup, "python3", ["-c", SERVER]);
	const url = `http://127.0.0.1:${(await server.wrote(/\d+/))[0]}`;
	const session = await watch(context, { cgroups: [cgroup] });
	assert.equal(await curl(cgroup, [], "-m", "0.3", `${url}/never`), CURL.timedOut);
	assert.equal(await curl(cgroup, [], `${url}/close`), CURL.gotNothing);
	const rows = [
		"client GET /close 0 server_closed 1",
		"client GET /never 0 client_closed 1",
		"server GET /close 0 server_closed 1",
		"server GET /never 0 client_closed 1",
	];
	const seen = (): string[] => endpointLines(session.read().endpoints);
	await until(() => seen().join() === rows.join(), "the rows are there").catch(() => undefined);
	assert.deepEqual(seen(), rows);
	const snapshot = session.read();
	assert.match(formatLines(snapshot), /^Endpoint: \/never, Status Code: 0, Count: 1$/m);
	assert.deepEqual(connectionLines(snapshot.connections), []);
	assert.deepEqual(lossesOf(snapshot), {});
});

test("data on the last ACK of the handshake is the first request", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const server = start(cgroup, "python3", ["-c", SERVER, "defer"]);
	const port = (await server.wrote(/\d+/))[0];
	const session = await watch(context, { cgroups: [cgroup] });
	for (let i = 0; i < 5; i++) assert.equal(await curl(cgroup, [], `http://127.0.0.1:${port}/first`), 0);
	const rows = ["client GET /first 200 response 5", "server GET /first 200 response 5"];
	const seen = (): string[] => endpointLines(session.read().endpoints);
	await until(() => seen().join() === rows.join(), "the rows are there").catch(() => undefined);
	assert.deepEqual(seen(), rows);
	assert.deepEqual(lossesOf(session.read()), {});
	assert.equal(session.read().facts.connections, 10);
});
