/** Paths of the checkout, and small file helpers. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** @param {string[]} parts a path below the checkout */
export function inRoot(...parts) {
	return join(ROOT, ...parts);
}

/**
 * Files below a folder of the checkout, as sorted paths from the checkout on.
 * @param {string} folder
 * @param {(path: string) => boolean} [wanted]
 * @returns {string[]}
 */
export function filesUnder(folder, wanted = () => true) {
	if (!existsSync(inRoot(folder))) return [];
	return readdirSync(inRoot(folder), { withFileTypes: true, recursive: true })
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(ROOT.length + 1))
		.filter(wanted)
		.sort();
}

/** Replaces a file in one step, so that whoever reads it meanwhile sees the old or the new one. */
export function writeWhole(path, text) {
	mkdirSync(dirname(path), { recursive: true });
	const temporary = `${path}.${process.pid}.tmp`;
	try {
		writeFileSync(temporary, text);
		renameSync(temporary, path);
	} finally {
		rmSync(temporary, { force: true });
	}
}

/** @param {string} path @returns {string | undefined} undefined if there is no such file */
export function readIfThere(path) {
	return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}
