/** A /proc and a cgroup tree of plain directories, for tests of what reads them. */
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

export interface FakeProcess {
	readonly pid: number;
	readonly comm: string | Buffer;
	readonly parentPid?: number;
	/** Text of /proc/PID/cgroup. */
	readonly cgroup?: string;
	readonly exe?: string;
	readonly commandLine?: readonly string[];
	/** Left out: as on a kernel without CONFIG_PROC_CHILDREN. */
	readonly children?: readonly number[];
	/** Descriptor to link, such as `socket:[17]`. */
	readonly descriptors?: Readonly<Record<number, string>>;
	readonly networkNamespace?: string;
	/** Text of /proc/PID/net/tcp. */
	readonly tcp?: string;
}

export interface FakeHost {
	readonly procRoot: string;
	readonly cgroupRoot: string;
	/** Makes a cgroup and those above it. Returns its id. */
	addCgroup(path: string, pids?: readonly number[]): bigint;
	removeCgroup(path: string): void;
	/** Makes a process, in place of the one with its pid if there is one. */
	addProcess(process: FakeProcess): void;
	removeProcess(pid: number): void;
}

/** Makes a host without cgroups and processes, and removes it when the test ends. */
export function makeFakeHost(context: TestContext): FakeHost {
	const root = mkdtempSync(join(tmpdir(), "httpeek-host-"));
	context.after(() => rmSync(root, { recursive: true, force: true }));
	const procRoot = join(root, "proc");
	const cgroupRoot = join(root, "cgroup");
	mkdirSync(join(procRoot, "self"), { recursive: true });
	mkdirSync(cgroupRoot);
	const mount = `31 23 0:38 / ${cgroupRoot} rw,relatime shared:9 - cgroup2 cgroup2 rw\n`;
	writeFileSync(join(procRoot, "self/mountinfo"), mount);
	return {
		procRoot,
		cgroupRoot,
		addCgroup(path, pids = []) {
			const directory = join(cgroupRoot, path);
			mkdirSync(directory, { recursive: true });
			writeFileSync(join(directory, "cgroup.procs"), pids.map((pid) => `${pid}\n`).join(""));
			return statSync(directory, { bigint: true }).ino;
		},
		removeCgroup(path) {
			rmSync(join(cgroupRoot, path), { recursive: true });
		},
		addProcess(process) {
			rmSync(join(procRoot, String(process.pid)), { recursive: true, force: true });
			writeProcess(join(procRoot, String(process.pid)), process);
		},
		removeProcess(pid) {
			rmSync(join(procRoot, String(pid)), { recursive: true });
		},
	};
}

function writeProcess(directory: string, process: FakeProcess): void {
	const { pid, comm, parentPid = 1, descriptors = {} } = process;
	for (const name of ["ns", "net", "fd", `task/${pid}`]) mkdirSync(join(directory, name), { recursive: true });
	writeFileSync(
		join(directory, "comm"),
		Buffer.concat([typeof comm === "string" ? Buffer.from(comm) : comm, Buffer.from("\n")]),
	);
	writeFileSync(join(directory, "stat"), `${pid} (${comm}) S ${parentPid}${" 0".repeat(17)} 100 0\n`);
	writeFileSync(join(directory, "cgroup"), process.cgroup ?? "0::/\n");
	writeFileSync(join(directory, "cmdline"), (process.commandLine ?? []).map((word) => `${word}\0`).join(""));
	writeFileSync(join(directory, "net/tcp"), process.tcp ?? "");
	symlinkSync(process.networkNamespace ?? "net:[1]", join(directory, "ns/net"));
	if (process.exe !== undefined) symlinkSync(process.exe, join(directory, "exe"));
	if (process.children !== undefined) {
		writeFileSync(join(directory, `task/${pid}/children`), process.children.map((child) => `${child} `).join(""));
	}
	for (const [fd, target] of Object.entries(descriptors)) symlinkSync(target, join(directory, "fd", fd));
}
