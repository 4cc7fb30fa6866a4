import assert from "node:assert/strict";
import { test } from "node:test";
import { errnoName, errnoText } from "./errno.js";
import { missingCapabilities } from "./privilege.js";
import { bpfRefused, type LoadFailure, loadRefused, summarizeVerifierLog } from "./refusal.js";

const failure: LoadFailure = {
	path: "/opt/x.bpf.o",
	error: -13,
	warnings: ["prog 'traffic': BPF program load failed: Permission denied", "failed to load object '/opt/x.bpf.o'"],
	verifierLog: "0: (b7) r0 = 0\nR4 invalid zero-sized read: u64=[0,7]\nprocessed 9 insns (limit 1000000)\n",
	missingCapabilities: [],
	kernelRelease: "5.10.0-28-amd64",
};

test("errnos have names and sentences, kernel-only ones too", () => {
	assert.equal(errnoName(-1), "EPERM");
	assert.equal(errnoText(13), "permission denied (EACCES)");
	assert.equal(errnoText(-524), "operation not supported by this kernel (ENOTSUPP)");
	assert.equal(errnoText(-99_999), "errno 99999");
});

test("missing capabilities are named; CAP_SYS_ADMIN stands in for two of them", () => {
	const status = (effective: string): string =>
		`Name:\tnode\nCapInh:\t0000000000000000\nCapEff:\t${effective}\nSeccomp:\t0\n`;
	assert.deepEqual(missingCapabilities(status("000001ffffffffff")), []);
	assert.deepEqual(missingCapabilities(status("0000000000000000")), ["CAP_BPF", "CAP_NET_ADMIN", "CAP_PERFMON"]);
	assert.deepEqual(missingCapabilities(status("000000c000001000")), []);
	assert.deepEqual(missingCapabilities(status("0000000000200000")), ["CAP_NET_ADMIN"]);
	assert.deepEqual(missingCapabilities(status("0000008000001000")), ["CAP_PERFMON"]);
});

test("a verifier's log is cut down to its end, without statistics", () => {
	const log = [...Array.from({ length: 20 }, (_, i) => `${i}: (b7) r${i % 10} = 0`), "R1 invalid mem access 'scalar'"];
	const statistics = [
		"processed 21 insns (limit 1000000) max_states_per_insn 0",
		"verification time 50 usec",
		"stack depth 0",
	];
	const lines = summarizeVerifierLog([...log, ...statistics, ""].join("\n")).split("\n");
	assert.equal(lines.length, 13);
	assert.equal(lines[0], "  (9 lines omitted)");
	assert.equal(lines[1], "  9: (b7) r9 = 0");
	assert.equal(lines.at(-1), "  R1 invalid mem access 'scalar'");
	assert.equal(summarizeVerifierLog("one\n\ntwo\n"), "  one\n  two");
	assert.equal(summarizeVerifierLog(""), "");
});

test("a refused program: its name, the kernel, the reason from the log", () => {
	const error = loadRefused(failure);
	assert.equal(error.code, "HTTPEEK_VERIFIER");
	assert.equal(
		error.message,
		"Linux 5.10.0-28-amd64 refused the BPF program traffic: permission denied (EACCES)\n" +
			"  0: (b7) r0 = 0\n  R4 invalid zero-sized read: u64=[0,7]",
	);
	assert.ok(error.hint);
});

test("a refused program without messages of libbpf still shows the log", () => {
	const error = loadRefused({ ...failure, warnings: [] });
	assert.equal(error.code, "HTTPEEK_VERIFIER");
	assert.match(error.message, /program \(unknown\): .*\n.*\n {2}R4 invalid/);
});

test("a missing capability is named before anything else", () => {
	const error = loadRefused({ ...failure, missingCapabilities: ["CAP_PERFMON"] });
	assert.equal(error.code, "HTTPEEK_PRIVILEGE");
	assert.match(error.message, /CAP_PERFMON/);
});

test("a refused map is named", () => {
	const warnings = [
		"Error in bpf_create_map_xattr(cells):No memory(-12)",
		"map 'cells': failed to create: No memory(-12)",
	];
	const error = loadRefused({ ...failure, error: -12, warnings, verifierLog: "" });
	assert.equal(error.code, "HTTPEEK_BPF");
	assert.equal(error.message, "cannot create the map cells on Linux 5.10.0-28-amd64: not enough memory (ENOMEM)");
	assert.match(error.hint ?? "", /--max-endpoints/);
});

test("other refusals keep the errno and what libbpf said", () => {
	const error = loadRefused({ ...failure, error: -22, warnings: ["strange"], verifierLog: "" });
	assert.match(error.message, /^cannot load \/opt\/x\.bpf\.o into Linux .*: invalid argument \(EINVAL\) \[strange\]$/);
	assert.equal(bpfRefused("do it", 22, { hint: "do that" }).hint, "do that");
});
