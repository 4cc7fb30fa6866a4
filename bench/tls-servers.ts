/** Programs that speak TLS, each as it is configured for many small requests over connections that stay open. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HttpeekError } from "../src/base/errors.js";
import { startHaproxy } from "./haproxy.js";
import { startNginx } from "./nginx.js";
import { freePort, isListening, type Server, startNode } from "./servers.js";
import type { Workplace } from "./workplace.js";

/** Paths of PEM files. */
export interface Certificate {
	readonly chain: string;
	readonly key: string;
	/** Both in one file. */
	readonly both: string;
}

const REQUEST =
	"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost" +
	" -addext subjectAltName=IP:127.0.0.1";

/**
 * Makes one for 127.0.0.1.
 * @throws HttpeekError HTTPEEK_IO
 */
export function makeCertificate(workplace: Workplace): Certificate {
	const folder = workplace.makeFolder("certificate");
	const path = (name: string): string => join(folder, name);
	const [chain, key, both] = [path("chain.pem"), path("key.pem"), path("both.pem")];
	const words = [...REQUEST.split(" "), "-keyout", key, "-out", chain];
	const { status, stderr, error } = spawnSync("openssl", words, { encoding: "utf8" });
	if (status !== 0) {
		throw new HttpeekError("HTTPEEK_IO", `cannot make a certificate: ${error?.message ?? stderr.trim()}`);
	}
	writeFileSync(both, readFileSync(chain, "utf8") + readFileSync(key, "utf8"), { mode: 0o600 });
	return { chain, key, both };
}

export interface TlsServer {
	readonly name: string;
	readonly start: (workplace: Workplace, certificate: Certificate) => Promise<Server>;
}

export const NGINX: TlsServer = {
	name: "nginx",
	start: (workplace, certificate) => startNginx(workplace, { certificate }),
};

export const NODE: TlsServer = {
	name: "Node",
	start: (workplace, { chain, key }) =>
		startNode(workplace, "https", { env: { BENCH_CERTIFICATE: chain, BENCH_KEY: key } }),
};

/** The others whose hooks are counted. */
export const OTHERS: readonly TlsServer[] = [
	{
		name: "haproxy",
		async start(workplace, { both }) {
			const behind = await startNode(workplace, "http");
			const front = await startHaproxy(workplace, behind, both);
			return {
				...{ port: front.port, pid: front.pid },
				async [Symbol.asyncDispose]() {
					await front[Symbol.asyncDispose]();
					await behind[Symbol.asyncDispose]();
				},
			};
		},
	},
	{ name: "Apache", start: startApache },
	{ name: "Python's http.server", start: startPython },
];

async function startApache(workplace: Workplace, { chain, key }: Certificate): Promise<Server> {
	const port = await freePort();
	const folder = workplace.makeFolder("apache");
	mkdirSync(join(folder, "www"));
	writeFileSync(join(folder, "www", "index.html"), "ok\n");
	const config = join(folder, "httpd.conf");
	const modules = ["mpm_event", "authz_core", "dir", "ssl"].map(
		(name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`,
	);
	writeFileSync(
		config,
		`${modules.join("\n")}
ServerName localhost
PidFile ${folder}/pid
Mutex file:${folder}
ErrorLog ${folder}/error.log
Listen 127.0.0.1:${port}
ServerLimit 1
StartServers 1
MaxKeepAliveRequests 0
KeepAliveTimeout 60
DocumentRoot ${folder}/www
SSLEngine on
SSLCertificateFile ${chain}
SSLCertificateKeyFile ${key}
`,
	);
	return listening(workplace, "Apache", port, ["apache2", "-d", folder, "-f", config, "-D", "FOREGROUND"]);
}

const PYTHON_SERVER = `
import http.server, ssl, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *_): pass
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2])
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
`;

async function startPython(workplace: Workplace, { both }: Certificate): Promise<Server> {
	const port = await freePort();
	return listening(workplace, "Python", port, ["python3", "-c", PYTHON_SERVER, String(port), both]);
}

async function listening(
	workplace: Workplace,
	name: string,
	port: number,
	[command = "", ...words]: readonly string[],
): Promise<Server> {
	const child = workplace.startServer(name, command, words);
	await child.until(async () => isListening(child.pid, port), "did not listen");
	return { port, pid: child.pid, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}
