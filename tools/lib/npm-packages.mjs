/** Whether node_modules holds what package-lock.json asks for, without starting npm. */
import { existsSync } from "node:fs";
import { ToolFailure } from "./failure.mjs";
import { inRoot, readIfThere } from "./files.mjs";
import { needProgram, runShown } from "./programs.mjs";

/**
 * @typedef {{ version?: string, optional?: boolean, os?: string[], cpu?: string[], libc?: string[] }} LockedPackage
 */

/** @returns {boolean} */
export function areNpmPackagesInstalled() {
	const wanted = packagesOf("package-lock.json");
	const installed = packagesOf("node_modules/.package-lock.json");
	return Object.entries(wanted).every(([path, entry]) => {
		if (path === "" || !isForThisMachine(entry)) return true;
		return installed[path]?.version === entry.version && existsSync(inRoot(path, "package.json"));
	});
}

/** Scripts of packages are not run: koffi, the compiler and biome bring their binaries along. */
export function installNpmPackages() {
	const npm = needProgram("npm");
	const isDone = () => runShown(npm, ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
	// once more: registries have hiccups
	if (!isDone() && !isDone()) {
		throw new ToolFailure("cannot install the npm packages: npm ci failed twice, its messages are above", {
			hint: "check the network and npm's registry setting, then run the same command again",
		});
	}
}

/** @param {string} path @returns {Record<string, LockedPackage>} */
function packagesOf(path) {
	const text = readIfThere(inRoot(path));
	return text === undefined ? {} : (JSON.parse(text).packages ?? {});
}

/** Packages for one C library only are left to npm: which one this is takes too long to find out. @param {LockedPackage} entry */
function isForThisMachine({ os = [process.platform], cpu = [process.arch], libc }) {
	return os.includes(process.platform) && cpu.includes(process.arch) && libc === undefined;
}
