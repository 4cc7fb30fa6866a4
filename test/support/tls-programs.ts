/** Programs that speak TLS and can be treated badly. */
import type { CaptureSession } from "../../src/capture/session.js";
import type { Certificate } from "./certificate.js";
import { type Program, type StartOptions, start } from "./programs.js";
import { isRead } from "./tls-scenarios.js";

const NODE_SERVER = `
const { readFileSync } = require("node:fs");
const [chain, key, waitFor] = process.argv.slice(1);
const waiting = [];
require("node:https").createServer({ cert: readFileSync(chain), key: readFileSync(key) }, (request, response) => {
	if (request.url === "/never") return;
	if (request.url !== "/together") return response.end("hello");
	waiting.push(response);
	if (waiting.length == waitFor) for (const each of waiting) each.end("hello");
}).listen({ port: 0, host: "127.0.0.1", backlog: 1024 }, function () { console.log(this.address().port); });
`;

/** Answers at once; under /never not at all; under /together when `waitFor` requests are there. */
export async function startNodeServer(
	cgroup: string,
	{ chain, key }: Certificate,
	{ waitFor = 0, program = process.execPath }: { waitFor?: number; program?: string } = {},
): Promise<{ readonly port: number; readonly program: Program }> {
	const server = start(cgroup, program, ["-e", NODE_SERVER, chain, key, String(waitFor)]);
	return { port: Number((await server.wrote(/^\d+$/m))[0]), program: server };
}

const PYTHON_SERVER = `
import http.server, ssl, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "2"); self.end_headers(); self.wfile.write(b"ok")
    def log_message(self, *_): pass
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); context.load_cert_chain(sys.argv[1])
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
`;

/** A server that takes its library from wherever the environment says. */
export async function startPythonServer(
	cgroup: string,
	{ both }: Certificate,
	options: StartOptions = {},
): Promise<{ readonly port: number; readonly program: Program }> {
	const server = start(cgroup, "python3", ["-c", PYTHON_SERVER, both], options);
	return { port: Number((await server.wrote(/^\d+$/m))[0]), program: server };
}

/**
 * Makes a socket, says "ready" and waits for a line, so that it can be hooked in time. Then says "asked" when each of so many threads has sent a request and waits for the response in SSL_read, "answered" when all
 * have got one. Optionally under a seccomp filter that allows all system calls but those that only the kernel's own uprobe
 * code makes.
 */
const PYTHON_CLIENT = `
import ctypes, socket, ssl, struct, sys, threading
port, path, count, is_confined = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4] == "confined"
if is_confined:
    LOAD, EQUAL, RETURN, ALLOW, KILL = 0x20, 0x15, 0x06, 0x7fff0000, 0x80000000
    rules = [(LOAD, 0, 0, 0), (EQUAL, 2, 0, 335), (EQUAL, 1, 0, 336), (RETURN, 0, 0, ALLOW), (RETURN, 0, 0, KILL)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *rule) for rule in rules))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(rules), ctypes.addressof(code)))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    assert prctl(38, 1, 0, 0, 0) == 0 and prctl(22, 2, program, 0, 0) == 0, ctypes.get_errno()
context = ssl.create_default_context(); context.check_hostname = False; context.verify_mode = ssl.CERT_NONE
asked, failures = threading.Semaphore(0), []
socket.socket().close()
print("ready", flush=True)
sys.stdin.readline()
def work():
    try:
        with context.wrap_socket(socket.create_connection(("127.0.0.1", port))) as s:
            s.sendall(b"GET %s HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n" % path.encode())
            asked.release()
            if b" 200 " not in s.recv(4096): raise EOFError
    except Exception as error:
        failures.append(error); asked.release()
threads = [threading.Thread(target=work, daemon=True) for _ in range(count)]
for thread in threads: thread.start()
for _ in threads: asked.acquire()
print("asked", flush=True)
for thread in threads: thread.join()
print("failed" if failures else "answered", failures[:3], flush=True)
`;

export interface ClientOptions {
	readonly port: number;
	readonly path: string;
	readonly threads: number;
	readonly isConfined?: boolean;
}

/** Starts that client, and lets it begin when the session reads it. */
export async function startClient(session: CaptureSession, cgroup: string, options: ClientOptions): Promise<Program> {
	const { port, path, threads, isConfined = false } = options;
	const words = [String(port), path, String(threads), isConfined ? "confined" : "free"];
	const client = start(cgroup, "python3", ["-c", PYTHON_CLIENT, ...words], { stdio: ["pipe", "pipe", "pipe"] });
	await client.wrote(/^ready/m);
	await isRead(session, client);
	client.child.stdin?.end("go\n");
	return client;
}
