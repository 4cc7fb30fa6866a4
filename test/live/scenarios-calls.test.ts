/** However bytes are sent and read, the rows are the same: the calls of servers and clients, one by one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { connectionLines, endpointLines, lossesOf, settled, skipReason, watch } from "../support/capture.js";
import { makeLiveCgroup } from "../support/live-cgroup.js";
import { run } from "../support/programs.js";
import { PAIRS } from "../support/python.js";

interface Scenario {
	readonly name: string;
	/** Behind PAIRS. */
	readonly script: string;
	/** Of both ends. */
	readonly rows: readonly string[];
	/** Rows of failed connections, if any are expected. */
	readonly connections?: readonly string[];
}

const ONE = ["GET /a 200 response 1", "GET /next 200 response 1"];

const SCENARIOS: readonly Scenario[] = [
	{
		name: "send and recv, sendto and recvfrom",
		script: `
client, server = pair()
client.sendto(get(b"/a"), ("127.0.0.1", 0)); server.recvfrom(1000); server.sendto(OK, ("127.0.0.1", 0)); client.recvfrom(1000)
exchange(client, server)`,
		rows: ONE,
	},
	{
		name: "sendmsg and recvmsg with one buffer",
		script: `
client, server = pair()
client.sendmsg([get(b"/a")]); server.recvmsg(1000); server.sendmsg([OK]); client.recvmsg(1000)
exchange(client, server)`,
		rows: ONE,
	},
	{
		name: "sendmmsg with two requests",
		script: `
class iovec(ctypes.Structure): _fields_ = [("base", ctypes.c_char_p), ("len", ctypes.c_size_t)]
class msghdr(ctypes.Structure):
    _fields_ = [("name", ctypes.c_void_p), ("namelen", ctypes.c_uint), ("iov", ctypes.POINTER(iovec)), ("iovlen", ctypes.c_size_t),
                ("control", ctypes.c_void_p), ("controllen", ctypes.c_size_t), ("flags", ctypes.c_int)]
class mmsghdr(ctypes.Structure): _fields_ = [("hdr", msghdr), ("len", ctypes.c_uint)]
client, server = pair()
texts = [get(b"/a"), get(b"/next")]
vectors = [iovec(text, len(text)) for text in texts]
messages = (mmsghdr * 2)(*[mmsghdr(msghdr(None, 0, ctypes.pointer(v), 1, None, 0, 0), 0) for v in vectors])
assert ctypes.CDLL(None, use_errno=True).sendmmsg(client.fileno(), messages, 2, 0) == 2, ctypes.get_errno()
take(server, sum(map(len, texts))); server.sendall(OK + OK); take(client, 2 * len(OK))`,
		rows: ONE,
	},
	{
		name: "writev with empty buffers between status line, fields and body",
		script: `
client, server = pair()
os.writev(client.fileno(), [b"", b"GET /a HT", b"", b"TP/1.1\\r\\n", b"\\r\\n"]); server.recv(1000)
os.writev(server.fileno(), [b"HTTP/1.1 200 OK\\r\\n", b"", b"Content-Length: 2\\r\\n", b"\\r\\n", b"ok"]); client.recv(1000)
exchange(client, server)`,
		rows: ONE,
	},
	{
		name: "readv into buffers of 4 bytes, and a byte at a time",
		script: `
client, server = pair()
client.sendall(get(b"/a"))
left = len(get(b"/a"))
while left > 8: left -= os.readv(server.fileno(), [bytearray(4), bytearray(4)])
for _ in range(left): take(server, 1)
server.sendall(OK)
for _ in OK: take(client, 1)
exchange(client, server)`,
		rows: ONE,
	},
	{
		name: "the head by send, the body by sendfile",
		script: `
client, server = pair()
client.sendall(get(b"/a")); server.recv(1000)
with tempfile.TemporaryFile() as file:
    file.write(b"HTTP/1.1 500 no\\r\\n\\r\\n" * 5000); file.flush(); size = file.tell()
    server.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % size)
    reader = threading.Thread(target=take, args=(client, size + len(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % size)))
    reader.start(); at = 0
    while at < size: at += os.sendfile(server.fileno(), file.fileno(), at, size - at)
    reader.join()
exchange(client, server)`,
		rows: ONE,
	},
	{
		name: "the head itself by sendfile",
		script: `
client, server = pair()
client.sendall(get(b"/a")); server.recv(1000)
with tempfile.TemporaryFile() as file:
    file.write(OK); file.flush()
    assert os.sendfile(server.fileno(), file.fileno(), 0, len(OK)) == len(OK)
take(client, len(OK))
exchange(client, server)`,
		rows: ONE,
	},
	{
		name: "a proxy that splices from socket to socket: front and back are counted",
		script: `
(client, front), (back, server) = pair(), pair()
read, write = os.pipe()
def splice(source, target):
    n = os.splice(source.fileno(), write, 65536)
    while n: n -= os.splice(read, target.fileno(), n)
for path in (b"/a", b"/next"):
    client.sendall(get(path)); splice(front, back); take(server, len(get(path)))
    server.sendall(OK); splice(back, front); take(client, len(OK))`,
		rows: [...ONE, ...ONE],
	},
	{
		name: "MSG_ZEROCOPY",
		script: `
client, server = pair()
SO_ZEROCOPY, MSG_ZEROCOPY = 60, 0x4000000
for end in (client, server): end.setsockopt(socket.SOL_SOCKET, SO_ZEROCOPY, 1)
body = b"GET /not HTTP/1.1\\r\\n\\r\\n" * 1000
answer = b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body) + body
client.send(get(b"/a"), MSG_ZEROCOPY); server.recv(1000)
reader = threading.Thread(target=take, args=(client, len(answer))); reader.start()
at = 0
while at < len(answer): at += server.send(answer[at:], MSG_ZEROCOPY)
reader.join()
exchange(client, server)`,
		rows: ONE,
	},
	{
		name: "MSG_PEEK before every read",
		script: `
client, server = pair()
client.sendall(get(b"/a")); server.recv(10, socket.MSG_PEEK); server.recv(1000, socket.MSG_PEEK); server.recv(1000)
server.sendall(OK); client.recv(1000, socket.MSG_PEEK); client.recv(1000)
exchange(client, server)`,
		rows: ONE,
	},
	{
		name: "a body that is thrown away unread by MSG_TRUNC",
		script: `
client, server = pair()
client.sendall(get(b"/a")); server.recv(1000)
body = b"HTTP/1.1 500 no\\r\\n\\r\\n" * 100
head = b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body)
server.sendall(head + body); take(client, len(head))
left = len(body)
while left: left -= len(client.recv(left, socket.MSG_TRUNC))
exchange(client, server)`,
		rows: ONE,
	},
	{
		name: "sent from pages that are not in memory",
		script: `
client, server = pair()
client.sendall(get(b"/a")); server.recv(1000)
with tempfile.TemporaryFile() as file:
    file.write(OK.ljust(4096)); file.flush(); os.fsync(file.fileno())
    page = mmap.mmap(file.fileno(), 4096); page.madvise(mmap.MADV_DONTNEED)
    server.sendall(memoryview(page)[:len(OK)]); take(client, len(OK))
exchange(client, server)`,
		rows: ONE,
	},
	{
		name: "16 MB from a socket that does not block, in the parts that it takes",
		script: `
client, server = pair()
client.sendall(get(b"/a")); server.recv(1000)
body = b"GET /not HTTP/1.1\\r\\n\\r\\n".ljust(32) * (16 << 15)
answer = b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body) + body
server.setblocking(False)
view, at, got = memoryview(answer), 0, 0
while got < len(answer):
    try: at += server.send(view[at:]) if at < len(answer) else 0
    except BlockingIOError: pass
    got += len(client.recv(1 << 20))
server.setblocking(True)
exchange(client, server)`,
		rows: ONE,
	},
	{
		name: "calls that fail with EAGAIN, EPIPE and ECONNRESET",
		script: `
client, server = pair()
server.setblocking(False)
for _ in range(3):
    try: server.recv(100); raise SystemExit("nothing was there")
    except BlockingIOError: pass
server.setblocking(True)
exchange(client, server, b"/a"); exchange(client, server)
server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)); server.close()
for error in (ConnectionResetError, BrokenPipeError):
    try: client.recv(10) if error is ConnectionResetError else client.send(get(b"/never-sent")); raise SystemExit("no error")
    except error: pass`,
		rows: ONE,
		connections: ["client - reset 1", "server - reset 1"],
	},
	{
		name: "bodies of 0, 1 KB, 10 KB and 500 KB, 100 each, and 10 MB ten times",
		script: `
client, server = pair()
for size, path, times in ((0, b"/none", 100), (1000, b"/k", 100), (10_000, b"/tenk", 100), (500_000, b"/many", 100), (10_000_000, b"/most", 10)):
    answer = b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % size + bytes(size)
    for _ in range(times):
        client.sendall(get(path)); take(server, len(get(path)))
        sender = threading.Thread(target=server.sendall, args=(answer,)); sender.start()
        left = len(answer)
        while left: left -= len(client.recv(min(left, 1 << 20)))
        sender.join()`,
		rows: ["GET /none 200 response 100", "GET /k 200 response 100", "GET /tenk 200 response 100"].concat([
			"GET /many 200 response 100",
			"GET /most 200 response 10",
		]),
	},
	{
		name: "HTTP in files and Unix sockets is not TCP: no row",
		script: `
with tempfile.TemporaryFile() as file: file.write(get(b"/file") + OK); file.flush()
client, server = socket.socketpair()
client.sendall(get(b"/unix")); server.recv(1000); server.sendall(OK); client.recv(1000)`,
		rows: [],
	},
];

test("system calls", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	for (const { name, script, rows, connections = [] } of SCENARIOS) {
		await context.test(name, async (inner) => {
			const session = await watch(inner, { cgroups: [cgroup] });
			await run(cgroup, "python3", ["-c", PAIRS + script]);
			const snapshot = await settled(session);
			const expected = ["client", "server"].flatMap((role) => rows.map((row) => `${role} ${row}`)).sort();
			assert.deepEqual(endpointLines(snapshot.endpoints), expected);
			const failed = connectionLines(snapshot.connections).map((line) => line.replace(/ 127.*:\d+ /, " - "));
			assert.deepEqual(failed, connections);
			assert.deepEqual(lossesOf(snapshot), {});
		});
	}
});
