/** How TLS connections begin, are used again, and end; what passes through them that is no HTTP/1. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { endpointLines, lossesOf, rowsOf, settled, skipReason, watch } from "../support/capture.js";
import { makeCertificate } from "../support/certificate.js";
import { makeLiveCgroup } from "../support/live-cgroup.js";
import { makeNetworkNamespace } from "../support/network-namespace.js";
import { OPENSSL } from "../support/openssl-python.js";
import { start } from "../support/programs.js";
import { expectRows, letGo, runTlsScenarios, startScript, type TlsScenario } from "../support/tls-scenarios.js";

const SCENARIOS: readonly TlsScenario[] = [
	{
		name: "close_notify from both, from one, from none",
		script: `
ready()
for byes in ((0, 1), (0,), (1,), ()):
    pair = ends(); exchange(*pair, b"/n/1")
    for n in byes: pair[n].bye()
    for end in pair: end.close()`,
		rows: ["GET /n/:id 200 response 4"],
	},
	{
		name: "SSL_clear, and the object serves another connection: ten times",
		script: `
ready(); client, server = ends(); exchange(client, server, b"/n/1")
for n in range(9):
    for end in (client, server): call("SSL_shutdown", end.ssl); end.sock.close(); assert call("SSL_clear", end.ssl) == 1
    call("SSL_set_connect_state", client.ssl); call("SSL_set_accept_state", server.ssl)
    for end, sock in zip((client, server), sockets()): end.use(sock)
    shake(client, server); exchange(client, server, b"/n/1")`,
		rows: ["GET /n/:id 200 response 10"],
	},
	{
		name: "SSL_clear before the old socket is closed: what it waited for has ended when the next one begins",
		script: `
ready(); client, server = ends(); exchange(client, server, b"/a")
olds = client.sock, server.sock
for end in (client, server): call("SSL_shutdown", end.ssl); assert call("SSL_clear", end.ssl) == 1
call("SSL_set_connect_state", client.ssl); call("SSL_set_accept_state", server.ssl)
for end, sock in zip((client, server), sockets()): end.use(sock)
shake(client, server); exchange(client, server)
for sock in olds: sock.close()
exchange(client, server)`,
		rows: ["GET /a 200 response 1", "GET /next 200 response 2"],
	},
	{
		name: "SSL_free, and the address is another connection's: fifty times",
		script: `
ready(); addresses = set()
for n in range(50):
    client, server = ends(); exchange(client, server, b"/n/1"); addresses |= {client.ssl, server.ssl}
    client.close(); server.close()
assert len(addresses) < 90, len(addresses)`,
		rows: ["GET /n/:id 200 response 50"],
	},
	{
		name: "two threads share a connection, with a lock: one writes, the other one reads",
		script: `
ready(); client, server = ends(); locks = {client: threading.Lock(), server: threading.Lock()}
def read(end, n):
    data = b""
    while len(data) < n:
        with locks[end]: data += end.read(n - len(data))
def write(end, data):
    with locks[end]: assert end.write(data) == len(data)
def serve():
    for _ in range(100): read(server, len(get(b"/n/1"))); write(server, OK)
threads = [threading.Thread(target=serve), threading.Thread(target=lambda: [read(client, len(OK)) for _ in range(100)])]
for thread in threads: thread.start()
for _ in range(100):
    write(client, get(b"/n/1"))
    time.sleep(0.001)
for thread in threads: thread.join()`,
		rows: ["GET /n/:id 200 response 100"],
	},
	{
		name: "64 connections in 16 threads at the same time",
		script: `
ready()
def run():
    for _ in range(4): pair = ends(); [exchange(*pair, b"/n/1") for _ in range(5)]; [end.close() for end in pair]
threads = [threading.Thread(target=run) for _ in range(16)]
for thread in threads: thread.start()
for thread in threads: thread.join()`,
		rows: ["GET /n/:id 200 response 320"],
	},
	{
		name: "the server gives up while it owes an answer, before its head and within its body",
		script: `
ready()
pair = ends(); put(pair[0], get(b"/owed")); take(pair[1], len(get(b"/owed"))); time.sleep(0.2); pair[1].close()
try: take(pair[0], 1)
except (EOFError, OSError): pass
half = ends(); put(half[0], get(b"/half")); take(half[1], len(get(b"/half")))
head = b"HTTP/1.1 200 OK\\r\\nContent-Length: 100\\r\\n\\r\\n"
put(half[1], head + b"x"); take(half[0], len(head)); half[1].close()`,
		rows: ["GET /owed 0 server_closed 1", "GET /half 200 response 1"],
	},
	{
		name: "the client gives up, in order or not",
		script: `
ready()
for bye in (True, False):
    client, server = ends(); put(client, get(b"/n/1")); take(server, len(get(b"/n/1")))
    if bye: client.bye()
    client.close()
    try:
        while True: server.read(10)
    except (EOFError, OSError): server.close()`,
		rows: ["GET /n/:id 0 client_closed 2"],
	},
	{
		name: "HTTP/2 is named as not read, once for each connection",
		script: `
ready(); client, server = ends()
preface = b"PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n" + bytes(3) + b"\\x04" + bytes(5)
put(client, preface); take(server, len(preface)); settings = bytes(3) + b"\\x04" + bytes(5)
put(server, settings); take(client, len(settings)); put(client, get(b"/a")); take(server, len(get(b"/a")))`,
		rows: [],
		losses: { unsupported: 2 },
	},
	{
		name: "another protocol inside of TLS",
		script: `
ready(); client, server = ends()
for line in (b"* OK IMAP4rev1\\r\\n", b"+ go on\\r\\n"): put(server, line); take(client, len(line))
put(client, get(b"/a")); take(server, len(get(b"/a")))`,
		rows: [],
		facts: { not_http: 2 },
	},
	{
		name: "TLS inside of TLS: to a proxy that is spoken to in TLS, the tunnel's end is another server",
		script: `
ready(); client, proxy = ends()
ask = b"CONNECT b:443 HTTP/1.1\\r\\nHost: b:443\\r\\n\\r\\n"
put(client, ask); take(proxy, len(ask)); done = b"HTTP/1.1 200 OK\\r\\n\\r\\n"; put(proxy, done); take(client, len(done))
used = context(); inner = []
for accepts in (False, True):
    end = End(used, None, accepts); end.sock = None; inner.append(end)
    end.come, end.gone = call("BIO_new", call("BIO_s_mem")), call("BIO_new", call("BIO_s_mem"))
    call("SSL_set_bio", end.ssl, end.come, end.gone)
def move():
    for end, other, outer, far in ((inner[0], inner[1], client, proxy), (inner[1], inner[0], proxy, client)):
        buffer = ctypes.create_string_buffer(1 << 16); n = call("BIO_read", end.gone, buffer, 1 << 16)
        if n > 0:
            put(outer, buffer.raw[:n]); data = take(far, n); assert call("BIO_write", other.come, data, n) == n
while not all([end.shake() for end in inner]): move()
move()
put(inner[0], get(b"/inner")); move(); take(inner[1], len(get(b"/inner"))); put(inner[1], OK); move(); take(inner[0], len(OK))`,
		rows: ["CONNECT :authority 200 response 1"],
	},
];

test("TLS connections", { skip: skipReason }, (context) => runTlsScenarios(context, OPENSSL, "openssl", SCENARIOS));

test("how long a request waited that the server never answers", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const certificate = makeCertificate(context);
	const session = await watch(context, { cgroups: [cgroup] }, { isTlsRead: true });
	const script = `
ready(); client, server = ends()
put(client, get(b"/a")); take(server, len(get(b"/a"))); time.sleep(0.5); server.close()`;
	const program = startScript(cgroup, OPENSSL + script, [certificate.both]);
	await letGo(program, session, "openssl");
	await program.succeeded();
	const rows = rowsOf(await settled(session), { outcome: "server_closed" });
	assert.deepEqual(rows.map(({ role }) => role).sort(), ["client", "server"]);
	for (const { latency } of rows) {
		assert.ok(latency.sum >= 0.49 && latency.sum < 5, `${latency.sum} s`);
	}
});

test("a connection that is older than httpeek", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const certificate = makeCertificate(context);
	const script = `
client, server = ends(); exchange(client, server, b"/before"); ready()
for _ in range(5): exchange(client, server, b"/after")`;
	const program = startScript(cgroup, OPENSSL + script, [certificate.both]);
	await program.wrote(/ready/);
	const session = await watch(context, { cgroups: [cgroup] }, { isTlsRead: true });
	await letGo(program, session, "openssl");
	await program.succeeded();
	const snapshot = await settled(session);
	// the server's socket is found when it first answers: that request has passed by then
	assert.deepEqual(endpointLines(snapshot.endpoints), [
		"client GET /after 200 response 5",
		"server GET /after 200 response 4",
	]);
	assert.deepEqual(lossesOf(snapshot), {});
});

const FAST_OPEN = `
TCP_FASTOPEN, TCP_FASTOPEN_CONNECT = 23, 30
ready(); listener = socket.socket(); listener.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN, 16)
listener.bind(("10.9.0.1", 8443)); listener.listen(); used = context()
for _ in range(4):
    sock = socket.socket(); sock.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1); sock.connect(listener.getsockname())
    client = End(used, sock, False); client.shake()
    server = End(used, listener.accept()[0], True); shake(client, server)
    exchange(client, server, b"/a"); put(client, get(b"/b")); take(server, len(get(b"/b"))); server.close(); client.close()
names, values = [line.split() for line in open("/proc/net/netstat") if line.startswith("TcpExt")]
assert dict(zip(names, values))["TCPFastOpenPassive"] == "3" # all but the first, which fetches the cookie
`;

test("TCP Fast Open, the handshake begins on the SYN", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const certificate = makeCertificate(context);
	const network = makeNetworkNamespace(context);
	network.run("sysctl", "-q", "-w", "net.ipv4.tcp_fastopen=3");
	const session = await watch(context, { cgroups: [cgroup] }, { isTlsRead: true });
	const [command = "", ...words] = [...network.prefix, "python3", "-c", OPENSSL + FAST_OPEN, certificate.both];
	const program = start(cgroup, command, words, { stdio: ["pipe", "pipe", "pipe"] });
	await letGo(program, session, "openssl");
	await program.succeeded();
	expectRows(await settled(session), { rows: ["GET /a 200 response 4", "GET /b 0 server_closed 4"] });
});
