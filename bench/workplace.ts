/**
 * Where the benchmark works: a cgroup for the servers, which is httpeek's scope, a temporary folder, networks of its own
 * where they are asked for, and the programs that were started. All of it is gone when the process ends, however it ends
 * short of SIGKILL.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { HttpeekError } from "../src/base/errors.js";
import { OwnCgroup } from "../src/capture/own-cgroup.js";
import { Child, type ChildOptions } from "./child.js";

/** From dist/bench. */
const CHECKOUT = fileURLToPath(new URL("../../", import.meta.url));
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Files of a server or client besides its connections. */
const OTHER_FILES = 200;

/** A file of the checkout. */
export function inCheckout(...parts: readonly string[]): string {
	return join(CHECKOUT, ...parts);
}

/** A network namespace with nothing but a loopback interface: who captures packets there sees those of the benchmark. */
export interface Network {
	readonly name: string;
}

export interface ProgramOptions extends ChildOptions {
	/** Where its sockets are; default: where those of the benchmark are. */
	readonly network?: Network | undefined;
	/** False: on whatever CPU the scheduler likes. */
	readonly isPinned?: boolean;
	/** On this CPU, whatever else its kind of program runs on. */
	readonly cpu?: number;
}

export class Workplace {
	/** Temporary folder. */
	readonly folder = mkdtempSync(join(tmpdir(), "httpeek-bench-"));
	readonly #cgroup: OwnCgroup;
	readonly #children = new Set<Child>();
	readonly #networks: Network[] = [];
	/** CPUs that the benchmark may use. */
	readonly cpus: readonly number[] = allowedCpus();

	private constructor(cgroup: OwnCgroup) {
		this.#cgroup = cgroup;
	}

	/**
	 * Takes over the process: Ctrl-C ends it.
	 * @throws HttpeekError HTTPEEK_NO_CGROUP2, HTTPEEK_PRIVILEGE, HTTPEEK_IO
	 */
	static open(): Workplace {
		const workplace = new Workplace(OwnCgroup.create("bench"));
		process.once("exit", () => workplace.#clear());
		// not once: a second signal, which a process group gets easily, would end the process before all is taken away
		for (const [signal, code] of Object.entries(EXIT_CODES)) process.on(signal, () => process.exit(code));
		return workplace;
	}

	/** Directory of the cgroup that is watched. */
	get scope(): string {
		return this.#cgroup.path;
	}

	/** Connections that one program can have: Node and what it starts may open files up to the hard limit. */
	get mostConnections(): number {
		const limits = readFileSync("/proc/self/limits", "latin1");
		return Number(/^Max open files\s+\d+\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY) - OTHER_FILES;
	}

	/** Makes a folder in the temporary one. */
	makeFolder(name: string): string {
		return mkdtempSync(join(this.folder, `${name}-`));
	}

	/** Starts a server: in the scope, on the first CPU. */
	startServer(name: string, command: string, args: readonly string[], options: ProgramOptions = {}): Child {
		const placed = this.#place([command, ...args], { cpu: this.cpus[0], ...options });
		const wrapped = this.#cgroup.wrap(placed.command, placed.args);
		return this.#keep(new Child(name, wrapped.command, wrapped.args, options));
	}

	/**
	 * Starts a client: outside of the scope, on the last CPU. One CPU for servers and another for clients, because a scheduler
	 * that moves them about is the largest noise.
	 */
	startClient(name: string, command: string, args: readonly string[], options: ProgramOptions = {}): Child {
		const placed = this.#place([command, ...args], { cpu: this.cpus.at(-1), ...options });
		return this.#keep(new Child(name, placed.command, placed.args, options));
	}

	/** Starts something else: outside of the scope, wherever the kernel puts it. */
	start(name: string, command: string, args: readonly string[], options: ProgramOptions = {}): Child {
		const placed = this.#place([command, ...args], { isPinned: false, ...options });
		return this.#keep(new Child(name, placed.command, placed.args, options));
	}

	/**
	 * Makes a network namespace, its loopback up.
	 * @throws HttpeekError HTTPEEK_IO
	 */
	makeNetwork(): Network {
		const network = { name: `httpeek-bench-${process.pid}-${this.#networks.length}` };
		ip("netns", "add", network.name);
		this.#networks.push(network);
		ip("-n", network.name, "link", "set", "lo", "up");
		return network;
	}

	#place(words: readonly string[], options: PlaceOptions): { command: string; args: string[] } {
		const { network, cpu, isPinned = true } = options;
		const isOnOneCpu = isPinned && cpu !== undefined && this.cpus.length > 1;
		const [command = "", ...args] = [
			...(isOnOneCpu ? ["taskset", "-c", String(cpu)] : []),
			...(network === undefined ? [] : ["ip", "netns", "exec", network.name]),
			...words,
		];
		return { command, args };
	}

	#keep(child: Child): Child {
		for (const other of this.#children) if (!other.isRunning) this.#children.delete(other);
		this.#children.add(child);
		return child;
	}

	#clear(): void {
		for (const child of this.#children) child.kill("SIGKILL");
		for (const { name } of this.#networks) spawnSync("ip", ["netns", "delete", name], { stdio: "ignore" });
		this.#cgroup.close();
		rmSync(this.folder, { recursive: true, force: true });
	}
}

type PlaceOptions = Pick<ProgramOptions, "network" | "isPinned"> & { readonly cpu?: number | undefined };

function allowedCpus(): number[] {
	const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1] ?? "";
	return list.split(",").flatMap((range) => {
		const [from = 0, to = from] = range.split("-").map(Number);
		return Array.from({ length: to - from + 1 }, (_, i) => from + i);
	});
}

function ip(...args: string[]): void {
	const { status, stderr, error } = spawnSync("ip", args, { encoding: "utf8" });
	if (status === 0) return;
	throw new HttpeekError(
		"HTTPEEK_IO",
		`cannot make a network (ip ${args.join(" ")}): ${error?.message ?? stderr.trim()}`,
	);
}
