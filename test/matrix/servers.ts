/** The servers of the matrix: how each is told to answer the targets at a port, plain or with TLS. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HEY, type LoadGenerator } from "./load.js";
import { type Command, type Description, type Place, PYTHON, source } from "./programs.js";

export interface Server extends Description {
	/** What it is asked with. Default: h2load. */
	readonly askedWith?: LoadGenerator;
	/** Writes what it needs into its folder and returns how it is started. */
	readonly prepare: (place: Place) => Command;
}

const OPENSSL = { library: "OpenSSL, shared" };
const IN_PYTHON = { language: "Python", tls: OPENSSL };

/** Started as in other tests (test/support/nginx.ts): clients of the matrix ask it, too. */
export const NGINX: Description = {
	name: "nginx",
	language: "C",
	version: { debianPackage: "nginx-light" },
	tls: OPENSSL,
};

/** Needs a server behind it: haproxyCommand(). */
export const HAPROXY: Description = {
	name: "haproxy",
	language: "C",
	version: { debianPackage: "haproxy" },
	tls: OPENSSL,
};

/** All others. */
export const SERVERS: readonly Server[] = [
	{
		name: "Apache httpd",
		language: "C",
		version: { debianPackage: "apache2-bin" },
		tls: OPENSSL,
		prepare: (place) => {
			for (const name of ["ok", "users/4711"]) {
				const path = join(place.folder, "www", name);
				mkdirSync(join(path, ".."), { recursive: true });
				writeFileSync(path, "hello");
			}
			const path = write(place, "httpd.conf", apacheConfiguration(place));
			return ["apache2", "-d", place.folder, "-f", path, "-D", "FOREGROUND"];
		},
	},
	{
		name: "Caddy",
		language: "Go",
		version: { debianPackage: "caddy" },
		tls: { library: "crypto/tls" },
		prepare: (place) => {
			const path = write(place, "Caddyfile", caddyConfiguration(place));
			return ["env", `HOME=${place.folder}`, "caddy", "run", "--adapter", "caddyfile", "--config", path];
		},
	},
	{
		name: "net/http server",
		language: "Go",
		version: { debianPackage: "golang-go" },
		tls: { library: "crypto/tls" },
		prepare: (place) => [place.programs.goServer, ...portAndPaths(place)],
	},
	{
		name: "Node's http and https servers",
		language: "JavaScript",
		version: process.versions.node,
		tls: { library: "OpenSSL, in the program" },
		prepare: (place) => [process.execPath, source("server.mjs"), ...portAndPaths(place)],
	},
	{
		...IN_PYTHON,
		name: "http.server",
		version: { debianPackage: "python3" },
		prepare: (place) => [PYTHON, source("http_server.py"), ...portAndPaths(place)],
	},
	{
		...IN_PYTHON,
		name: "gunicorn, with threads",
		version: { debianPackage: "gunicorn" },
		prepare: ({ port, folder, certificate }) => [
			...(["gunicorn", "--bind", `127.0.0.1:${port}`, "--worker-class", "gthread", "--threads", "4"] as const),
			...["--keep-alive", "60", "--worker-tmp-dir", folder, "--log-level", "error"],
			...(certificate ? ["--certfile", certificate.chain, "--keyfile", certificate.key] : []),
			...["--env", "PYTHONDONTWRITEBYTECODE=1", "--pythonpath", source(""), "wsgi_server:answer"],
		],
	},
	{
		...IN_PYTHON,
		name: "aiohttp server",
		version: { debianPackage: "python3-aiohttp" },
		prepare: (place) => [PYTHON, source("aiohttp_server.py"), ...portAndPaths(place)],
	},
	{
		name: "Puma",
		language: "Ruby",
		version: { debianPackage: "puma" },
		tls: OPENSSL,
		prepare: ({ port, folder, certificate }) => [
			...(["puma", "--quiet", "--dir", folder, "--bind"] as const),
			certificate
				? `ssl://127.0.0.1:${port}?cert=${certificate.chain}&key=${certificate.key}`
				: `tcp://127.0.0.1:${port}`,
			source("server.ru"),
		],
	},
	{
		name: "PHP's own server",
		language: "PHP",
		version: { debianPackage: "php-cli" },
		tls: { none: "it has no TLS" },
		// it closes every connection, and h2load does not open others
		askedWith: HEY,
		prepare: ({ port }) => ["php", "-q", "-S", `127.0.0.1:${port}`, source("server.php")],
	},
	{
		name: "com.sun.net.httpserver",
		language: "Java",
		version: { debianPackage: "openjdk-17-jre-headless" },
		tls: { none: "JSSE is Java code, compiled while it runs" },
		prepare: ({ port }) => ["java", "-XX:TieredStopAtLevel=1", source("Server.java"), String(port)],
	},
];

/**
 * haproxy between its clients and a server on the same host, with TLS on both sides or on none. It does not answer those
 * who only look whether it is there.
 */
export function haproxyCommand(place: Place, backendPort: number): Command {
	const { port, certificate } = place;
	const path = write(
		place,
		"haproxy.cfg",
		`
defaults
	mode http
	timeout connect 10s
	timeout client 60s
	timeout server 60s
	option http-ignore-probes
frontend in
	bind 127.0.0.1:${port} ${certificate ? `ssl crt ${certificate.both}` : ""}
	default_backend out
backend out
	server one 127.0.0.1:${backendPort} ${certificate ? "ssl verify none" : ""}
`,
	);
	return ["haproxy", "-db", "-q", "-f", path];
}

function apacheConfiguration({ port, folder, certificate }: Place): string {
	const modules = ["mpm_event", "authz_core", "alias", ...(certificate ? ["ssl"] : [])];
	return `
ServerName localhost
PidFile ${folder}/pid
Mutex file:${folder}
ErrorLog ${folder}/error.log
${modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join("\n")}
Listen 127.0.0.1:${port}
ServerLimit 1
StartServers 1
MaxKeepAliveRequests 0
KeepAliveTimeout 60
DocumentRoot ${folder}/www
Redirect 404 /missing
Redirect 500 /broken
${certificate ? `SSLEngine on\nSSLCertificateFile ${certificate.chain}\nSSLCertificateKeyFile ${certificate.key}` : ""}
`;
}

function caddyConfiguration({ port, certificate }: Place): string {
	return `
{
	admin off
	auto_https off
}
${certificate ? "https" : "http"}://127.0.0.1:${port} {
	bind 127.0.0.1
	${certificate ? `tls ${certificate.chain} ${certificate.key}` : ""}
	respond /missing "none" 404
	respond /broken "broken" 500
	respond "hello" 200
}
`;
}

/** The words that the servers written here take: PORT [CERTIFICATE KEY]. */
function portAndPaths({ port, certificate }: Place): string[] {
	return [String(port), ...(certificate ? [certificate.chain, certificate.key] : [])];
}

function write({ folder }: Place, name: string, text: string): string {
	const path = join(folder, name);
	writeFileSync(path, text);
	return path;
}
