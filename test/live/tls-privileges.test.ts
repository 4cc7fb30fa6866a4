/** Where TLS may not be read, everything else goes on, and the reason is told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Errno } from "../../src/kernel/errno.js";
import { native, replaceNative } from "../../src/kernel/libbpf.js";
import { bpfDescriptors } from "../support/bpf-descriptors.js";
import { countOf, settled, skipReason, watch } from "../support/capture.js";
import { makeCertificate } from "../support/certificate.js";
import { HTTPEEK } from "../support/httpeek.js";
import { makeLiveCgroup } from "../support/live-cgroup.js";
import { startNginx } from "../support/nginx.js";
import { run, start } from "../support/programs.js";

test("without the right to set uprobes plain HTTP is counted", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const before = bpfDescriptors();
	const real = native();
	// as a kernel before 6.12 does it to who lacks CAP_SYS_ADMIN
	replaceNative({ ...real, linkUprobes: () => -1, attachUprobe: () => null, errno: () => Errno.EPERM });
	context.after(() => replaceNative(undefined));
	const session = await watch(context, { cgroups: [cgroup] }, { isTlsRead: true });
	replaceNative(undefined);
	assert.match(session.tlsProblem ?? "", /^cannot attach tls_\w+ to .*CAP_SYS_ADMIN/s);
	assert.equal(session.tlsReport()?.problems.length, 1);
	const certificate = makeCertificate(context);
	const [plain, encrypted] = [await startNginx(context, cgroup), await startNginx(context, cgroup, certificate)];
	for (const url of [`http://127.0.0.1:${plain.port}/ok`, `https://127.0.0.1:${encrypted.port}/ok`]) {
		await run(cgroup, "curl", ["-sf", "--cacert", certificate.chain, "-o", "/dev/null", url]);
	}
	const snapshot = await settled(session);
	assert.equal(countOf(snapshot, { port: plain.port }), 2);
	assert.equal(countOf(snapshot), 2);
	session.close();
	assert.equal(bpfDescriptors(), before, "nothing of what was tried is left");
});

test("doctor tells who lacks what", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const rights = "-all,+bpf,+perfmon,+net_admin";
	const words = ["--inh-caps", rights, "--bounding-set", rights, process.execPath, HTTPEEK, "doctor", "-o", "json"];
	const doctor = start(cgroup, "setpriv", words);
	await doctor.ended;
	const { checks } = JSON.parse(doctor.stdout) as { checks: { name: string; state: string; detail: string }[] };
	const check = checks.find(({ name }) => name === "source: TLS");
	assert.equal(check?.state, "warning");
	assert.match(check?.detail ?? "", /CAP_SYS_PTRACE|CAP_SYS_ADMIN/);
});
