/** What this machine allows: each requirement of httpeek checked, with what to do about those that are not met. */
import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { arch, endianness, platform, release } from "node:os";
import { HttpeekError } from "../base/errors.js";
import { findCgroupRoot } from "../identity/cgroup-tree.js";
import { readCapabilities } from "./capabilities.js";
import { systemProbes } from "./doctor-probes.js";

/** The oldest kernel that the programs are tested on. */
const KERNEL_FLOOR = "5.10";
/** From here on maps count as memory of the cgroup and not against the memlock limit. */
const KERNEL_WITHOUT_MEMLOCK = "5.11";
/** The initial cgroup namespace, in every kernel: PROC_CGROUP_INIT_INO of include/linux/proc_ns.h. */
const HOST_CGROUP_NAMESPACE = "cgroup:[4026531835]";
const ARCHITECTURES = ["x64", "arm64"];
const PROXY_HINT = "where a proxy of this host ends TLS, watch what it passes on in plain HTTP";
const INSIDE_CONTAINER_HINT = "in a container: docker run --privileged --pid=host --cgroupns=host --network=host";

export interface Check {
	readonly name: string;
	/** `failed`: the main job cannot run. `warning`: it runs, with the limit that the detail tells. */
	readonly state: "ok" | "warning" | "failed";
	readonly detail: string;
	/** The command or step that puts it right. */
	readonly hint?: string;
}

/** What is tried and not only looked at. Each function throws or rejects when it does not work. */
export interface DoctorProbes {
	/** Version of libbpf, such as `1.1`. */
	readonly libbpfVersion: () => string | Promise<string>;
	/** The file with the programs for this architecture; it may not exist. */
	readonly objectPath: () => string | Promise<string>;
	/** Loads the programs into the kernel, attaches none, and unloads them. */
	readonly tryLoad: () => void | Promise<void>;
	/** Makes a cgroup as `run` and `demo` do, and removes it. */
	readonly tryOwnCgroup: () => void | Promise<void>;
	/** Loads the programs that read TLS, hooks a function of this process with them, and takes them off. */
	readonly tryTls: () => void | Promise<void>;
	/** Attaches the programs to such a cgroup with nothing in it, and takes them off. */
	readonly tryAttach: () => void | Promise<void>;
}

/** The machine as it is looked at; tests describe others. */
export interface Machine {
	readonly platform: string;
	readonly arch: string;
	readonly endianness: "BE" | "LE";
	readonly kernelRelease: string;
	readonly read: (path: string) => string | undefined;
	readonly exists: (path: string) => boolean;
	/** Undefined where there is no such link. */
	readonly readLink: (path: string) => string | undefined;
	readonly findCgroupRoot: () => string;
}

/** Checks everything, requirements before sources. Never throws: what goes wrong is a check's result. */
export async function runChecks(
	probes: DoctorProbes = systemProbes,
	machine: Machine = thisMachine(),
): Promise<Check[]> {
	return [
		checkSystem(machine),
		checkPrivileges(machine),
		checkLockdown(machine),
		checkCgroup(machine),
		await check("libbpf", async () => ({ detail: `version ${await probes.libbpfVersion()}` })),
		await checkObject(probes, machine),
		await checkLoad(probes),
		...(await checkAttaching(probes)),
		checkNamespace(machine),
		await checkTls(probes, machine),
		checkJit(machine),
		...checkMemlock(machine),
		checkStatistics(machine),
	];
}

/** Whether httpeek can do its main job here. */
export function canRun(checks: readonly Check[]): boolean {
	return checks.every(({ state }) => state !== "failed");
}

function thisMachine(): Machine {
	return {
		platform: platform(),
		arch: arch(),
		endianness: endianness(),
		kernelRelease: release(),
		read(path) {
			try {
				return readFileSync(path, "utf8").trim();
			} catch {
				return undefined;
			}
		},
		exists: existsSync,
		readLink(path) {
			try {
				return readlinkSync(path);
			} catch {
				return undefined;
			}
		},
		findCgroupRoot,
	};
}

function checkSystem(machine: Machine): Check {
	const name = "system";
	const detail = `${machine.platform} ${machine.kernelRelease} ${machine.arch}`;
	const failed = (why: string, hint: string): Check => ({ name, state: "failed", detail: `${detail}: ${why}`, hint });
	if (machine.platform !== "linux") return failed("not Linux", "run httpeek on a Linux host or in a Linux VM");
	if (machine.endianness !== "LE" || !ARCHITECTURES.includes(machine.arch)) {
		return failed("not supported", `run httpeek on one of ${ARCHITECTURES.join(", ")}`);
	}
	if (isOlder(machine.kernelRelease, KERNEL_FLOOR)) {
		return failed(
			`older than ${KERNEL_FLOOR}`,
			"apt-get install linux-image-amd64 (or your distribution's), and reboot",
		);
	}
	return { name, state: "ok", detail };
}

function checkPrivileges(machine: Machine): Check {
	const name = "privileges";
	const hint = `sudo httpeek; ${INSIDE_CONTAINER_HINT}`;
	const { missing, lacksNames } = readCapabilities(machine.read("/proc/self/status") ?? "");
	if (missing.length > 0) return { name, state: "failed", detail: `missing ${missing.join(", ")}`, hint };
	// Full capabilities in a user namespace are none in the kernel's eyes.
	const identityMap = /^\s*0\s+0\s+4294967295\s*$/;
	const idMap = machine.read("/proc/self/uid_map");
	if (idMap !== undefined && !identityMap.test(idMap)) {
		return { name, state: "failed", detail: "root only inside of a user namespace", hint: "run httpeek on the host" };
	}
	if (lacksNames) {
		const detail = "missing CAP_SYS_PTRACE: sockets older than httpeek get no service name";
		return { name, state: "warning", detail, hint };
	}
	return { name, state: "ok", detail: "all capabilities that are needed" };
}

function checkLockdown(machine: Machine): Check {
	const mode = /\[(\w+)\]/.exec(machine.read("/sys/kernel/security/lockdown") ?? "")?.[1];
	// The programs read packets only: neither kprobes nor kernel memory, which is what lockdown takes away.
	const detail = mode === undefined ? "not visible (securityfs is not mounted)" : `${mode}: no obstacle`;
	return { name: "lockdown", state: "ok", detail };
}

function checkCgroup(machine: Machine): Check {
	const name = "cgroup v2";
	try {
		return { name, state: "ok", detail: `mounted at ${machine.findCgroupRoot()}` };
	} catch (error) {
		return failure(name, error);
	}
}

async function checkObject(probes: DoctorProbes, machine: Machine): Promise<Check> {
	return check("programs", async () => {
		const path = await probes.objectPath();
		if (machine.exists(path)) return { detail: path };
		const hint = "npm run build in a checkout; npm install httpeek otherwise";
		throw new HttpeekError("HTTPEEK_BUILD", `${path} does not exist`, { hint });
	});
}

async function checkLoad(probes: DoctorProbes): Promise<Check> {
	return check("source: plain HTTP", async () => {
		const startedMs = performance.now();
		await probes.tryLoad();
		return { detail: `the kernel accepts the programs (${Math.round(performance.now() - startedMs)} ms)` };
	});
}

/** Encrypted traffic is the smaller part of the job: without it the rest goes on. */
async function checkTls(probes: DoctorProbes, machine: Machine): Promise<Check> {
	const name = "source: TLS";
	const tried = await check(name, async () => {
		await probes.tryTls();
		return { detail: "TLS libraries can be hooked with uprobes" };
	});
	const { lacksNames } = readCapabilities(machine.read("/proc/self/status") ?? "");
	if (tried.state === "failed") {
		return { hint: PROXY_HINT, ...tried, state: "warning", detail: `not read: ${tried.detail}` };
	}
	if (!lacksNames) return tried;
	const detail = "missing CAP_SYS_PTRACE: the libraries of processes with more privileges are not found";
	return { name, state: "warning", detail, hint: `sudo httpeek; ${INSIDE_CONTAINER_HINT}` };
}

/** `run` and `demo` need a cgroup of their own, the others do not; attaching is tried where nothing is to be seen. */
async function checkAttaching(probes: DoctorProbes): Promise<Check[]> {
	const own = await check("run and demo", async () => {
		await probes.tryOwnCgroup();
		return { detail: "a cgroup for a command can be made" };
	});
	if (own.state === "failed") {
		return [{ ...own, state: "warning", detail: `no cgroup for a command can be made: ${own.detail}` }];
	}
	const attaching = await check("attaching", async () => {
		await probes.tryAttach();
		return { detail: "the kernel attaches the programs to a cgroup" };
	});
	return [own, attaching];
}

/** In a container "the whole host" is what its cgroup namespace shows of it. */
function checkNamespace(machine: Machine): Check {
	const name = "view of the host";
	const namespace = machine.readLink("/proc/self/ns/cgroup");
	if (namespace === undefined || namespace === HOST_CGROUP_NAMESPACE) {
		return { name, state: "ok", detail: "every cgroup" };
	}
	const detail = "a cgroup namespace: only what runs in this container, and below, is seen";
	return { name, state: "warning", detail, hint: `run httpeek on the host, or ${INSIDE_CONTAINER_HINT}` };
}

function checkJit(machine: Machine): Check {
	const name = "BPF JIT";
	const value = machine.read("/proc/sys/net/core/bpf_jit_enable");
	if (value === "0") {
		const hint = "sysctl -w net.core.bpf_jit_enable=1";
		return { name, state: "warning", detail: "off: programs are interpreted and cost several times as much", hint };
	}
	if (value === "2") {
		const hint = "sysctl -w net.core.bpf_jit_enable=1";
		return { name, state: "warning", detail: "on, and it writes all code to the kernel log", hint };
	}
	// The file is readable for root only.
	return { name, state: "ok", detail: value === undefined ? "not visible" : "on" };
}

function checkMemlock(machine: Machine): Check[] {
	if (!isOlder(machine.kernelRelease, KERNEL_WITHOUT_MEMLOCK)) return [];
	const name = "memlock limit";
	const limit = /^Max locked memory\s+(\S+)/m.exec(machine.read("/proc/self/limits") ?? "")?.[1] ?? "unknown";
	if (limit === "unlimited") return [{ name, state: "ok", detail: limit }];
	const detail = `${limit} bytes: too little for the maps unless httpeek may raise it (CAP_SYS_RESOURCE)`;
	return [{ name, state: "warning", detail, hint: "ulimit -l unlimited" }];
}

function checkStatistics(machine: Machine): Check {
	const name = "BPF statistics";
	if (machine.read("/proc/sys/kernel/bpf_stats_enabled") !== "1") return { name, state: "ok", detail: "off" };
	const detail = "on: every program run is timed, which costs about as much as a small program";
	return { name, state: "warning", detail, hint: "sysctl -w kernel.bpf_stats_enabled=0" };
}

async function check(name: string, run: () => Promise<{ detail: string }>): Promise<Check> {
	try {
		return { name, state: "ok", ...(await run()) };
	} catch (error) {
		return failure(name, error);
	}
}

function failure(name: string, error: unknown): Check {
	const detail = error instanceof Error ? error.message : String(error);
	const hint = error instanceof HttpeekError ? error.hint : undefined;
	return { name, state: "failed", detail, ...(hint === undefined ? {} : { hint }) };
}

/** Compares `5.10.223-amd64` with `5.11` by their first two numbers. */
function isOlder(kernelRelease: string, floor: string): boolean {
	const numbers = (version: string) => (version.match(/\d+/g) ?? []).map(Number);
	const [major = 0, minor = 0] = numbers(kernelRelease);
	const [floorMajor = 0, floorMinor = 0] = numbers(floor);
	return major < floorMajor || (major === floorMajor && minor < floorMinor);
}
