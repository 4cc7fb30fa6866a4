/** TLS that the kernel encrypts, where it can; what a watcher is shown of TLS; processes that end before they are found. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type WatchedExchange, watch as watchExchanges } from "../../src/index.js";
import { countOf, lossesOf, settled, skipReason, watch } from "../support/capture.js";
import { makeCertificate } from "../support/certificate.js";
import { makeLiveCgroup } from "../support/live-cgroup.js";
import { startNginx } from "../support/nginx.js";
import { OPENSSL } from "../support/openssl-python.js";
import { run } from "../support/programs.js";
import { runTlsScenarios, type TlsScenario } from "../support/tls-scenarios.js";
import { until } from "../support/until.js";

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

test("a watcher is shown paths of TLS, marked as such", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const certificate = makeCertificate(context);
	const nginx = await startNginx(context, cgroup, certificate);
	const curl = (path: string): Promise<unknown> =>
		run(cgroup, "curl", ["-s", "-o/dev/null", "--cacert", certificate.chain, `https://127.0.0.1:${nginx.port}${path}`]);
	const shown: WatchedExchange[] = [];
	const abort = new AbortController();
	context.after(() => abort.abort());
	let isCounting = false;
	const onCounting = (): void => {
		isCounting = true;
	};
	const following = (async () => {
		for await (const { exchanges } of watchExchanges({
			...{ scope: { cgroups: [cgroup] }, signal: abort.signal, onCounting },
		})) {
			shown.push(...exchanges.filter(({ role }) => role === "server"));
		}
	})();
	await until(() => isCounting, "the watch counts");
	for (const path of ["/users/1?token=secret", "/missing"]) await curl(path);
	await until(() => shown.length === 2, "both are shown");
	abort.abort();
	await following;
	assert.deepEqual(
		shown.map(({ method, path, route, status, tls }) => ({ method, path, route, status, tls })),
		[
			{ method: "GET", path: "/users/1", route: "/users/:id", status: 200, tls: true },
			{ method: "GET", path: "/missing", route: "/missing", status: 404, tls: true },
		],
	);
});

for (const [command, ...args] of [
	["curl", "-sf", "--http1.1", "--cacert"],
	["wget", "-qO/dev/null", "--ca-certificate"],
]) {
	test(`${command} runs for less time than it takes to hook it: counted, or named as not read`, {
		skip: skipReason,
	}, async (context) => {
		const cgroup = makeLiveCgroup(context);
		const certificate = makeCertificate(context);
		const session = await watch(context, { cgroups: [cgroup] }, { isTlsRead: true });
		const nginx = await startNginx(context, cgroup, certificate);
		const url = `https://127.0.0.1:${nginx.port}/ok`;
		for (let i = 0; i < 20; i++) await run(cgroup, command ?? "", [...args, certificate.chain, url]);
		const snapshot = await settled(session);
		// each of the two ends is found by itself: nginx's worker was forked a moment ago
		assert.equal(countOf(snapshot) + (snapshot.facts.tls_unread ?? 0), 40);
		assert.deepEqual(lossesOf(snapshot), {});
	});
}
