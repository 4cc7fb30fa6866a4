/** Programs that a test starts in a cgroup of its own. The cgroup's end is theirs too (live-cgroup.ts). */
import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { PATIENCE } from "./emulation.js";
import { until } from "./until.js";

/** Enters the cgroup before it becomes the program, so that not even its first socket is made outside. */
const ENTER_AND_EXEC = 'echo $$ > "$0/cgroup.procs" && exec "$@"';

/**
 * No program of a test runs longer, even if the test waits for its end in vain. Servers live as long as their test, and on a
 * slow machine some take two minutes.
 */
const LONGEST_RUN_MS = 300_000 * PATIENCE;

export interface ProgramEnd {
	readonly code: number | null;
	readonly signal: NodeJS.Signals | null;
}

/** A program that runs or has run, and what it has written so far. */
export class Program {
	readonly child: ChildProcess;
	readonly ended: Promise<ProgramEnd>;
	stdout = "";
	stderr = "";
	isRunning = true;

	constructor(child: ChildProcess) {
		this.child = child;
		child.stdout?.setEncoding("utf8").on("data", (text: string) => {
			this.stdout += text;
		});
		child.stderr?.setEncoding("utf8").on("data", (text: string) => {
			this.stderr += text;
		});
		// A program that ends early does not read all of its input.
		child.stdin?.on("error", () => undefined);
		const deadline = setTimeout(() => {
			this.stderr += `\nended by the test after ${LONGEST_RUN_MS / 1000} s`;
			child.kill("SIGKILL");
		}, LONGEST_RUN_MS);
		this.ended = once(child, "close").then(([code, signal]) => {
			clearTimeout(deadline);
			this.isRunning = false;
			return { code, signal };
		});
	}

	get pid(): number {
		return this.child.pid ?? 0;
	}

	/** The first match in what it wrote, waited for. Fails at once when the program has ended without. */
	async wrote(pattern: RegExp, stream: "stdout" | "stderr" = "stdout"): Promise<RegExpExecArray> {
		await until(() => pattern.test(this[stream]) || !this.isRunning, `${pattern} is in the program's ${stream}`);
		const match = pattern.exec(this[stream]);
		if (match === null) throw new Error(`the program ended without ${pattern}: ${this.stdout}${this.stderr}`);
		return match;
	}

	/** Its end, which must be a good one. */
	async succeeded(): Promise<this> {
		const { code, signal } = await this.ended;
		if (code !== 0) throw new Error(`the program ended with ${code ?? signal}: ${this.stderr}`);
		return this;
	}

	/** Ends it by a signal and waits until it is gone. */
	async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<ProgramEnd> {
		this.child.kill(signal);
		return this.ended;
	}
}

export interface StartOptions {
	readonly stdio?: StdioOptions;
	readonly env?: Readonly<Record<string, string>>;
}

/** Starts a program in a cgroup. */
export function start(cgroup: string, command: string, args: readonly string[], options: StartOptions = {}): Program {
	const { stdio = ["ignore", "pipe", "pipe"], env = {} } = options;
	const child = spawn("/bin/sh", ["-c", ENTER_AND_EXEC, cgroup, command, ...args], {
		stdio,
		env: { ...process.env, ...env },
	});
	return new Program(child);
}

/** Runs a program in a cgroup to its good end. */
export async function run(cgroup: string, command: string, args: readonly string[]): Promise<Program> {
	return start(cgroup, command, args).succeeded();
}

/** Makes a cgroup below another. */
export function makeCgroupBelow(parent: string, name: string): string {
	const directory = join(parent, name);
	mkdirSync(directory);
	return directory;
}

/** A port of the loopback that nothing listened on a moment ago, for servers that must be told one. */
export async function freePort(): Promise<number> {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const address = server.address();
	server.close();
	await once(server, "close");
	if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
	return address.port;
}
