/** A BPF program of a loaded object. */
import { closeSync } from "node:fs";
import type { HttpeekError } from "../base/errors.js";
import { Errno } from "./errno.js";
import { native } from "./libbpf.js";
import { type Attachment, BpfLink, LinkDescriptor } from "./link.js";
import type { Pointer } from "./native.js";
import { bpfRefused } from "./refusal.js";

/** Where a uprobe is put. */
export interface UprobePlace {
	/** Only in this process; default: in all that map the file. */
	readonly pid?: number;
	/** Of the file, as this process can open it. */
	readonly path: string;
	/** In the file, in bytes. */
	readonly offset: number;
	/** Runs when the function that begins there returns. */
	readonly atReturn: boolean;
}

/** A place in a file, and a number by which the program knows that it runs there. */
export interface CookedPlace {
	readonly offset: number;
	readonly cookie: number;
}

export interface TestRunOptions {
	/** For network programs: a packet from its Ethernet header on (14 bytes at least). */
	readonly data: Uint8Array;
	/** The program's context, such as a `struct __sk_buff`. */
	readonly context?: Uint8Array;
	/** How often to run (default 1). */
	readonly repeat?: number;
}

export interface TestRunResult {
	readonly returnValue: number;
	/** Average of one run. */
	readonly durationNs: number;
	/** The packet afterwards. */
	readonly dataOut: Uint8Array;
}

export interface ProgramStatistics {
	/** Runs counted while statistics were on: see enableStatistics(). */
	readonly runs: number;
	readonly runTimeNs: number;
	/** Runs that did not happen because the program was running on that CPU already (tracing programs; kernel 5.12 on). */
	readonly recursionMisses: number;
}

/** Where `run_time_ns`, `run_cnt` and `recursion_misses` stand in `struct bpf_prog_info` (include/uapi/linux/bpf.h). */
const INFO = { bytes: 232, runTimeNs: 192, runs: 200, recursionMisses: 208 } as const;
/** What the kernel may add to the packet that comes back. */
const DATA_OUT_SLACK_BYTES = 256;

const ALL_PROCESSES = -1;

const TOO_MANY_PROGRAMS = "64 programs run on this cgroup already: detach those of another tool (bpftool cgroup tree)";

/** Of `enum bpf_attach_type`: which way the packets of a cgroup go. */
const CGROUP_SKB = { ingress: 0, egress: 1 } as const;
export type PacketDirection = keyof typeof CGROUP_SKB;

/** `BPF_STATS_RUN_TIME` of enum bpf_stats_type. */
const RUN_TIME = 0;

/**
 * Has the kernel count and time the runs of all programs, which costs each run about 80 ns, until the result is closed or
 * this process ends, however it ends: unlike `kernel.bpf_stats_enabled`, it cannot be left on. Kernel 5.8 on.
 *
 * @throws HttpeekError HTTPEEK_BPF, HTTPEEK_PRIVILEGE
 */
export function enableStatistics(): Disposable {
	const fd = native().enableStats(RUN_TIME);
	if (fd < 0) throw bpfRefused("switch on the statistics of programs", fd);
	return { [Symbol.dispose]: () => closeSync(fd) };
}

const UPROBE_PRIVILEGES = "run as root: uprobes take CAP_SYS_ADMIN; from Linux 6.12 on CAP_BPF and CAP_PERFMON suffice";

function uprobeRefused(name: string, path: string, errno: number): HttpeekError {
	const isForbidden = errno === Errno.EPERM || errno === Errno.EACCES;
	return bpfRefused(`attach ${name} to ${path}`, errno, isForbidden ? { hint: UPROBE_PRIVILEGES } : {});
}

/** Owned by its BpfObject. */
export class BpfProgram {
	readonly name: string;
	readonly #program: Pointer;

	/** @param program a `struct bpf_program *` of a loaded object */
	constructor(name: string, program: Pointer) {
		this.name = name;
		this.#program = program;
	}

	/**
	 * Attaches to a cgroup v2 directory, beside the programs that are there.
	 *
	 * @param cgroupFd a descriptor of the directory; may be closed afterwards
	 * @param where the directory's path, for messages
	 * @param direction of the packets that it gets; default: what it was loaded for
	 * @throws HttpeekError HTTPEEK_BPF, HTTPEEK_PRIVILEGE
	 */
	attachCgroup(cgroupFd: number, where: string, direction?: PacketDirection): Attachment {
		if (direction !== undefined) {
			const fd = native().linkCgroup(native().programFd(this.#program), cgroupFd, CGROUP_SKB[direction]);
			if (fd < 0) throw this.#refusedBy(where, fd);
			return new LinkDescriptor(fd);
		}
		const link = native().attachCgroup(this.#program, cgroupFd);
		if (link === null) throw this.#refusedBy(where, native().errno());
		return new BpfLink(link);
	}

	#refusedBy(cgroup: string, errno: number): HttpeekError {
		const isFull = Math.abs(errno) === Errno.E2BIG;
		return bpfRefused(`attach ${this.name} to ${cgroup}`, errno, isFull ? { hint: TOO_MANY_PROGRAMS } : {});
	}

	/**
	 * Attaches to a place in a file: the program runs whenever a process gets there.
	 *
	 * @throws HttpeekError HTTPEEK_BPF, HTTPEEK_PRIVILEGE
	 */
	attachUprobe({ pid, path, offset, atReturn }: UprobePlace): BpfLink {
		const link = native().attachUprobe(this.#program, pid ?? ALL_PROCESSES, path, offset, atReturn);
		if (link !== null) return new BpfLink(link);
		throw uprobeRefused(this.name, path, native().errno());
	}

	/**
	 * Attaches to many places in a file by one link. Only for a program that was loaded for that: `OpenObjectOptions.forManyUprobes`.
	 *
	 * @throws HttpeekError HTTPEEK_BPF, HTTPEEK_PRIVILEGE
	 */
	attachUprobes({ pid, path, atReturn }: Omit<UprobePlace, "offset">, places: readonly CookedPlace[]): Attachment {
		const fd = native().linkUprobes(native().programFd(this.#program), {
			path,
			offsets: BigUint64Array.from(places, ({ offset }) => BigInt(offset)),
			cookies: BigUint64Array.from(places, ({ cookie }) => BigInt(cookie)),
			pid: pid ?? 0,
			atReturn,
		});
		if (fd < 0) throw uprobeRefused(this.name, path, native().errno());
		return new LinkDescriptor(fd);
	}

	/**
	 * Attaches to a tracepoint.
	 * @throws HttpeekError HTTPEEK_BPF, HTTPEEK_PRIVILEGE
	 */
	attachRawTracepoint(tracepoint: string): BpfLink {
		const link = native().attachRawTracepoint(this.#program, tracepoint);
		if (link !== null) return new BpfLink(link);
		throw bpfRefused(`attach ${this.name} to the tracepoint ${tracepoint}`, native().errno());
	}

	/**
	 * Runs the program on `data` without attaching it (BPF_PROG_TEST_RUN).
	 * @throws HttpeekError HTTPEEK_BPF: the program type cannot be run so, or the data does not suit it
	 */
	testRun(options: TestRunOptions): TestRunResult {
		const dataOut = new Uint8Array(options.data.length + DATA_OUT_SLACK_BYTES);
		const output = native().testRun(native().programFd(this.#program), {
			data: options.data,
			context: options.context,
			dataOut,
			repeat: options.repeat ?? 1,
		});
		if (output.error < 0) throw bpfRefused(`run ${this.name}`, output.error);
		return {
			returnValue: output.returnValue,
			durationNs: output.durationNs,
			dataOut: dataOut.subarray(0, output.dataOutBytes),
		};
	}

	statistics(): ProgramStatistics {
		const info = new Uint8Array(INFO.bytes);
		const error = native().objectInfo(native().programFd(this.#program), info);
		if (error < 0) throw bpfRefused(`read the statistics of ${this.name}`, error);
		const view = new DataView(info.buffer);
		return {
			runs: Number(view.getBigUint64(INFO.runs, true)),
			runTimeNs: Number(view.getBigUint64(INFO.runTimeNs, true)),
			recursionMisses: Number(view.getBigUint64(INFO.recursionMisses, true)),
		};
	}
}
