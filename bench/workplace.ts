/**
 * Where the benchmark works: a cgroup for the servers, which is httpeek's scope, a temporary folder, and the programs that
 * were started. All of it is gone when the process ends, however it ends short of SIGKILL.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { OwnCgroup } from "../src/capture/own-cgroup.js";
import { Child, type ChildOptions } from "./child.js";

/** From dist/bench. */
const CHECKOUT = fileURLToPath(new URL("../../", import.meta.url));
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** A file of the checkout. */
export function inCheckout(...parts: readonly string[]): string {
	return join(CHECKOUT, ...parts);
}

export class Workplace {
	/** Temporary folder. */
	readonly folder = mkdtempSync(join(tmpdir(), "httpeek-bench-"));
	readonly #cgroup: OwnCgroup;
	readonly #children = new Set<Child>();
	readonly #cpus = allowedCpus();

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
		for (const [signal, code] of Object.entries(EXIT_CODES)) process.once(signal, () => process.exit(code));
		return workplace;
	}

	/** Directory of the cgroup that is watched. */
	get scope(): string {
		return this.#cgroup.path;
	}

	/** Starts a server: in the scope, on a CPU of its own. */
	startServer(name: string, command: string, args: readonly string[]): Child {
		const pinned = onCpu(this.#cpus.servers, command, args);
		const wrapped = this.#cgroup.wrap(pinned.command, pinned.args);
		return this.#keep(new Child(name, wrapped.command, wrapped.args));
	}

	/** Starts a client: outside of the scope, on the other CPU. */
	startClient(name: string, command: string, args: readonly string[], options: ChildOptions = {}): Child {
		const pinned = onCpu(this.#cpus.clients, command, args);
		return this.#keep(new Child(name, pinned.command, pinned.args, options));
	}

	/** Starts something else: outside of the scope, wherever the kernel puts it. */
	start(name: string, command: string, args: readonly string[]): Child {
		return this.#keep(new Child(name, command, args));
	}

	#keep(child: Child): Child {
		for (const other of this.#children) if (!other.isRunning) this.#children.delete(other);
		this.#children.add(child);
		return child;
	}

	#clear(): void {
		for (const child of this.#children) child.kill("SIGKILL");
		this.#cgroup.close();
		rmSync(this.folder, { recursive: true, force: true });
	}
}

interface Cpus {
	readonly servers: number | undefined;
	readonly clients: number | undefined;
}

/** One CPU for servers and another for clients, because a scheduler that moves them about is the largest noise. */
function allowedCpus(): Cpus {
	const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1] ?? "";
	const numbers = list.match(/\d+/g)?.map(Number) ?? [];
	const [first] = numbers;
	const last = numbers.at(-1);
	return first === last ? { servers: undefined, clients: undefined } : { servers: first, clients: last };
}

function onCpu(cpu: number | undefined, command: string, args: readonly string[]): { command: string; args: string[] } {
	if (cpu === undefined) return { command, args: [...args] };
	return { command: "taskset", args: ["-c", String(cpu), command, ...args] };
}
