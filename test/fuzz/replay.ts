/** The kernel side's sources in user space (fuzz/replay.c), as a program that is asked what it counts of a conversation. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Counter, Method } from "../../src/wire/layout.js";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const COUNTER_NAMES = new Map(Object.entries(Counter).map(([name, index]) => [index as number, name.toLowerCase()]));
const METHOD_NAMES = new Map(Object.entries(Method).map(([name, index]) => [index as number, name]));
/** Counters that say what was seen, and nothing of what was missed: bpf/wire.h. */
const NOT_LOSSES = new Set(["not_http", "opaque", "informational", "connections", "adopted"]);

/** What was counted of a conversation. */
export interface Counted {
	/** `GET /route 200`, once for each exchange, in the order in which their kinds were first seen. */
	readonly exchanges: readonly string[];
	/** Counters that moved, without those that say nothing of this conversation. */
	readonly counters: Readonly<Record<string, number>>;
	/** Whether anything says that a count may have been missed. */
	readonly hasLoss: boolean;
	/** Requests that wait for their response. */
	readonly pending: number;
	/** enum mode, enum stream_state */
	readonly mode: number;
	readonly request: number;
	readonly response: number;
}

/** A line of fuzz/report.h. */
interface Report extends Pick<Counted, "pending" | "mode" | "request" | "response"> {
	readonly exchanges: readonly { method: number; status: number; count: number; route: string; isOther: number }[];
	readonly counters: Readonly<Record<string, number>>;
}

/** Builds what is out of date of build/fuzz. @throws Error with the compiler's messages */
export function buildFuzzers(): void {
	const { status, stderr } = spawnSync(process.execPath, ["tools/build-fuzz.mjs"], { cwd: ROOT, encoding: "utf8" });
	if (status !== 0) throw new Error(`cannot build the fuzzers: ${stderr}`);
}

/** @returns the path of a program of build/fuzz */
export function fuzzProgram(name: "conversation-fuzzer" | "replay"): string {
	return `${ROOT}build/fuzz/${name}`;
}

/** Bytes as a script sends them: its own characters are marked. One byte for each character. */
export function literal(bytes: string): string {
	return bytes.replace(/[{}|~]/g, "~$&");
}

export class Replay {
	readonly #child: ChildProcessWithoutNullStreams;
	readonly #lines: Interface;
	#stderr = "";

	/** The program has to be built: buildFuzzers(). */
	constructor() {
		this.#child = spawn(fuzzProgram("replay"), { stdio: "pipe" });
		this.#lines = createInterface(this.#child.stdout);
		this.#child.stderr.setEncoding("utf8").on("data", (text) => {
			this.#stderr += text;
		});
		// what went wrong is told by the exit, which play() waits for
		this.#child.stdin.on("error", () => {});
	}

	/**
	 * @param script fuzz/README.md, a byte for each character
	 * @throws Error when a law of fuzz/report.h or a sanitizer stopped the program
	 */
	async play(script: string): Promise<Counted> {
		const bytes = Buffer.from(script, "latin1");
		const length = Buffer.alloc(4);
		length.writeUInt32LE(bytes.length);
		const settled = new AbortController();
		const { signal } = settled;
		const answer = once(this.#lines, "line", { signal }).then(([line]) => line as string);
		const ended = once(this.#child, "close", { signal }).then(() => {
			throw new Error(`replay ended on ${JSON.stringify(script)}: ${this.#stderr}`);
		});
		this.#child.stdin.write(Buffer.concat([length, bytes]));
		try {
			return toCounted(JSON.parse(await Promise.race([answer, ended])) as Report);
		} finally {
			settled.abort();
			await Promise.allSettled([answer, ended]);
		}
	}

	async close(): Promise<void> {
		if (this.#child.exitCode !== null) return;
		const closed = once(this.#child, "close");
		this.#child.stdin.end();
		await closed;
	}
}

function toCounted(report: Report): Counted {
	const counters = Object.entries(report.counters)
		.map(([index, count]) => [COUNTER_NAMES.get(Number(index)) ?? index, count] as const)
		.filter(([name]) => name !== "connections");
	return {
		exchanges: report.exchanges.flatMap(({ method, route, status, count, isOther }) => {
			const path = isOther === 1 ? "(other)" : Buffer.from(route, "hex").toString("latin1");
			return new Array<string>(count).fill(`${METHOD_NAMES.get(method)} ${path} ${status}`);
		}),
		counters: Object.fromEntries(counters),
		hasLoss: counters.some(([name]) => !NOT_LOSSES.has(name)),
		pending: report.pending,
		mode: report.mode,
		request: report.request,
		response: report.response,
	};
}
