/**
 * Names as a process sees them: below /proc/PID/root, and in a container its links lead where they lead inside. The kernel
 * would follow an absolute link from the root of httpeek.
 */
import { type BigIntStats, lstatSync, statSync } from "node:fs";
import { posix } from "node:path";
import { readLink } from "./candidates.js";

/** As many as the kernel follows. */
const MOST_LINKS = 40;

/** What a name leads to. */
export interface Found {
	/** As the process sees it, without links. */
	readonly path: string;
	readonly isRegular: boolean;
	/** Another one whenever the file is another or was changed; of a folder, whenever names in it were. */
	readonly state: string;
}

/** The files of one process, for one short search. */
export class ProcessRoot {
	readonly #base: string;
	/** Hostile files could ask for any number. */
	#looksLeft: number;
	readonly #folders = new Map<string, Found | undefined>();

	/**
	 * @param base where the process's root is for httpeek
	 * @param mostLooks how many names are looked at; beyond, nothing is there
	 */
	constructor(base: string, mostLooks: number) {
		this.#base = base;
		this.#looksLeft = mostLooks;
	}

	/** What an absolute path leads to; undefined where nothing is. */
	find(path: string): Found | undefined {
		const folder = this.#folder(posix.dirname(path));
		return folder === undefined ? undefined : this.#walk(folder.path, [posix.basename(path)]);
	}

	/** How to open what was found, as long as nobody puts a link into its path. */
	openPathOf({ path }: Pick<Found, "path">): string {
		return this.#base + path;
	}

	/** The folders of all that was looked for, and their states. As long as these stay, it would be found again. */
	statesOfFolders(): ReadonlyMap<string, string | undefined> {
		const states = [...this.#folders].map(([path, folder]) =>
			folder === undefined ? ([path, stateOf(this.#base + path)] as const) : ([folder.path, folder.state] as const),
		);
		return new Map(states);
	}

	#folder(path: string): Found | undefined {
		if (!this.#folders.has(path)) this.#folders.set(path, this.#walk("/", path.split("/")));
		return this.#folders.get(path);
	}

	/** @param names one below the other, from a path without links on */
	#walk(from: string, names: readonly string[]): Found | undefined {
		let path = from;
		let stat: BigIntStats | undefined;
		let linksLeft = MOST_LINKS;
		const left = names.toReversed();
		for (let name = left.pop(); name !== undefined; name = left.pop()) {
			if (name === "" || name === ".") continue;
			const next = posix.join(path, name);
			this.#looksLeft -= 1;
			stat = this.#looksLeft < 0 ? undefined : statOf(this.#base + next);
			if (stat === undefined) return undefined;
			if (!stat.isSymbolicLink()) {
				path = next;
				continue;
			}
			const target = readLink(this.#base + next);
			linksLeft -= 1;
			if (target === undefined || linksLeft < 0) return undefined;
			if (target.startsWith("/")) path = "/";
			left.push(...target.split("/").reverse());
		}
		// a path that ends with the root itself
		stat ??= statOf(this.#base + path);
		return stat && { path, isRegular: stat.isFile(), state: stateFrom(stat) };
	}
}

/** The state of what a path of httpeek leads to, links followed; undefined where nothing is. */
export function stateOf(path: string): string | undefined {
	const stat = statOf(path, statSync);
	return stat && stateFrom(stat);
}

/** The time of the last change is one that nobody can set, and contents do not change without it. */
function stateFrom({ dev, ino, ctimeNs }: BigIntStats): string {
	return `${dev}:${ino}:${ctimeNs}`;
}

function statOf(path: string, stat: typeof statSync | typeof lstatSync = lstatSync): BigIntStats | undefined {
	try {
		return stat(path, { bigint: true, throwIfNoEntry: false });
	} catch {
		return undefined;
	}
}
