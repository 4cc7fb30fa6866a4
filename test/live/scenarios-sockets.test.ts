/** Who has a socket, where its addresses come from, and what became of it: the rows stay right. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { endpointLines, lossesOf, settled, skipReason, watch } from "../support/capture.js";
import { makeLiveCgroup } from "../support/live-cgroup.js";
import { makeNetworkNamespace } from "../support/network-namespace.js";
import { makeCgroupBelow, run, start } from "../support/programs.js";
import { PAIRS } from "../support/python.js";

interface Scenario {
	readonly name: string;
	/** Behind PAIRS. */
	readonly script: string;
	/** Of both ends. */
	readonly rows: readonly string[];
	/** What the kernel must have; a path. */
	readonly needs?: string;
}

const MPTCP = "/proc/sys/net/mptcp/enabled";

const HTTP = `
def serve(connection):
    while connection.recv(1000): connection.sendall(OK)
def ask(address, path=b"/a", times=1):
    with socket.create_connection(address) as client:
        for _ in range(times): client.sendall(get(path)); take(client, len(OK))
`;

const SCENARIOS: readonly Scenario[] = [
	{
		name: "accepted by one process, passed to another by SCM_RIGHTS, answered there",
		script: `
left, right = socket.socketpair()
if os.fork() == 0:
    _, (fd,), _, _ = socket.recv_fds(right, 10, 1)
    serve(socket.socket(fileno=fd)); os._exit(0)
client, server = pair()
socket.send_fds(left, [b"x"], [server.fileno()]); server.close()
for path in (b"/a", b"/a"): client.sendall(get(path)); take(client, len(OK))
client.close(); os.wait()`,
		rows: ["GET /a 200 response 2"],
	},
	{
		name: "a forked child answers after its parent has closed the socket",
		script: `
client, server = pair()
client.sendall(get(b"/a"))
if os.fork() == 0: serve(server); os._exit(0)
server.close(); take(client, len(OK))
client.sendall(get(b"/a")); take(client, len(OK))
client.shutdown(socket.SHUT_WR); os.wait()`,
		rows: ["GET /a 200 response 2"],
	},
	{
		name: "read by one thread, answered by another",
		script: `
client, server = pair()
for _ in range(20):
    client.sendall(get(b"/a"))
    for work in (lambda: server.recv(1000), lambda: server.sendall(OK)):
        thread = threading.Thread(target=work); thread.start(); thread.join()
    take(client, len(OK))`,
		rows: ["GET /a 200 response 20"],
	},
	{
		name: "256 threads, each waiting in recv for its own connection",
		script: `
listener = listen()
pairs = [pair(listener) for _ in range(256)]
threads = [threading.Thread(target=serve, args=(server,)) for _, server in pairs]
for thread in threads: thread.start()
for client, _ in pairs: client.sendall(get(b"/a"))
for client, _ in pairs: take(client, len(OK)); client.close()
for thread in threads: thread.join()`,
		rows: ["GET /a 200 response 256"],
	},
	{
		name: "the same four-tuple again right after a close, 100 times",
		script: `
listener = listen()
source = listen(); name = source.getsockname(); source.close()
for i in range(100):
    client = socket.socket(); client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); client.bind(name)
    client.connect(listener.getsockname()); server = listener.accept()[0]
    if i % 2: exchange(client, server, b"/odd")
    else: client.sendall(b"GET /half HTTP"); take(server, 14)
    for end in (client, server): end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)); end.close()`,
		rows: ["GET /odd 200 response 50"],
	},
	{
		name: "SO_REUSEPORT with four workers",
		script: `
first = socket.socket(); first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1); first.bind(("127.0.0.1", 0))
address, workers, (read, write) = first.getsockname(), [], os.pipe()
for _ in range(4):
    pid = os.fork()
    if pid == 0:
        own = socket.socket(); own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1); own.bind(address); own.listen(64)
        os.write(write, b"r")
        while True: serve(own.accept()[0])
    workers.append(pid)
for _ in workers: os.read(read, 1)
for _ in range(100): ask(address, times=2)
for pid in workers: os.kill(pid, signal.SIGKILL)`,
		rows: ["GET /a 200 response 200"],
	},
	{
		name: "MPTCP listener, client with plain TCP",
		needs: MPTCP,
		script: `
listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262); listener.bind(("127.0.0.1", 0)); listener.listen()
client, server = socket.create_connection(listener.getsockname()), listener.accept()[0]
for path in (b"/a", b"/a"): exchange(client, server, path)`,
		rows: ["GET /a 200 response 2"],
	},
	{
		name: "MPTCP at both ends, one subflow",
		needs: MPTCP,
		script: `
listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262); listener.bind(("127.0.0.1", 0)); listener.listen()
client = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262); client.connect(listener.getsockname()); server = listener.accept()[0]
for path in (b"/a", b"/a"): exchange(client, server, path)`,
		rows: ["GET /a 200 response 2"],
	},
];

test("sockets", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	for (const { name, script, rows, needs = "/" } of SCENARIOS) {
		const skip = existsSync(needs) ? false : `this kernel has no ${needs}`;
		await context.test(name, { skip }, async (inner) => {
			const session = await watch(inner, { cgroups: [cgroup] });
			await run(cgroup, "python3", ["-c", PAIRS + HTTP + script]);
			const snapshot = await settled(session);
			const expected = ["client", "server"].flatMap((role) => rows.map((row) => `${role} ${row}`)).sort();
			assert.deepEqual(endpointLines(snapshot.endpoints), expected);
			assert.deepEqual(lossesOf(snapshot), {});
		});
	}
});

test("a listener that was made elsewhere and inherited belongs to the service that made it", {
	skip: skipReason,
}, async (context) => {
	const parent = makeLiveCgroup(context);
	const [maker, shop] = [makeCgroupBelow(parent, "maker.service"), makeCgroupBelow(parent, "shop.service")];
	const session = await watch(context, { cgroups: [parent] });
	const script = `
listener = listen(); listener.set_inheritable(True)
if os.fork() == 0:
    open(sys.argv[1] + "/cgroup.procs", "w").write(str(os.getpid()))
    serve(listener.accept()[0]); os._exit(0)
ask(listener.getsockname()); os.wait()`;
	await run(maker, "python3", ["-c", PAIRS + HTTP + script, shop]);
	const { endpoints } = await settled(session);
	assert.deepEqual(endpoints.map(({ role, service, count }) => `${role} ${service} ${count}`).sort(), [
		"client maker.service 1",
		"server maker.service 1",
	]);
});

const IN_NAMESPACE = `
listener = listen(("10.9.0.1", 8080))
client = socket.socket(); client.bind(("10.9.0.1", 40000)); client.connect(("10.9.0.1", 8080)); server = listener.accept()[0]
print("connected", flush=True)
for path in sys.argv[1:]:
    sys.stdin.readline(); client.sendall(get(path.encode())); take(server, len(get(path.encode())))
    print("asked", path, flush=True)
    sys.stdin.readline(); server.sendall(OK); take(client, len(OK))
    print("answered", path, flush=True)
`;

test("identical four-tuples in two network namespaces are kept apart", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const session = await watch(context, { cgroups: [cgroup] });
	const programs = ["/first", "/second"].map((path) => {
		const [command = "", ...words] = [...makeNetworkNamespace(context).prefix, "python3", "-c", PAIRS + IN_NAMESPACE];
		const program = start(cgroup, command, [...words, `${path}/1`, `${path}/2`], { stdio: ["pipe", "pipe", "pipe"] });
		return { path, program };
	});
	for (const step of [/connected/, /asked \S+1/, /answered \S+1/, /asked \S+2/, /answered \S+2/]) {
		for (const { program } of programs) await program.wrote(step);
		for (const { program } of programs) program.child.stdin?.write("\n");
	}
	for (const { program } of programs) await program.succeeded();
	const snapshot = await settled(session);
	assert.deepEqual(
		endpointLines(snapshot.endpoints),
		["client", "server"].flatMap((role) => programs.map(({ path }) => `${role} GET ${path}/:id 200 response 2`)),
	);
	assert.deepEqual(lossesOf(snapshot), {});
});

test("translated addresses: each end shows what it connected to or listens at", {
	skip: skipReason,
}, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const network = makeNetworkNamespace(context);
	network.run("nft", "add table ip translated");
	network.run("nft", "add chain ip translated out { type nat hook output priority -100; }");
	network.run("nft", "add rule ip translated out ip daddr 10.9.7.7 tcp dport 80 dnat to 10.9.0.1:8080");
	const session = await watch(context, { cgroups: [cgroup] });
	const script = `
listener = listen(("10.9.0.1", 8080))
threading.Thread(target=lambda: serve(listener.accept()[0])).start()
ask(("10.9.7.7", 80))`;
	network.run("ip", "route", "add", "10.9.7.7/32", "dev", "lo");
	const [command = "", ...words] = [...network.prefix, "python3", "-c", PAIRS + HTTP + script];
	await run(cgroup, command, words);
	const snapshot = await settled(session);
	assert.deepEqual(snapshot.endpoints.map(({ role, peer, port, count }) => `${role} ${peer} ${port} ${count}`).sort(), [
		"client 10.9.7.7:80 80 1",
		"server null 8080 1",
	]);
});

const FAST_OPEN = `
TCP_FASTOPEN, MSG_FASTOPEN = 23, 0x20000000
listener = socket.socket(); listener.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN, 16); listener.bind(("10.9.0.1", 8080)); listener.listen()
def worker():
    while True: serve(listener.accept()[0])
threading.Thread(target=worker, daemon=True).start()
for _ in range(10):
    client = socket.socket(); client.sendto(get(b"/a"), MSG_FASTOPEN, ("10.9.0.1", 8080)); take(client, len(OK))
    client.sendall(get(b"/b")); take(client, len(OK)); client.close()
names, values = [line.split() for line in open("/proc/net/netstat") if line.startswith("TcpExt")]
print(dict(zip(names, values))["TCPFastOpenPassive"])
`;

test("TCP Fast Open, the request is on the SYN", {
	skip: skipReason,
}, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const network = makeNetworkNamespace(context);
	network.run("sysctl", "-q", "-w", "net.ipv4.tcp_fastopen=3");
	const session = await watch(context, { cgroups: [cgroup] });
	const [command = "", ...words] = [...network.prefix, "python3", "-c", PAIRS + HTTP + FAST_OPEN];
	const { stdout } = await run(cgroup, command, words);
	assert.equal(stdout.trim(), "9", "all but the first, which fetches the cookie");
	const snapshot = await settled(session);
	assert.deepEqual(endpointLines(snapshot.endpoints), [
		"client GET /a 200 response 10",
		"client GET /b 200 response 10",
		"server GET /a 200 response 10",
		"server GET /b 200 response 10",
	]);
	assert.deepEqual(lossesOf(snapshot), {});
});
