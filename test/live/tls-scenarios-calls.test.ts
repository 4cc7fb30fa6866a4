/** However an application calls OpenSSL, the rows are the same: reads and writes of both ends, one by one. */
import { test } from "node:test";
import { skipReason } from "../support/capture.js";
import { OPENSSL } from "../support/openssl-python.js";
import { runTlsScenarios, type TlsScenario } from "../support/tls-scenarios.js";

const ONE = ["GET /a 200 response 1", "GET /next 200 response 1"];
const many = (paths: number, route = "/n/:id"): string[] => [`GET ${route} 200 response ${paths}`];

const SCENARIOS: readonly TlsScenario[] = [
	{
		name: "SSL_read and SSL_write",
		script: `
ready(); client, server = ends()
exchange(client, server, b"/a"); exchange(client, server)`,
		rows: ONE,
	},
	{
		name: "SSL_read_ex and SSL_write_ex",
		script: `
ready(); client, server = ends()
put(client, get(b"/a"), client.write_ex); take(server, len(get(b"/a")), server.read_ex)
put(server, OK, server.write_ex); take(client, len(OK), client.read_ex)
exchange(client, server)`,
		rows: ONE,
	},
	{
		name: "TLS 1.2",
		script: `
ready(); client, server = ends(TLS1_2)
exchange(client, server, b"/a"); exchange(client, server)`,
		rows: ONE,
	},
	{
		name: "heads byte by byte, both written and read, all bytes of both",
		script: `
ready(); client, server = ends()
for byte in get(b"/a"): put(client, bytes([byte])); take(server, 1)
for byte in OK: put(server, bytes([byte])); take(client, 1)
exchange(client, server)`,
		rows: ONE,
	},
	{
		name: "a head of three records is read at once, several records of a body in one read",
		script: `
ready(); client, server = ends()
for piece in (b"GET /a HT", b"TP/1.1\\r\\nHost: ", b"a\\r\\n\\r\\n"): put(client, piece)
take(server, len(get(b"/a")))
body = b"GET /not HTTP/1.1\\r\\n\\r\\n" * 1000
answer = b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body) + body
pump(server, answer, client)
exchange(client, server)`,
		rows: ONE,
	},
	{
		name: "SSL_peek before each SSL_read, and SSL_peek_ex",
		script: `
ready(); client, server = ends()
for path in (b"/a", b"/next"):
    put(client, get(path)); buffer, count = ctypes.create_string_buffer(1000), ctypes.c_size_t()
    while call("SSL_peek", server.ssl, buffer, 1000) < 1: pass
    assert call("SSL_peek_ex", server.ssl, buffer, 4, ctypes.byref(count)) == 1
    returned = call("SSL_read", server.ssl, buffer, 1000)
    assert returned == len(get(path))
    put(server, OK)
    while call("SSL_peek", client.ssl, buffer, 1000) < 1: pass
    take(client, len(OK))`,
		rows: ONE,
	},
	{
		name: "the same buffer and the same bytes again and again: twenty requests",
		script: `
ready(); client, server = ends()
request, answer, buffer = (ctypes.create_string_buffer(data, len(data)) for data in (get(b"/n/1"), OK, bytes(1000)))
for _ in range(20):
    for sender, receiver, data in ((client, server, request), (server, client, answer)):
        assert call("SSL_write", sender.ssl, data, len(data)) == len(data)
        while call("SSL_read", receiver.ssl, buffer, 1000) < 1: pass`,
		rows: many(20),
	},
	{
		name: "SSL_read that returns WANT_READ a thousand times before each message",
		script: `
ready(); client, server = ends()
for path in (b"/a", b"/next"):
    for _ in range(1000): assert server.read(100) == b"" and server.read_ex(100) == b""
    put(client, get(path)); take(server, len(get(path)))
    for _ in range(1000): assert client.read(100) == b""
    put(server, OK); take(client, len(OK))`,
		rows: ONE,
	},
	{
		name: "16 MB written whole or in parts: WANT_WRITE on a full socket, retried from the same and from another buffer",
		script: `
ready(); client, server = ends()
body = b"GET /not HTTP/1.1\\r\\n\\r\\n".ljust(32) * (16 << 15)
answer = b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body) + body
refused = 0
for path, mode in ((b"/n/1", 0), (b"/n/2", MODE_MOVING_BUFFER), (b"/n/3", MODE_PARTIAL_WRITE), (b"/n/4", MODE_PARTIAL_WRITE | MODE_MOVING_BUFFER)):
    call("SSL_ctrl", server.ssl, 78, MODE_PARTIAL_WRITE | MODE_MOVING_BUFFER, None); call("SSL_ctrl", server.ssl, 33, mode, None)
    put(client, get(path)); take(server, len(get(path)))
    buffers, turn, at, got = [ctypes.create_string_buffer(answer, len(answer)) for _ in range(1 + bool(mode & MODE_MOVING_BUFFER))], 0, 0, 0
    while got < len(answer):
        if at < len(answer):
            returned = call("SSL_write", server.ssl, ctypes.byref(buffers[turn % len(buffers)], at), len(answer) - at)
            turn += 1
            if returned > 0: at += returned
            else: assert server.why(returned) == WANT_WRITE; refused += 1
        got += len(client.read(1 << 15))
assert refused > 10, refused
exchange(client, server)`,
		rows: [...many(4), "GET /next 200 response 1"],
	},
	{
		name: "a request that is refused by a full socket twenty times, and once taken",
		script: `
ready(); client, server = ends()
put(client, b"POST /a HTTP/1.1\\r\\nContent-Length: 8000000\\r\\n\\r\\n")
sent = 0
piece = b"x" * 1000
while sent < 8000000:
    wrote = client.write(piece)
    sent += wrote
    if not wrote: break
assert sent < 8000000
for _ in range(20): assert client.write(piece) == 0
got = 0
head = len(b"POST /a HTTP/1.1\\r\\nContent-Length: 8000000\\r\\n\\r\\n")
while got < 8000000 + head:
    got += len(server.read(1 << 16))
    if sent < 8000000: sent += client.write(piece)
put(server, OK); take(client, len(OK)); exchange(client, server)`,
		rows: ["POST /a 200 response 1", "GET /next 200 response 1"],
	},
	{
		name: "an answer to a request of which the body is still refused by a full socket, retried from the same and from another buffer",
		script: `
ready(); client, server = ends()
refused = 0
for path, mode, write in ((b"/n/1", 0, client.write), (b"/n/2", MODE_MOVING_BUFFER, client.write), (b"/n/3", MODE_MOVING_BUFFER, client.write_ex)):
    call("SSL_ctrl", client.ssl, 78, MODE_MOVING_BUFFER, None); call("SSL_ctrl", client.ssl, 33, mode, None)
    head = b"POST %s HTTP/1.1\\r\\nContent-Length: 16000000\\r\\n\\r\\n" % path
    buffers = [head + b"GET /not HTTP/1.1\\r\\n\\r\\n".ljust(32) * 500000 for _ in range(2 if mode else 1)]
    sent, got = write(buffers[0]), take(server, len(head))
    assert not sent and write(buffers[-1]) == 0
    put(server, TOO_LARGE); take(client, len(TOO_LARGE))
    got = len(got)
    while got < len(buffers[0]):
        if not sent: sent = write(buffers[refused % len(buffers)]); refused += 1
        got += len(server.read(1 << 16))
    exchange(client, server, path)
assert refused > 10, refused`,
		rows: ["POST /n/:id 413 response 3", ...many(3)],
	},
	{
		name: "2, 8 and 16 requests in one write: pipelined",
		script: `
ready(); client, server = ends()
for deep in (2, 8, 16):
    put(client, get(b"/n/1") * deep); take(server, len(get(b"/n/1")) * deep)
    put(server, OK * deep); take(client, len(OK) * deep)`,
		rows: many(26),
	},
	{
		name: "20 requests before the first answer: 16 are paired, 4 are a loss",
		script: `
ready(); client, server = ends()
for _ in range(20): put(client, get(b"/n/1"))
take(server, len(get(b"/n/1")) * 20)
for _ in range(20): put(server, OK)
take(client, len(OK) * 20)
exchange(client, server)`,
		rows: [...many(16), "GET /next 200 response 1"],
		losses: { request_overflow: 8 },
	},
	{
		name: "key updates in the middle of a message (TLS 1.3)",
		script: `
ready(); client, server = ends(TLS1_3)
put(client, b"GET /a HTTP/1.1\\r\\n")
assert call("SSL_key_update", client.ssl, 1) == 1
put(client, b"Host: a\\r\\n\\r\\n"); take(server, len(get(b"/a")))
assert call("SSL_key_update", server.ssl, 1) == 1 and server.shake()
put(server, OK); take(client, len(OK)); exchange(client, server)`,
		rows: ONE,
	},
	{
		name: "renegotiation between two requests and in the middle of one (TLS 1.2)",
		script: `
ready(); client, server = ends(TLS1_2); call("SSL_set_options", server.ssl, 1 << 8)
exchange(client, server, b"/a")
def again():
    assert call("SSL_renegotiate", client.ssl) == 1
    done = False
    while not done or call("SSL_renegotiate_pending", client.ssl): done = client.shake(); assert server.read(10) == b""
again(); put(client, b"GET /next HT"); take(server, 12); again()
put(client, get(b"/next")[12:]); take(server, len(get(b"/next")) - 12)
put(server, OK); take(client, len(OK))`,
		rows: ONE,
	},
	{
		name: "early data: a request with the ClientHello, read and written by the calls for it, once each",
		script: `
ready(); used = context(TLS1_3); call("SSL_CTX_set_max_early_data", used, 16384); call("SSL_CTX_set_options", used, 1 << 24)
client, server = (End(used, sock, bool(n)) for n, sock in enumerate(sockets()))
shake(client, server); exchange(client, server, b"/a")
session = call("SSL_get1_session", client.ssl)
client, server = (End(used, sock, bool(n)) for n, sock in enumerate(sockets()))
call("SSL_set_session", client.ssl, session)
assert client.write_ex(get(b"/next"), "SSL_write_early_data") == len(get(b"/next"))
buffer, count = ctypes.create_string_buffer(1000), ctypes.c_size_t()
while (returned := call("SSL_read_early_data", server.ssl, buffer, 1000, ctypes.byref(count))) == 0: server.check(0)
assert returned == 1 and count.value == len(get(b"/next")), (returned, count)
assert server.write_ex(OK, "SSL_write_early_data") == len(OK)
while not client.shake(): pass
while (returned := call("SSL_read_early_data", server.ssl, buffer, 1000, ctypes.byref(count))) == 0: server.check(0)
assert returned == 2
shake(server); take(client, len(OK)); exchange(client, server)`,
		rows: ["GET /a 200 response 1", "GET /next 200 response 2"],
	},
];

test("calls of OpenSSL", { skip: skipReason }, (context) => runTlsScenarios(context, OPENSSL, "openssl", SCENARIOS));
