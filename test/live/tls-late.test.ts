/**
 * Processes whose library is hooked after their handshake: their objects hold the ClientHello's random when they are first
 * seen, and both ends of a connection may. A child that is forked without exec is found by a look only, so its handshake
 * is over by then.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isKernelSince, PACKET_PROCESS_SINCE } from "../../src/capture/programs.js";
import { lossesOf, rowsOf, settled, skipReason, watch } from "../support/capture.js";
import { makeCertificate } from "../support/certificate.js";
import { makeLiveCgroup } from "../support/live-cgroup.js";
import { MEMORY } from "../support/memory-python.js";
import { OPENSSL } from "../support/openssl-python.js";
import { allRead, letGo, startScript } from "../support/tls-scenarios.js";

/** `fork(work)` is a child; `work` calls `shaken()` when it has shaken hands, which waits until all processes are read. */
const CHILDREN = `
children, ends, (told, telling), (going, go) = [], 0, os.pipe(), os.pipe()
def fork(work, is_end=True):
    global ends
    ends += is_end
    if child := os.fork(): children.append(child); return
    os.close(go); work(); os._exit(0)
def shaken():
    os.write(telling, b"."); os.read(going, 1)
def finish():
    for _ in range(ends): os.read(told, 1)
    print("shaken", flush=True); sys.stdin.readline(); os.close(go)
    for child in children: assert os.waitpid(child, 0)[1] == 0
`;

interface LateScenario {
	readonly name: string;
	readonly prelude: string;
	readonly script: string;
	readonly connections: number;
	/** Connections that nobody in the scope reads. */
	readonly unread?: number;
}

/** Exchanges of each connection. */
const EACH = 3;

/** For libraries that write to memory: an end shakes hands, and reads, all by itself. */
const ALONE = `
def shake_one(end):
    while not end.is_done: end.fill(); end.work(); end.flush()
def read(end, n):
    got = b""
    while len(got) < n: select.select([end.sock], [], []); end.fill(); got += end.read(1000)
def serve(end):
    shake_one(end); shaken()
    for _ in range(${EACH}): read(end, len(get(b"/a"))); end.write(OK); end.flush()
def call_it(end):
    shake_one(end); shaken()
    for _ in range(${EACH}): end.write(get(b"/a")); end.flush(); read(end, len(OK))
`;

/**
 * Older kernels do not tell packets' programs who sends. What could be either end is not read then, or once its thread has sent:
 * the first exchange may be missing.
 */
const isProcessKnown = isKernelSince(PACKET_PROCESS_SINCE);

const SCENARIOS: readonly LateScenario[] = [
	{
		name: "both ends, each in a process of its own, which writes to its sockets by itself",
		prelude: OPENSSL,
		script: `
ready(); used = context(); listener = socket.create_server(("127.0.0.1", 0))
def serve(sock):
    end = End(used, sock, True); shake(end); shaken(); select.select([sock], [], [])
    for _ in range(${EACH}): take(end, len(get(b"/a"))); put(end, OK)
def call_it(sock):
    end = End(used, sock, False); shake(end); shaken()
    for _ in range(${EACH}): put(end, get(b"/a")); take(end, len(OK))
for _ in range(5):
    client, server = sockets(listener)
    fork(lambda: (client.close(), serve(server))); fork(lambda: (server.close(), call_it(client)))
    client.close(); server.close()
finish()`,
		connections: 5,
	},
	{
		name: "both ends, each in a process of its own, whose library writes to memory",
		prelude: MEMORY + ALONE,
		script: `
ready()
for pair in [Pair(n) for n in range(5)]:
    fork(lambda: (pair.client.sock.close(), serve(pair.server)))
    fork(lambda: (pair.server.sock.close(), call_it(pair.client)))
    pair.client.sock.close(); pair.server.sock.close()
finish()`,
		connections: 5,
	},
	{
		name: "through a proxy, which is in scope itself",
		prelude: MEMORY + ALONE,
		script: `
def relay(accepted):
    head = b""
    while not head.endswith(b"\\r\\n\\r\\n"): head += accepted.recv(1)
    behind = socket.create_connection(origin.getsockname()); accepted.sendall(b"HTTP/1.1 200 OK\\r\\n\\r\\n")
    while True:
        for source in select.select([accepted, behind], [], [])[0]:
            data = source.recv(65536)
            if not data: return
            (behind if source is accepted else accepted).sendall(data)
def call_through(sock):
    sock.sendall(b"CONNECT localhost:443 HTTP/1.1\\r\\n\\r\\n"); head = b""
    while not head.endswith(b"\\r\\n\\r\\n"): head += sock.recv(1)
    call_it(End(for_client, sock, False))
ready(); proxy, origin = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
client = socket.create_connection(proxy.getsockname()); accepted = proxy.accept()[0]
print("peer", proxy.getsockname()[1], flush=True)
fork(lambda: (client.close(), relay(accepted)), False)
fork(lambda: (accepted.close(), call_through(client)))
fork(lambda: (client.close(), accepted.close(), serve(End(for_server, origin.accept()[0], True))))
client.close(); accepted.close(); finish()`,
		connections: 1,
		unread: 1, // the proxy's own to the origin
	},
];

test("hooked after the handshake", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const certificate = makeCertificate(context);
	for (const { name, prelude, script, connections, unread = 0 } of SCENARIOS) {
		await context.test(name, async (inner) => {
			const session = await watch(inner, { cgroups: [cgroup] }, { isTlsRead: true });
			const program = startScript(cgroup, prelude + CHILDREN + script, [certificate.both, certificate.chain]);
			await letGo(program, session, "openssl");
			await program.wrote(/shaken/);
			await allRead(session, cgroup);
			program.child.stdin?.write("\n");
			await program.succeeded();
			const snapshot = await settled(session);
			const total = connections * EACH;
			let missing = 0;
			for (const role of ["client", "server"] as const) {
				const rows = rowsOf(snapshot, { role, tls: true }).map(({ route, count }) => ({ route, count }));
				const counted = rows.reduce((sum, { count }) => sum + count, 0);
				const what = `${role}: ${JSON.stringify(rows)}`;
				if (isProcessKnown) assert.equal(counted, total, what);
				else assert.ok(counted <= total, what);
				missing += total - counted;
			}
			const notRead = (snapshot.facts.tls_unread ?? 0) - unread;
			if (isProcessKnown) assert.equal(notRead, 0);
			else assert.ok(missing <= EACH * notRead + 2 * connections, `${missing} exchanges, ${notRead} ends`);
			const [, port] = /peer (\d+)/.exec(program.stdout) ?? [];
			for (const { peer } of rowsOf(snapshot, { role: "client", tls: true })) {
				assert.ok(port === undefined || peer === `127.0.0.1:${port}`, `${peer} instead of the proxy`);
			}
			assert.deepEqual(lossesOf(snapshot), {});
		});
	}
});
