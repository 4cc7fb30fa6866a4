import assert from "node:assert/strict";
import { test } from "node:test";
import { HttpeekError } from "../base/errors.js";
import { type Check, canRun, type DoctorProbes, type Machine, runChecks } from "./doctor.js";

const GOOD_FILES: Readonly<Record<string, string>> = {
	"/proc/self/status": "CapEff:\t000001ffffffffff",
	"/proc/self/uid_map": "         0          0 4294967295",
	"/sys/kernel/security/lockdown": "none [integrity] confidentiality",
	"/proc/sys/net/core/bpf_jit_enable": "1",
	"/proc/sys/kernel/bpf_stats_enabled": "0",
	"/proc/self/limits": "Max locked memory         65536                65536                bytes",
};

interface Changes {
	readonly machine?: Partial<Machine>;
	readonly files?: Readonly<Record<string, string>>;
	readonly probes?: Partial<DoctorProbes>;
}

async function run({ machine = {}, files = {}, probes = {} }: Changes): Promise<Check[]> {
	const all = { ...GOOD_FILES, ...files };
	return runChecks(
		{
			libbpfVersion: () => "1.1",
			objectPath: () => "/x/httpeek.bpf.o",
			tryLoad: () => {},
			tryTls: () => {},
			tryOwnCgroup: () => {},
			tryAttach: () => {},
			...probes,
		},
		{
			platform: "linux",
			arch: "x64",
			endianness: "LE",
			kernelRelease: "6.1.0-18-amd64",
			read: (path) => all[path],
			exists: () => true,
			readLink: () => "cgroup:[4026531835]",
			findCgroupRoot: () => "/sys/fs/cgroup",
			...machine,
		},
	);
}

function fails(error: Error): () => never {
	return () => {
		throw error;
	};
}

test("a good machine: all well", async () => {
	const checks = await run({});
	assert.deepEqual(
		checks.filter(({ state }) => state !== "ok"),
		[],
	);
	assert.equal(canRun(checks), true);
	const names = checks.map(({ name }) => name);
	assert.equal(new Set(names).size, names.length);
});

const noCgroup = new HttpeekError("HTTPEEK_NO_CGROUP2", "none is mounted", { hint: "mount -t cgroup2 none /x" });

const CASES: readonly (readonly [name: string, state: string, changes: Changes, detail: RegExp, hint: RegExp])[] = [
	["system", "failed", { machine: { platform: "darwin" } }, /not Linux/, /Linux/],
	["system", "failed", { machine: { arch: "s390x", endianness: "BE" } }, /not supported/, /x64, arm64/],
	["system", "failed", { machine: { kernelRelease: "5.4.0" } }, /older than 5\.10/, /apt-get install/],
	["system", "failed", { machine: { kernelRelease: "4.19.1" } }, /older than 5\.10/, /apt-get install/],
	["privileges", "failed", { files: { "/proc/self/status": "CapEff:\t0" } }, /CAP_BPF, CAP_NET_ADMIN/, /sudo/],
	["privileges", "failed", { files: { "/proc/self/uid_map": "0 1000 1" } }, /user namespace/, /on the host/],
	["privileges", "warning", { files: { "/proc/self/status": "CapEff:\t000000c000001000" } }, /SYS_PTRACE/, /sudo/],
	["cgroup v2", "failed", { machine: { findCgroupRoot: fails(noCgroup) } }, /^none is mounted$/, /^mount -t/],
	[
		"libbpf",
		"failed",
		{ probes: { libbpfVersion: fails(new HttpeekError("HTTPEEK_NO_LIBBPF", "no file", { hint: "get it" })) } },
		/^no file$/,
		/^get it$/,
	],
	["programs", "failed", { machine: { exists: () => false } }, /httpeek\.bpf\.o does not exist/, /npm run build/],
	[
		"source: plain HTTP",
		"failed",
		{
			probes: {
				tryLoad: async () => fails(new HttpeekError("HTTPEEK_VERIFIER", "refused", { hint: "newer kernel" }))(),
			},
		},
		/^refused$/,
		/^newer/,
	],
	[
		"attaching",
		"failed",
		{ probes: { tryAttach: fails(new HttpeekError("HTTPEEK_BPF", "no", { hint: "see LSM" })) } },
		/^no$/,
		/^see/,
	],
	[
		"run and demo",
		"warning",
		{ probes: { tryOwnCgroup: fails(new HttpeekError("HTTPEEK_PRIVILEGE", "EROFS", { hint: "mount it" })) } },
		/^no cgroup for a command can be made: EROFS$/,
		/^mount it$/,
	],
	[
		"view of the host",
		"warning",
		{ machine: { readLink: () => "cgroup:[4026532000]" } },
		/only what runs/,
		/--cgroupns=host/,
	],
	[
		"source: TLS",
		"warning",
		{ probes: { tryTls: fails(new HttpeekError("HTTPEEK_BPF", "EPERM", { hint: "run as root" })) } },
		/^not read: EPERM$/,
		/^run as root$/,
	],
	["source: TLS", "warning", { probes: { tryTls: fails(new Error("no")) } }, /^not read: no$/, /proxy/],
	[
		"source: TLS",
		"warning",
		{ files: { "/proc/self/status": "CapEff:\t000000c000001000" } },
		/SYS_PTRACE: the libraries/,
		/sudo/,
	],
	["BPF JIT", "warning", { files: { "/proc/sys/net/core/bpf_jit_enable": "0" } }, /interpreted/, /^sysctl -w/],
	["BPF JIT", "warning", { files: { "/proc/sys/net/core/bpf_jit_enable": "2" } }, /kernel log/, /^sysctl -w/],
	["memlock limit", "warning", { machine: { kernelRelease: "5.10.223" } }, /^65536 bytes/, /^ulimit -l/],
	["BPF statistics", "warning", { files: { "/proc/sys/kernel/bpf_stats_enabled": "1" } }, /timed/, /=0$/],
];

for (const [name, state, changes, detail, hint] of CASES) {
	test(`${name} ${state}: ${detail.source}`, async () => {
		const checks = await run(changes);
		const found = checks.find((check) => check.name === name);
		assert.equal(found?.state, state);
		assert.match(found?.detail ?? "", detail);
		assert.match(found?.hint ?? "", hint);
		assert.equal(canRun(checks), state !== "failed");
	});
}

test("an error that is not httpeek's becomes a failed check as well", async () => {
	const checks = await run({ probes: { tryLoad: fails(new TypeError("oops")) } });
	assert.deepEqual(
		checks.find(({ state }) => state === "failed"),
		{ name: "source: plain HTTP", state: "failed", detail: "oops" },
	);
});

test("this machine is described without throwing", async () => {
	const harmless = { tryLoad: () => {}, tryTls: () => {}, tryOwnCgroup: () => {}, tryAttach: () => {} };
	const probes = { libbpfVersion: () => "1.1", objectPath: () => "/nonexistent", ...harmless };
	const checks = await runChecks(probes);
	assert.equal(checks.find(({ name }) => name === "programs")?.state, "failed");
});
