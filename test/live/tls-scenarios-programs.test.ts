/** TLS between programs as they are: proxies, two protocols at one port, forks, libraries loaded late. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { endpointLines, lossesOf, rowsOf, settled, skipReason, watch } from "../support/capture.js";
import { type Certificate, makeCertificate } from "../support/certificate.js";
import { makeLiveCgroup } from "../support/live-cgroup.js";
import { startNginx } from "../support/nginx.js";
import { OPENSSL } from "../support/openssl-python.js";
import { type Program, run, start } from "../support/programs.js";
import { allRead, letGo, startScript } from "../support/tls-scenarios.js";
import { until } from "../support/until.js";

const PROXY = `
import socket, threading
def copy(source, target):
    while data := source.recv(65536): target.sendall(data)
    target.shutdown(socket.SHUT_WR)
def serve(client):
    head = b""
    while not head.endswith(b"\\r\\n\\r\\n"): head += client.recv(1)
    host, port = head.split()[1].decode().rsplit(":", 1)
    server = socket.create_connection((host, int(port)))
    client.sendall(b"HTTP/1.1 200 OK\\r\\n\\r\\n")
    threading.Thread(target=copy, args=(server, client)).start(); copy(client, server)
listener = socket.create_server(("127.0.0.1", 0)); print(listener.getsockname()[1], flush=True)
while True: threading.Thread(target=serve, args=(listener.accept()[0],)).start()
`;

/** A server that speaks plain HTTP to whoever does not begin with a handshake, and TLS to others. */
const BOTH_AT_ONE_PORT = `
import socket, ssl, sys, threading
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); context.load_cert_chain(sys.argv[1])
def serve(client):
    if client.recv(1, socket.MSG_PEEK) == b"\\x16": client = context.wrap_socket(client, server_side=True)
    head = b""
    while not head.endswith(b"\\r\\n\\r\\n"): head += client.recv(1)
    client.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok"); client.close()
listener = socket.create_server(("127.0.0.1", 0)); print(listener.getsockname()[1], flush=True)
while True: threading.Thread(target=serve, args=(listener.accept()[0],)).start()
`;

const ASYNCIO = `
import asyncio, ssl, sys
for_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); for_server.load_cert_chain(sys.argv[1])
for_client = ssl.create_default_context(cafile=sys.argv[2])
async def serve(reader, writer):
    while line := await reader.readline():
        while await reader.readline() != b"\\r\\n": pass
        writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok"); await writer.drain()
    writer.close()
async def ask(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=for_client)
    for n in range(5):
        writer.write(b"GET /users/%d HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n" % n)
        await reader.readuntil(b"ok")
    writer.close(); await writer.wait_closed()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=for_server)
    port = server.sockets[0].getsockname()[1]
    print("ready", flush=True); sys.stdin.readline()
    await asyncio.gather(*[ask(port) for _ in range(50)])
asyncio.run(main())
`;

async function portOf(program: Program): Promise<number> {
	return Number((await program.wrote(/^\d+$/m))[0]);
}

const startPython = (cgroup: string, script: string, { both }: Certificate): Program =>
	start(cgroup, "python3", ["-c", script, both]);

test("programs that speak TLS", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const certificate = makeCertificate(context);

	await context.test("curl through a proxy: CONNECT in the clear, then TLS in the tunnel", async (inner) => {
		const session = await watch(inner, { cgroups: [cgroup] }, { isTlsRead: true });
		const nginx = await startNginx(inner, cgroup, certificate);
		await allRead(session, cgroup);
		const proxy = await portOf(startPython(cgroup, PROXY, certificate));
		const ask = ["-sf", "--http1.1", "--cacert", certificate.chain, "-x", `http://127.0.0.1:${proxy}`];
		await run(cgroup, "curl", [...ask, `https://127.0.0.1:${nginx.port}/ok`, `https://127.0.0.1:${nginx.port}/big`]);
		const snapshot = await settled(session);
		const lines = (tls: boolean, role: "client" | "server"): string[] => endpointLines(rowsOf(snapshot, { tls, role }));
		assert.deepEqual(lines(false, "server"), ["server CONNECT :authority 200 response 1"]);
		assert.deepEqual(lines(false, "client"), ["client CONNECT :authority 200 response 1"]);
		assert.deepEqual(lines(true, "server"), ["server GET /big 200 response 1", "server GET /ok 200 response 1"]);
		assert.ok(rowsOf(snapshot, { tls: true, role: "client" }).every(({ peer }) => peer === `127.0.0.1:${proxy}`));
		assert.deepEqual(lossesOf(snapshot), {});
	});

	await context.test("plain HTTP and TLS at the same port", async (inner) => {
		const session = await watch(inner, { cgroups: [cgroup] }, { isTlsRead: true });
		const server = startPython(cgroup, BOTH_AT_ONE_PORT, certificate);
		const port = await portOf(server);
		for (const scheme of ["http", "https", "http", "https", "https"]) {
			await run(cgroup, "curl", ["-sf", "--cacert", certificate.chain, `${scheme}://127.0.0.1:${port}/a`]);
		}
		const snapshot = await settled(session);
		const of = (tls: boolean): string[] => endpointLines(rowsOf(snapshot, { tls, role: "server" }));
		assert.deepEqual(of(false), ["server GET /a 200 response 2"]);
		assert.deepEqual(of(true), ["server GET /a 200 response 3"]);
		assert.deepEqual(lossesOf(snapshot), {});
		await server.kill();
	});

	await context.test("asyncio: 50 connections at the same time, both ends in one thread", async (inner) => {
		const session = await watch(inner, { cgroups: [cgroup] }, { isTlsRead: true });
		const program = startScript(cgroup, ASYNCIO, [certificate.both, certificate.chain]);
		await letGo(program, session, "openssl");
		await program.succeeded();
		const snapshot = await settled(session);
		assert.deepEqual(endpointLines(snapshot.endpoints), [
			"client GET /users/:id 200 response 250",
			"server GET /users/:id 200 response 250",
		]);
		assert.deepEqual(lossesOf(snapshot), {});
		assert.equal(snapshot.facts.tls_unread, 0);
	});

	await context.test("the library is loaded long after the process has made its first socket", async (inner) => {
		const session = await watch(inner, { cgroups: [cgroup] }, { isTlsRead: true });
		// it is looked at 6 and then 15 seconds after its start: in between, nothing but its next socket tells of the library
		const before = `
import socket, sys, time
socket.socket().close(); time.sleep(7)`;
		const after = "\nsocket.socket().close(); ready()\nclient, server = ends(); exchange(client, server, b'/a')";
		const program = startScript(cgroup, before + OPENSSL + after, [certificate.both]);
		await program.wrote(/ready/);
		const loadedAt = performance.now();
		await letGo(program, session, "openssl");
		assert.ok(performance.now() - loadedAt < 5000, "found by its socket");
		await program.succeeded();
		const snapshot = await settled(session);
		assert.deepEqual(endpointLines(snapshot.endpoints), [
			"client GET /a 200 response 1",
			"server GET /a 200 response 1",
		]);
	});

	await context.test("a child that is forked after accept serves: counted or named as not read", async (inner) => {
		const session = await watch(inner, { cgroups: [cgroup] }, { isTlsRead: true });
		const script = `
ready(); used = context(); listener = socket.create_server(("127.0.0.1", 0))
for _ in range(5):
    client = socket.create_connection(listener.getsockname()); server = listener.accept()[0]
    if not (child := os.fork()):
        client.close(); end = End(used, server, True); shake(end)
        for _ in range(3): take(end, len(get(b"/a"))); put(end, OK)
        os._exit(0)
    server.close(); end = End(used, client, False); shake(end)
    for _ in range(3): put(end, get(b"/a")); take(end, len(OK))
    end.close(); assert os.waitpid(child, 0)[1] == 0`;
		const program = startScript(cgroup, OPENSSL + script, [certificate.both]);
		await letGo(program, session, "openssl");
		await program.succeeded();
		const snapshot = await settled(session);
		assert.deepEqual(endpointLines(rowsOf(snapshot, { role: "client" })), ["client GET /a 200 response 15"]);
		const counted = rowsOf(snapshot, { role: "server" }).reduce((sum, { count }) => sum + count, 0);
		const unread = snapshot.facts.tls_unread ?? 0;
		assert.ok(unread >= 5 - counted && counted <= 15, `${counted} counted, ${unread} connections not read`);
		assert.deepEqual(lossesOf(snapshot), {});
	});

	await context.test("a child that is forked after the handshake serves: named as not read", async (inner) => {
		const others = makeLiveCgroup(inner);
		for (const parent of ["frees its copy", "keeps its copy"]) {
			const session = await watch(inner, { cgroups: [cgroup] }, { isTlsRead: true });
			const script = `
ready(); used = context(); listener = socket.create_server(("127.0.0.1", 0)); kept = []
print("port", listener.getsockname()[1], flush=True)
for _ in range(5):
    end = End(used, listener.accept()[0], True)
    while not end.shake(): select.select([end.sock], [], [])
    closed, closing = os.pipe()
    if not (child := os.fork()):
        os.close(closing); os.read(closed, 1); data = b""
        while not data.endswith(b"\\r\\n\\r\\n"): data += end.read(1000)
        put(end, OK); end.bye(); os._exit(0)
    ${parent === "keeps its copy" ? "end.sock.close(); kept.append(end)" : "end.close()"}
    os.close(closing); assert os.waitpid(child, 0)[1] == 0`;
			const program = startScript(cgroup, OPENSSL + script, [certificate.both]);
			await letGo(program, session, "openssl");
			const [, port] = await program.wrote(/port (\d+)/);
			for (let i = 0; i < 5; i++) await run(others, "curl", ["-skf", `https://127.0.0.1:${port}/a`]);
			await program.succeeded();
			const snapshot = await settled(session);
			assert.deepEqual(endpointLines(snapshot.endpoints), [], parent);
			assert.equal(snapshot.facts.tls_unread, 5, `the parent ${parent}`);
			assert.deepEqual(lossesOf(snapshot), {});
		}
	});

	await context.test("children that were forked before are found and read", async (inner) => {
		const session = await watch(inner, { cgroups: [cgroup] }, { isTlsRead: true });
		const script = `
ready(); used = context(); listener = socket.create_server(("127.0.0.1", 0)); children = []
for _ in range(3):
    if not (child := os.fork()):
        while True:
            end = End(used, listener.accept()[0], True)
            try:
                shake(end)
                while True: take(end, len(get(b"/a"))); put(end, OK)
            except EOFError: end.close()
    children.append(child)
print("forked", flush=True)
while sys.stdin.readline().strip() != "end":
    end = End(used, socket.create_connection(listener.getsockname()), False); shake(end)
    put(end, get(b"/a")); take(end, len(OK)); end.bye(); end.close(); print("asked", flush=True)
for child in children: os.kill(child, 9); os.waitpid(child, 0)`;
		const program = startScript(cgroup, OPENSSL + script, [certificate.both]);
		await letGo(program, session, "openssl");
		await program.wrote(/forked/);
		const count = (role: "client" | "server"): number =>
			rowsOf(session.read(), { role }).reduce((sum, row) => sum + row.count, 0);
		let asked = 0;
		const ask = async (): Promise<void> => {
			program.child.stdin?.write("\n");
			asked++;
			await program.wrote(new RegExp(`(asked\\s+){${asked}}`));
		};
		// until they are: nothing else tells when that is
		while (count("server") === 0 && asked < 200) await ask();
		await until(() => count("client") === asked, "the client is read");
		const missed = asked - count("server");
		for (let i = 0; i < 30; i++) await ask();
		program.child.stdin?.write("end\n");
		await program.succeeded();
		const snapshot = await settled(session);
		assert.equal(count("client"), asked);
		assert.ok(count("server") >= 10, `${count("server")} of ${asked}, ${missed} before they were found`);
		assert.deepEqual(lossesOf(snapshot), {});
	});
});
