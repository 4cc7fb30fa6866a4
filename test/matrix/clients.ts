/** The clients of the matrix: how each is told to ask a server for the targets, and what it then has asked for. */
import type { Certificate } from "../support/certificate.js";
import { H2LOAD, HEY, type LoadGenerator, REQUESTS, REQUESTS_EACH, SENT } from "./load.js";
import {
	type Command,
	type Counts,
	countsOf,
	type Description,
	type OwnPrograms,
	PYTHON,
	source,
	TARGETS,
} from "./programs.js";

/** What a client is given. */
export interface Task {
	/** `http://127.0.0.1:8080` or `https://…`. */
	readonly base: string;
	readonly certificate: Certificate;
	readonly programs: OwnPrograms;
}

export interface Client extends Description {
	/** Programs that are run one after another. */
	readonly commands: (task: Task) => readonly Command[];
	/** What they ask for, all together. */
	readonly sent: Counts;
	/** Exit codes that say no more than that an answer was 404 or 500. Default: none. */
	readonly goodCodes?: readonly number[];
}

/** Requests for each target of a client that asks one at a time. */
const FEW = 5;

const OPENSSL = { library: "OpenSSL, shared" };
const CRYPTO_TLS = { library: "crypto/tls" };
const NODE = { language: "JavaScript", version: process.versions.node, tls: { library: "OpenSSL, in the program" } };
/** All of them with one program. */
const oneByOne = (...command: Command): Pick<Client, "commands" | "sent"> => ({
	commands: ({ base }) => [[...command, ...urls(base)]],
	sent: countsOf(FEW),
});
/** A load generator. */
const generating = ({ commands }: Pick<LoadGenerator, "commands">): Pick<Client, "commands" | "sent"> => ({
	commands: ({ base }) => commands(base),
	sent: SENT,
});

export const CLIENTS: readonly Client[] = [
	{
		name: "curl",
		language: "C",
		version: { debianPackage: "curl" },
		tls: OPENSSL,
		...oneByOne("curl", "--silent", "--show-error"),
	},
	{
		name: "wget",
		language: "C",
		version: { debianPackage: "wget" },
		tls: { library: "GnuTLS, shared" },
		commands: ({ base, certificate }) => [
			["wget", "--quiet", "-O", "/dev/null", `--ca-certificate=${certificate.chain}`, ...urls(base)],
		],
		sent: countsOf(FEW),
		goodCodes: [8],
	},
	{
		name: "wrk",
		language: "C",
		version: { debianPackage: "wrk" },
		tls: OPENSSL,
		commands: ({ base }) => {
			const paths = TARGETS.map(({ path }) => path).join(" ");
			const words = ["env", `PATHS=${paths}`, `REQUESTS=${REQUESTS}`, "wrk"] as const;
			// the script ends it, not the time
			return [[...words, "-t", "1", "-c", "1", "-d", "60s", "-s", source("wrk.lua"), base]];
		},
		sent: SENT,
	},
	{
		name: "h2load --h1",
		language: "C++",
		version: { debianPackage: "nghttp2-client" },
		tls: OPENSSL,
		...generating(H2LOAD),
	},
	{
		name: "ab, HTTP/1.0 with keep-alive",
		language: "C",
		version: { debianPackage: "apache2-utils" },
		tls: OPENSSL,
		...generating({
			commands: (base) =>
				TARGETS.map(({ path }) => ["ab", "-q", "-k", "-n", `${REQUESTS_EACH}`, "-c", "4", base + path]),
		}),
	},
	{
		name: "hey",
		language: "Go",
		version: { debianPackage: "hey" },
		tls: CRYPTO_TLS,
		...generating(HEY),
	},
	{
		name: "net/http client",
		language: "Go",
		version: { debianPackage: "golang-go" },
		tls: CRYPTO_TLS,
		commands: ({ base, programs }) => [[programs.goClient, ...urls(base)]],
		sent: countsOf(FEW),
	},
	{ ...NODE, name: "fetch (undici)", ...oneByOne(process.execPath, source("fetch-client.mjs")) },
	{ ...NODE, name: "http.Agent, https.Agent", ...oneByOne(process.execPath, source("agent-client.mjs")) },
	{
		name: "requests",
		language: "Python",
		version: { debianPackage: "python3-requests" },
		tls: OPENSSL,
		...oneByOne(PYTHON, source("requests_client.py")),
	},
	{
		name: "aiohttp client",
		language: "Python",
		version: { debianPackage: "python3-aiohttp" },
		tls: OPENSSL,
		...oneByOne(PYTHON, source("aiohttp_client.py")),
	},
	{
		name: "Net::HTTP",
		language: "Ruby",
		version: { debianPackage: "ruby" },
		tls: OPENSSL,
		...oneByOne("ruby", source("client.rb")),
	},
	{
		name: "streams",
		language: "PHP",
		version: { debianPackage: "php-cli" },
		tls: OPENSSL,
		...oneByOne("php", source("client.php")),
	},
	{
		name: "java.net.http",
		language: "Java",
		version: { debianPackage: "openjdk-17-jre-headless" },
		tls: { none: "JSSE is Java code, compiled while it runs" },
		...oneByOne("java", "-XX:TieredStopAtLevel=1", source("Client.java")),
	},
	{
		name: "sq keyserver get (hyper)",
		language: "Rust",
		version: { debianPackage: "sq" },
		tls: OPENSSL,
		commands: ({ base }) => Array.from({ length: FEW }, () => keyRequest(base)),
		sent: { "GET /pks/lookup 404": FEW },
		goodCodes: [1],
	},
];

/** The protocol of key servers is HTTP, under names of its own. */
function keyRequest(base: string): Command {
	const server = base.replace(/^http/, "hkp");
	const policy = server.startsWith("hkps:") ? "encrypted" : "insecure";
	const noKey = "0123456789ABCDEF0123456789ABCDEF01234567";
	return ["sq", "keyserver", "--policy", policy, "--server", server, "get", noKey];
}

function urls(base: string): string[] {
	return Array.from({ length: FEW }, () => TARGETS.map(({ path }) => base + path)).flat();
}
