/** However an application calls GnuTLS, the rows are the same. */
import { test } from "node:test";
import { skipReason } from "../support/capture.js";
import { GNUTLS } from "../support/gnutls-python.js";
import { runTlsScenarios, type TlsScenario } from "../support/tls-scenarios.js";

const ONE = ["GET /a 200 response 1", "GET /next 200 response 1"];

const SCENARIOS: readonly TlsScenario[] = [
	{
		name: "gnutls_record_send and gnutls_record_recv, again and again",
		script: `
ready(); client, server = ends()
for _ in range(20): exchange(client, server, b"/n/1")`,
		rows: ["GET /n/:id 200 response 20"],
	},
	{
		name: "gnutls_record_send2, with padding",
		script: `
ready(); client, server = ends()
assert client.write(get(b"/a"), "gnutls_record_send2", 100, 0) == len(get(b"/a")); take(server, len(get(b"/a")))
assert server.write(OK, "gnutls_record_send2", 100, 0) == len(OK); take(client, len(OK))
exchange(client, server)`,
		rows: ONE,
	},
	{
		name: "heads byte by byte, reads in vain",
		script: `
ready(); client, server = ends()
for byte in get(b"/a"): assert server.read(10) == b""; put(client, bytes([byte])); take(server, 1)
for byte in OK: assert client.read(10) == b""; put(server, bytes([byte])); take(client, 1)
exchange(client, server)`,
		rows: ONE,
	},
	{
		name: "corked: what was handed over is sent by uncork, once",
		script: `
ready(); client, server = ends()
for path in (b"/a", b"/next"):
    for end, data in ((client, get(path)), (server, OK)):
        call("gnutls_record_cork", end.session)
        for at in range(0, len(data), 7): assert end.write(data[at:at + 7]) == len(data[at:at + 7])
        assert call("gnutls_record_uncork", end.session, 0) == len(data)
        take(server if end is client else client, len(data))`,
		rows: ONE,
	},
	{
		name: "8 MB through a full socket: each part that is refused is offered again as NULL, 0",
		script: `
ready(); client, server = ends()
body = b"GET /not HTTP/1.1\\r\\n\\r\\n".ljust(32) * (8 << 15)
answer = b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body) + body
put(client, get(b"/a")); take(server, len(get(b"/a")))
at, got, refused = 0, 0, 0
is_refused = False
while got < len(answer):
    if at < len(answer):
        piece = answer[at:at + 16000]
        returned = server.write(None) if is_refused else server.write(piece)
        at += returned; is_refused = not returned; refused += is_refused
    got += len(client.read(1 << 15)) if is_refused or at == len(answer) else 0
assert refused > 10, refused
exchange(client, server)`,
		rows: ONE,
	},
	{
		name: "a head that is refused by a full socket and taken later",
		script: `
ready(); client, server = ends()
put(client, get(b"/a")); take(server, len(get(b"/a")))
body = b"x" * 16000
head = b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % (len(body) * 1000)
put(server, head)
sent = 0
while sent < 1000:
    if not server.write(body): break
    sent += 1
assert sent < 1000
got, want = 0, len(head) + 1000 * len(body)
while got < want:
    got += len(client.read(1 << 15))
    if sent < 1000 and server.write(None): sent += 1; done = True
    else: continue
    while sent < 1000 and server.write(body): sent += 1
exchange(client, server)`,
		rows: ONE,
	},
	{
		name: "pipelined, 8 deep, in one record",
		script: `
ready(); client, server = ends()
put(client, get(b"/n/1") * 8); take(server, len(get(b"/n/1")) * 8)
put(server, OK * 8); take(client, len(OK) * 8)`,
		rows: ["GET /n/:id 200 response 8"],
	},
	{
		name: "key update, and a rehandshake that is asked for and refused",
		script: `
ready(); client, server = ends()
exchange(client, server, b"/a")
good(call("gnutls_session_key_update", client.session, 1))
exchange(client, server)`,
		rows: ONE,
	},
	{
		name: "sessions that are made, used and freed, one after another",
		script: `
ready()
for _ in range(20):
    client, server = ends(); exchange(client, server, b"/n/1"); exchange(client, server, b"/n/2"); client.close(); server.close()`,
		rows: ["GET /n/:id 200 response 40"],
	},
];

test("calls of GnuTLS", { skip: skipReason }, (context) => runTlsScenarios(context, GNUTLS, "gnutls", SCENARIOS));
