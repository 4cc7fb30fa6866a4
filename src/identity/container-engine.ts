/**
 * The names that people gave their containers, from the engine that runs them: Docker, or Podman, which speaks the same
 * interface. Asked at the start with a time limit, and again, in the background, when an unknown container shows up. An
 * engine that does not answer costs nothing but the names: the container's id stands in.
 * https://docs.docker.com/reference/api/engine/version/v1.43/#tag/Container/operation/ContainerList
 */
import { existsSync } from "node:fs";

/** Where engines listen, by default. */
export const ENGINE_SOCKETS: readonly string[] = ["/run/docker.sock", "/run/podman/podman.sock"];
const TIMEOUT_MS = 300;
/** Between two questions to the engines. */
const SHORTEST_REFRESH_MS = 2000;
/** An answer larger than this is not read: some ten thousand containers. */
const MOST_ANSWER_BYTES = 16 * 1024 * 1024;

export interface ContainerNamesOptions {
	readonly sockets?: readonly string[];
	readonly timeoutMs?: number;
	readonly now?: () => number;
}

export class ContainerNames {
	readonly #sockets: readonly string[];
	readonly #timeoutMs: number;
	readonly #now: () => number;
	#names: ReadonlyMap<string, string> = new Map();
	#askedAtMs = Number.NEGATIVE_INFINITY;

	private constructor(options: ContainerNamesOptions) {
		this.#sockets = options.sockets ?? ENGINE_SOCKETS;
		this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
		this.#now = options.now ?? (() => performance.now());
	}

	/** Asks the engines that there are. Takes at most the time limit, and no time at all where there is none. */
	static async ask(options: ContainerNamesOptions = {}): Promise<ContainerNames> {
		const names = new ContainerNames(options);
		await names.#refresh();
		return names;
	}

	/** The name of a container, if an engine has told it. @param id 64 hexadecimal digits */
	nameOf(id: string): string | undefined {
		const name = this.#names.get(id);
		if (name === undefined && this.#now() - this.#askedAtMs >= SHORTEST_REFRESH_MS) void this.#refresh();
		return name;
	}

	async #refresh(): Promise<void> {
		this.#askedAtMs = this.#now();
		const present = this.#sockets.filter((path) => existsSync(path));
		if (present.length === 0) return;
		const answers = await Promise.all(present.map((path) => listContainers(path, this.#timeoutMs)));
		// names of containers that are gone stay: their rows do too
		this.#names = new Map([...this.#names, ...answers.flat()]);
	}
}

/** Id and name of each running container; none if the engine does not answer properly in time. */
async function listContainers(socketPath: string, timeoutMs: number): Promise<[id: string, name: string][]> {
	try {
		return readContainers(JSON.parse(await get(socketPath, "/containers/json", timeoutMs)));
	} catch {
		return []; // not an engine, not allowed, too slow: ids stand in
	}
}

async function get(socketPath: string, path: string, timeoutMs: number): Promise<string> {
	const { request } = await import("node:http"); // only where there is an engine: it is not small
	const signal = AbortSignal.timeout(timeoutMs);
	return new Promise((resolve, reject) => {
		const asked = request({ socketPath, path, signal, headers: { host: "localhost" } }, (response) => {
			const parts: Buffer[] = [];
			let bytes = 0;
			response.on("data", (part: Buffer) => {
				bytes += part.length;
				if (bytes > MOST_ANSWER_BYTES) asked.destroy(new Error("the answer is too large"));
				else parts.push(part);
			});
			response.on("end", () => resolve(Buffer.concat(parts).toString()));
			response.on("error", reject);
		});
		asked.on("error", reject);
		asked.end();
	});
}

/** What the engine says is as hostile as anything: what has not the expected shape is passed over. */
function readContainers(answer: unknown): [id: string, name: string][] {
	if (!Array.isArray(answer)) return [];
	return answer.flatMap((container: { Id?: unknown; Names?: unknown } | null): [string, string][] => {
		const id = container?.Id;
		const names = container?.Names;
		const first: unknown = Array.isArray(names) ? names[0] : undefined;
		if (typeof id !== "string" || typeof first !== "string") return [];
		const name = first.replace(/^\//, "");
		return name === "" ? [] : [[id, name]];
	});
}
