/**
 * Of which files a process has mapped code, and how to open these very files: by name they may be others by now, and in a
 * container the names are the container's. A process that ends meanwhile has none.
 */
import { closeSync, openSync, readSync, type StatsFs, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import { wireText } from "../base/escape.js";
import { type CandidateFile, isPromising, PROC, programOf, withoutDeleted } from "./candidates.js";

/** The kernel allows 65,530 mappings, and a line is some hundred bytes. */
const MOST_BYTES_OF_MAPS = 8 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;
/** A browser has two hundred. */
const MOST_FILES = 4096;
/** File systems whose files have other device numbers for stat() than in /proc/PID/maps: overlayfs, btrfs. */
const OTHER_DEVICE_NUMBERS = [0x794c7630, 0x9123683e];

/** A file of which a process has mapped code. */
export interface MappedFile {
	/** As the process sees it. Whoever started it chose it: escape it. */
	readonly path: string;
	/** As /proc/PID/maps has it: `08:01`. */
	readonly device: string;
	readonly inode: bigint;
	/** The addresses of one of its mappings, as /proc/PID/map_files calls it. */
	readonly range: string;
}

/** Files with executable mappings in the text of /proc/PID/maps, each once. */
export function parseMaps(text: string): MappedFile[] {
	const files = new Map<string, MappedFile>();
	for (const line of text.split("\n")) {
		const match = /^([0-9a-f]+)-([0-9a-f]+) ..x. [0-9a-f]+ ([0-9a-f]+:[0-9a-f]+) (\d+) +(\/.*)$/.exec(line);
		if (match === null) continue;
		const [, start = "", end = "", device = "", inode = "", path = ""] = match;
		const key = `${device} ${inode}`;
		if (inode === "0" || files.has(key)) continue;
		// the names in map_files have no leading zeros
		const range = `${withoutZeros(start)}-${withoutZeros(end)}`;
		files.set(key, { path: withoutDeleted(path), device, inode: BigInt(inode), range });
		if (files.size === MOST_FILES) break;
	}
	return [...files.values()];
}

/** What a process has mapped now. */
export function mappedFiles(pid: number, procRoot = PROC): MappedFile[] {
	return parseMaps(readBounded(join(procRoot, String(pid), "maps")));
}

/** The program of a process, and the shared libraries that may have a TLS library in them. */
export function candidateFiles(pid: number, procRoot = PROC): CandidateFile[] {
	const program = programOf(pid, procRoot);
	if (program === undefined) return [];
	const libraries = mappedFiles(pid, procRoot).flatMap((mapped) => {
		if (mapped.path === program.path || !isPromising(mapped.path)) return [];
		const openPath = openPathOf(pid, mapped, procRoot);
		return openPath === undefined ? [] : [{ openPath, path: mapped.path }];
	});
	return [program, ...libraries];
}

/**
 * The kernel's own link to the mapped file; where that needs a capability that is missing, the name, if the file there
 * is the mapped one.
 */
function openPathOf(pid: number, mapped: MappedFile, procRoot: string): string | undefined {
	const link = join(procRoot, String(pid), "map_files", mapped.range);
	if (statOf(link) !== undefined) return link;
	const named = join(procRoot, String(pid), "root", mapped.path);
	const stat = statOf(named);
	if (stat === undefined || stat.ino !== mapped.inode) return undefined;
	const isSame = deviceText(stat.dev) === mapped.device || OTHER_DEVICE_NUMBERS.includes(fileSystemOf(named) ?? 0);
	return isSame ? named : undefined;
}

/** As /proc/PID/maps writes the number that stat() gives. */
function deviceText(device: bigint): string {
	const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
	const minor = (device & 0xffn) | ((device >> 12n) & ~0xffn);
	return [major, minor].map((number) => number.toString(16).padStart(2, "0")).join(":");
}

function statOf(path: string) {
	try {
		return statSync(path, { bigint: true });
	} catch {
		return undefined;
	}
}

function fileSystemOf(path: string): StatsFs["type"] | undefined {
	try {
		return statfsSync(path).type;
	} catch {
		return undefined;
	}
}

/** A file of /proc, whose size nobody knows beforehand; as much as there is if the process ends meanwhile. */
function readBounded(path: string): string {
	const chunks: Buffer[] = [];
	let descriptor: number | undefined;
	try {
		descriptor = openSync(path, "r");
		for (let done = 0; done < MOST_BYTES_OF_MAPS; ) {
			const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
			const count = readSync(descriptor, chunk);
			if (count === 0) break;
			chunks.push(chunk.subarray(0, count));
			done += count;
		}
	} catch {
		// it has ended
	} finally {
		if (descriptor !== undefined) closeSync(descriptor);
	}
	return wireText(Buffer.concat(chunks));
}

function withoutZeros(address: string): string {
	return address.replace(/^0+(?=.)/, "");
}
