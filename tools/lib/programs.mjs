/** Finding and running other programs. */
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { ToolFailure } from "./failure.mjs";
import { ROOT } from "./files.mjs";

/** bpftool and ip stand in sbin, which a PATH of a user often lacks. */
const SBIN = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/**
 * The first of the given programs that is installed.
 * @param {string[]} names
 * @returns {string | undefined} its path
 */
export function findProgram(...names) {
	const folders = [...(process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== ""), ...SBIN];
	for (const name of names) {
		for (const folder of folders) {
			const path = join(folder, name);
			if (isExecutable(path)) return path;
		}
	}
	return undefined;
}

/** @param {string[]} names */
export function needProgram(...names) {
	const path = findProgram(...names);
	if (path === undefined) {
		throw new ToolFailure(`${names.join(" or ")} is not installed`, {
			hint: "npm start installs it on Debian, as root",
		});
	}
	return path;
}

/**
 * Runs a program in the checkout and returns what it wrote to stdout. Its stderr is shown if it fails.
 * @param {string} program
 * @param {string[]} args
 * @param {string} purpose for the message: "cannot <purpose>"
 */
export function runQuietly(program, args, purpose) {
	const result = spawnSync(program, args, { cwd: ROOT, encoding: "utf8", maxBuffer: 1 << 28 });
	if (result.error !== undefined) throw new ToolFailure(`cannot ${purpose}: ${result.error.message}`);
	if (result.status !== 0) {
		const output = `${result.stdout}${result.stderr}`.trimEnd();
		throw new ToolFailure(`cannot ${purpose}: ${program} ended with ${result.signal ?? result.status}\n${output}`);
	}
	return result.stdout;
}

/**
 * Runs a program in the checkout with its output on our stderr: stdout belongs to results.
 * @param {string} program
 * @param {string[]} args
 * @param {Record<string, string>} [environment]
 * @returns {boolean} whether it ended well
 */
export function runShown(program, args, environment = {}) {
	const result = spawnSync(program, args, {
		cwd: ROOT,
		stdio: ["ignore", 2, 2],
		env: { ...process.env, ...environment },
	});
	return result.status === 0;
}

/** @param {string} path */
function isExecutable(path) {
	try {
		accessSync(path, constants.X_OK);
		return true;
	} catch {
		return false;
	}
}
