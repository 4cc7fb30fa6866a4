/** httpeek itself, as a user runs it, watched from outside. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { HttpeekError } from "../src/base/errors.js";
import type { ProgramStatistics } from "../src/kernel/program.js";
import type { Child } from "./child.js";
import { usageOf } from "./process-tree.js";
import { inCheckout, type Workplace } from "./workplace.js";

/** The part of the JSON report (DESIGN.md section 5) that is checked here. */
export interface HttpeekReport {
	readonly endpoints: readonly {
		readonly role: string;
		readonly method: string;
		readonly route: string;
		readonly status: number;
		readonly outcome: string;
		readonly count: number;
	}[];
	readonly losses: Readonly<Record<string, number>>;
}

export type RunCounts = Pick<ProgramStatistics, "runs" | "runTimeNs">;

export class Httpeek implements AsyncDisposable {
	/** From being started to counting. */
	readonly startMs: number;
	readonly #child: Child;

	private constructor(child: Child, startMs: number) {
		this.#child = child;
		this.startMs = startMs;
	}

	/**
	 * Starts it and waits until it counts.
	 * @param scope options; default: the scope of the workplace. None stands for the whole host: bench/vm/whole-host.ts only
	 * @throws HttpeekError HTTPEEK_IO with what it said, when it ends before
	 */
	static async start(
		workplace: Workplace,
		command: readonly string[] = ["stat", "-o", "json"],
		scope: readonly string[] = ["--cgroup", workplace.scope],
	): Promise<Httpeek> {
		return Httpeek.#start(workplace, [inCheckout("bin/httpeek"), ...command, ...scope]);
	}

	static async #start(workplace: Workplace, words: readonly string[]): Promise<Httpeek> {
		const startedMs = performance.now();
		const child = workplace.start("httpeek", process.execPath, words);
		await child.says(/^httpeek: counting/m);
		return new Httpeek(child, performance.now() - startedMs);
	}

	/**
	 * As `stat`, with tables that have room for so many endpoints of one service, which may take seven eighths of them.
	 * @throws HttpeekError HTTPEEK_IO
	 */
	static startWithEndpoints(workplace: Workplace, endpoints: number): Promise<Httpeek> {
		return Httpeek.start(workplace, ["stat", "-o", "json", "--max-endpoints", roomFor(endpoints)]);
	}

	/**
	 * The library, whose user takes a snapshot every second; as many endpoints.
	 * @throws HttpeekError HTTPEEK_IO
	 */
	static startReader(workplace: Workplace, endpoints: number): Promise<Httpeek> {
		return Httpeek.#start(workplace, [inCheckout("dist/bench/reader.js"), workplace.scope, roomFor(endpoints)]);
	}

	get pid(): number {
		return this.#child.pid;
	}

	/** Time on a CPU in user space and in system calls, of all its threads. */
	cpuSeconds(): number {
		return usageOf(this.pid).cpuSeconds;
	}

	/** The most memory it had resident so far, in bytes. */
	peakResidentBytes(): number {
		return usageOf(this.pid).peakBytes;
	}

	/** Kernel memory of its tables, in bytes: what they take however few connections there are. */
	tableBytes(): number {
		// objects that share a table have a descriptor each
		const tables = new Map<number, number>();
		for (const text of this.#descriptors()) {
			if (!text.includes("map_type:")) continue;
			const [id, bytes] = [/^map_id:\s*(\d+)/m, /^memlock:\s*(\d+)/m].map((line) => Number(line.exec(text)?.[1]));
			tables.set(id ?? 0, bytes ?? 0);
		}
		return [...tables.values()].reduce((sum, bytes) => sum + bytes, 0);
	}

	/** How often its programs ran, and how long, while statistics were on. */
	programs(): Map<string, RunCounts> {
		const ids = new Set(this.#descriptors().map((text) => Number(/^prog_id:\s*(\d+)/m.exec(text)?.[1])));
		return new Map(
			listPrograms()
				.filter(({ id }) => ids.has(id))
				.map(({ name, run_cnt: runs = 0, run_time_ns: runTimeNs = 0 }) => [name, { runs, runTimeNs }]),
		);
	}

	/** Ends it as Ctrl-C does, and returns what it wrote to standard output. */
	async end(): Promise<string> {
		this.#child.kill("SIGINT");
		return await this.#child.result();
	}

	/** Ends it and reads its report: for `stat -o json`. */
	async report(): Promise<HttpeekReport> {
		return JSON.parse(await this.end()) as HttpeekReport;
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.#child[Symbol.asyncDispose]();
	}

	/** What /proc says of each of its open descriptors; those that it closes meanwhile are neither programs nor maps. */
	#descriptors(): string[] {
		const folder = `/proc/${this.#child.pid}/fdinfo`;
		return readdirSync(folder).flatMap((fd) => {
			try {
				return [readFileSync(`${folder}/${fd}`, "latin1")];
			} catch (error) {
				if (isGone(error)) return [];
				throw error;
			}
		});
	}
}

function isGone(error: unknown): boolean {
	return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function roomFor(endpoints: number): string {
	return String(Math.ceil((endpoints * 8) / 7) + 8);
}

interface ListedProgram {
	readonly id: number;
	readonly name: string;
	/** Left out while they are 0. */
	readonly run_cnt?: number;
	readonly run_time_ns?: number;
}

/** /proc has the times of a process's programs, but not their names. */
function listPrograms(): readonly ListedProgram[] {
	const { status, stdout, stderr, error } = spawnSync("bpftool", ["-j", "prog", "show"], { encoding: "utf8" });
	if (status === 0) return JSON.parse(stdout) as ListedProgram[];
	throw new HttpeekError("HTTPEEK_IO", `cannot list the kernel's programs: ${error?.message ?? stderr.trim()}`);
}
