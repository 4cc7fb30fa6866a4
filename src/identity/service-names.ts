/** The service that a socket belongs to, by the best name that can be had for it. */
import { type CgroupName, isOwnCgroup, nameCgroup } from "./cgroup-name.js";
import { CgroupTree, findCgroupRoot } from "./cgroup-tree.js";
import { nameFromComm, readCgroups, readProcessName } from "./process.js";

/** Owners whose names are kept. Who is asked for least recently goes first. */
const MAX_CACHED_NAMES = 16_384;
const UNKNOWN = "unknown";

/** Who made a socket, as the kernel programs recorded it. */
export interface SocketOwner {
	/** 0n where it is not known. */
	readonly cgroupId: bigint;
	/** 0 where it is not known. */
	readonly pid: number;
	/** Empty where it is not known. */
	readonly comm: string;
}

export interface ServiceNamesOptions {
	/** Directory of the cgroup v2 mount; found through /proc when left out. */
	readonly cgroupRoot?: string;
	readonly procRoot?: string;
	/** Names that a container engine knows; without one, or where it knows none, a container is named by its id. */
	readonly containers?: { nameOf(id: string): string | undefined };
}

/**
 * Names services. A name once given stays, also when the process and its cgroup have gone, so that an endpoint does not
 * change its row half-way. Names are hostile text: escape them where they are shown.
 */
export class ServiceNames {
	readonly #containers: ServiceNamesOptions["containers"];
	readonly #procRoot: string;
	readonly #tree: CgroupTree;
	readonly #names = new Map<string, string>();

	/** Throws HTTPEEK_NO_CGROUP2 when no root is given and no cgroup v2 tree is mounted. */
	constructor(options: ServiceNamesOptions = {}) {
		this.#containers = options.containers;
		this.#procRoot = options.procRoot ?? "/proc";
		this.#tree = new CgroupTree(options.cgroupRoot ?? findCgroupRoot(this.#procRoot));
	}

	/** The name of the container or unit; else of the process; else of the thread; else `unknown`. */
	resolve(owner: SocketOwner): string {
		const key = `${owner.cgroupId}/${owner.pid}/${owner.comm}`;
		const cached = this.#names.get(key);
		const name = cached ?? this.#find(owner);
		if (name === UNKNOWN) return name;
		this.#names.delete(key);
		this.#names.set(key, name);
		if (this.#names.size > MAX_CACHED_NAMES) this.#forgetOldest();
		return name;
	}

	#find(owner: SocketOwner): string {
		const fromCgroup = this.#fromCgroup(owner);
		if (fromCgroup?.kind === "container" && fromCgroup.containerId !== undefined) {
			return this.#containers?.nameOf(fromCgroup.containerId) ?? fromCgroup.name;
		}
		if (fromCgroup !== undefined) return fromCgroup.name;
		const process = owner.pid === 0 ? undefined : readProcessName(owner.pid, this.#procRoot);
		return process || nameFromComm(owner.comm) || UNKNOWN;
	}

	#fromCgroup(owner: SocketOwner): CgroupName | undefined {
		const cgroups = owner.pid === 0 ? undefined : readCgroups(owner.pid, this.#procRoot);
		const path = this.#pathOf(owner.cgroupId, cgroups?.unified);
		if (path !== undefined && isOwnCgroup(path)) return undefined;
		const candidates = [path, ...(cgroups?.legacy ?? [])].filter((candidate) => candidate !== undefined);
		return candidates.map(nameCgroup).find((name) => name.kind !== "none");
	}

	/** The process may have moved since it made the socket: its path counts only if it has the socket's id. */
	#pathOf(id: bigint, processPath: string | undefined): string | undefined {
		if (id === 0n) return processPath;
		if (processPath !== undefined && this.#tree.confirm(id, processPath)) return processPath;
		return this.#tree.pathOf(id);
	}

	#forgetOldest(): void {
		for (const key of this.#names.keys()) {
			this.#names.delete(key);
			return;
		}
	}
}
