/** TLS that the kernel encrypts, where it can, and what a watcher is shown of TLS. */
import { test } from "node:test";
import { skipReason } from "../support/capture.js";
import { OPENSSL } from "../support/openssl-python.js";
import { runTlsScenarios, type TlsScenario } from "../support/tls-scenarios.js";

const SCENARIOS: readonly TlsScenario[] = [
	{
		name: "SSL_sendfile: bytes of a body that no memory holds, or a refusal that changes nothing",
		script: `
ready(); used = context(); call("SSL_CTX_set_options", used, 1 << 3) # SSL_OP_ENABLE_KTLS
client, server = (End(used, sock, bool(n)) for n, sock in enumerate(sockets()))
shake(client, server); exchange(client, server, b"/n/1")
body = b"HTTP/1.1 500 no\\r\\n\\r\\n" * 5000
head = b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body)
lib.SSL_sendfile.restype = ctypes.c_ssize_t
with tempfile.TemporaryFile() as file:
    file.write(body); file.flush()
    put(client, get(b"/n/2")); take(server, len(get(b"/n/2"))); put(server, head); take(client, len(head)); at = 0
    sent = call("SSL_sendfile", server.ssl, file.fileno(), 0, len(body), 0)
    if sent == -1 and server.why(-1) == 1: pump(server, body, client); print("no kTLS")
    else:
        at = max(sent, 0); got = 0
        while got < len(body):
            if at < len(body): at += max(0, call("SSL_sendfile", server.ssl, file.fileno(), at, len(body) - at, 0))
            got += len(client.read(1 << 15))
exchange(client, server, b"/n/3")`,
		rows: ["GET /n/:id 200 response 3"],
	},
];

test("TLS and files", { skip: skipReason }, (context) => runTlsScenarios(context, OPENSSL, "openssl", SCENARIOS));
