/**
 * The shared libraries that a program will load, before it has: what its file says it needs, what these need, and so on,
 * looked for where the dynamic linker looks. A client that lives for some milliseconds is hooked in time only so.
 *
 * What the file does not say is not followed: dlopen(), LD_PRELOAD, LD_LIBRARY_PATH, and of `$ORIGIN`, `$LIB` and
 * `$PLATFORM` the last two. What is loaded that way is found when it is mapped (mapped-files.ts).
 */
import { join, posix } from "node:path";
import { BoundedFile } from "./bounded-file.js";
import { type CandidateFile, isPromising, PROC, programOf, readLink } from "./candidates.js";
import { type Dynamic, readDynamic } from "./dynamic.js";
import { type Machine, readElfImage } from "./elf.js";
import { LINKER_CACHE, LinkerCache } from "./linker-cache.js";
import { ProcessRoot, stateOf } from "./process-root.js";
import { RecentMap } from "./recent.js";

const OWN_ROOT = "/proc/self/root";
const MULTIARCH: Readonly<Record<Machine, string>> = { "x86-64": "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" };
/** Where glibc of one distribution or another and musl look last. Files for other machines are passed over. */
const USUAL_FOLDERS = ["/lib64", "/usr/lib64", "/lib", "/usr/local/lib", "/usr/lib"];
/** LibreOffice needs two hundred. */
const MOST_LIBRARIES = 512;
const MOST_FOLDERS_OF_A_PATH = 64;
/** Looking at a name takes some microseconds: no program holds httpeek up for longer than some tens of milliseconds. */
const MOST_LOOKS = 4096;
const MOST_PROGRAMS_REMEMBERED = 1024;
const MOST_IMAGES_REMEMBERED = 2048;

/** What is remembered of a file for as long as it is not changed. */
interface Image extends Dynamic {
	readonly machine: Machine;
}

/** A program or library whose own libraries have to be found. */
interface Loaded {
	readonly image: Image;
	/** Its folder, which it calls `$ORIGIN`. */
	readonly origin: string;
	/** Folders of DT_RPATH that it has from those that need it. */
	readonly inherited: readonly string[];
}

/** What was found for a program, which stays right as long as no name in these folders changes. */
interface Search {
	readonly paths: readonly string[];
	readonly folders: ReadonlyMap<string, string | undefined>;
}

/** Finds and remembers. */
export class NeededFiles {
	readonly #procRoot: string;
	/** By the program and the tree of files that it sees. */
	readonly #searches = new RecentMap<Search>(MOST_PROGRAMS_REMEMBERED);
	/** By state; undefined for what is no ELF file of this kind. */
	readonly #images = new RecentMap<Image | undefined>(MOST_IMAGES_REMEMBERED);

	constructor(procRoot = PROC) {
		this.#procRoot = procRoot;
	}

	/**
	 * The shared libraries that the program of a process needs and that may have a TLS library in them, whether they are
	 * loaded by now or not. None for a program that loads none, or that cannot be read; none when the process has ended.
	 */
	ofProcess(pid: number): CandidateFile[] {
		const own = join(this.#procRoot, String(pid));
		const base = join(own, "root");
		const program = programOf(pid, this.#procRoot);
		const states = program && [stateOf(program.openPath), stateOf(base)];
		if (program === undefined || states === undefined || states.includes(undefined)) return [];
		// two containers may have the same program, and see other files
		const key = [...states, readLink(join(own, "ns/mnt")), program.path].join(" ");
		const isValid = ({ folders }: Search) => [...folders].every(([path, state]) => stateOf(base + path) === state);
		const known = this.#searches.get(key);
		const search = known !== undefined && isValid(known) ? known : this.#search(program, base, states[0] ?? "");
		this.#searches.set(key, search);
		const shownRoot = rootPath(base);
		return search.paths.map((path) => ({ openPath: base + path, path: shownRoot + path }));
	}

	/** Remembers what a library of httpeek's own tree of files, and those that it needs, say: programs share them. */
	learn(path: string): void {
		const openPath = join(OWN_ROOT, path);
		this.#search({ openPath, path }, OWN_ROOT, stateOf(openPath) ?? "");
	}

	#search(program: CandidateFile, base: string, state: string): Search {
		const root = new ProcessRoot(base, MOST_LOOKS);
		const image = this.#imageOf(program.openPath, state);
		const shownRoot = rootPath(base);
		const path = program.path.startsWith(`${shownRoot}/`) ? program.path.slice(shownRoot.length) : program.path;
		const origin = posix.dirname(path);
		const libraries = image === undefined ? [] : this.#librariesOf({ image, origin, inherited: [] }, root);
		return { paths: libraries.filter(isPromising), folders: root.statesOfFolders() };
	}

	/** All libraries that a program needs, those that libraries need too: in the dynamic linker's order, each once. */
	#librariesOf(program: Loaded, root: ProcessRoot): string[] {
		const cache = openLinkerCache(root);
		const names = new Set<string>();
		const paths = new Set<string>();
		const loaded = [program];
		for (const one of loaded) {
			const { needed, rpath, runpath } = one.image;
			// beside DT_RUNPATH a file's own DT_RPATH counts for nothing; that of those that need it stays for what it needs
			const own = runpath === undefined ? foldersIn(rpath, one.origin) : [];
			const inherited = [...own, ...one.inherited].slice(0, MOST_FOLDERS_OF_A_PATH);
			const folders = runpath === undefined ? inherited : foldersIn(runpath, one.origin);
			for (const name of needed) {
				if (names.has(name) || names.size === MOST_LIBRARIES) continue;
				names.add(name);
				for (const [path, image] of this.#find(name, { folders, cache, root, machine: program.image.machine })) {
					if (paths.has(path)) continue;
					paths.add(path);
					loaded.push({ image, origin: posix.dirname(path), inherited });
				}
			}
		}
		return [...paths];
	}

	/**
	 * The library of a name. The linker's cache may have more than one, for processors that can more or less: which of them
	 * is loaded is the linker's choice, and a hook on the others does no harm.
	 */
	#find(name: string, { folders, cache, root, machine }: Where): [path: string, image: Image][] {
		const load = (path: string): [string, Image][] => {
			const found = root.find(path);
			if (found === undefined || !found.isRegular) return [];
			const image = this.#imageOf(root.openPathOf(found), found.state);
			return image?.machine === machine ? [[found.path, image]] : [];
		};
		if (name.includes("/")) return name.startsWith("/") ? load(name) : [];
		const firstIn = (places: readonly string[]) => {
			for (const folder of places) {
				const found = load(`${folder}/${name}`);
				if (found.length > 0) return found;
			}
			return [];
		};
		const own = firstIn(folders);
		if (own.length > 0) return own;
		const cached = cache?.pathsOf(name).flatMap((path) => (path.startsWith("/") ? load(path) : [])) ?? [];
		if (cached.length > 0) return cached;
		const multiarch = [`/lib/${MULTIARCH[machine]}`, `/usr/lib/${MULTIARCH[machine]}`];
		return firstIn([...multiarch, ...USUAL_FOLDERS]);
	}

	#imageOf(path: string, state: string): Image | undefined {
		return this.#images.getOrMake(state, () => readImage(path));
	}
}

/** Where a library is looked for. */
interface Where {
	/** Those that the files say, first. */
	readonly folders: readonly string[];
	readonly cache: LinkerCache | undefined;
	readonly root: ProcessRoot;
	readonly machine: Machine;
}

function readImage(path: string): Image | undefined {
	try {
		using file = new BoundedFile(path);
		const image = readElfImage(file);
		return { machine: image.machine, ...readDynamic(image) };
	} catch {
		// no ELF file, a damaged one, or it is gone
		return undefined;
	}
}

function openLinkerCache(root: ProcessRoot): LinkerCache | undefined {
	const found = root.find(LINKER_CACHE);
	if (found === undefined || !found.isRegular) return undefined;
	try {
		return new LinkerCache(root.openPathOf(found));
	} catch {
		return undefined;
	}
}

/** Absolute folders of a path as files write it. */
function foldersIn(path: readonly string[], origin: string): string[] {
	return path
		.slice(0, MOST_FOLDERS_OF_A_PATH)
		.map((folder) => folder.replace(/^\$(?:ORIGIN|\{ORIGIN\})(?=\/|$)/, () => origin))
		.filter((folder) => folder.startsWith("/") && !folder.includes("$"));
}

/** What the kernel puts before a process's paths when it shows them: empty but for one that has changed its root. */
function rootPath(base: string): string {
	const path = readLink(base) ?? "";
	return path === "/" ? "" : path;
}
