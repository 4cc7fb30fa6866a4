/** A certificate for tests that speak TLS on the loopback. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** Paths of PEM files. */
export interface Certificate {
	/** The certificate, which also is the authority that a client has to trust. */
	readonly chain: string;
	readonly key: string;
	/** Both in one file. */
	readonly both: string;
}

const MAKE =
	"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost" +
	" -addext subjectAltName=IP:127.0.0.1,IP:::1,DNS:localhost";

/** Makes one that is valid for 127.0.0.1, ::1 and localhost, in a folder that goes when the test ends. */
export function makeCertificate(context: TestContext): Certificate {
	const folder = mkdtempSync(join(tmpdir(), "httpeek-certificate-"));
	context.after(() => rmSync(folder, { recursive: true }));
	const [chain, key, both] = ["chain.pem", "key.pem", "both.pem"].map((name) => join(folder, name)) as [
		string,
		string,
		string,
	];
	execFileSync("openssl", [...MAKE.split(" "), "-keyout", key, "-out", chain], { stdio: "pipe" });
	writeFileSync(both, readFileSync(chain, "utf8") + readFileSync(key, "utf8"), { mode: 0o600 });
	return { chain, key, both };
}

/** What makes clients trust it: the variables of OpenSSL and Go, Node, Python's requests and curl. */
export function trusting({ chain }: Certificate): Record<string, string> {
	return { SSL_CERT_FILE: chain, NODE_EXTRA_CA_CERTS: chain, REQUESTS_CA_BUNDLE: chain, CURL_CA_BUNDLE: chain };
}
