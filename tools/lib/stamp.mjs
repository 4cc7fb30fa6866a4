/**
 * Whether a build step has to run: its inputs have the content they had when it last ran, and what it made is there. By
 * content and not by time, so that switching branches back and forth builds nothing. 200 files take about 10 ms.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { inRoot, readIfThere, writeWhole } from "./files.mjs";

const STAMPS = inRoot("build", ".stamp");

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {() => string[]} inputs files, from the checkout on
 * @property {() => string[]} outputs files, from the checkout on
 * @property {() => void} run
 */

/** @param {Step} step */
export function isUpToDate(step) {
	return step.outputs().every((path) => existsSync(inRoot(path))) && readIfThere(stampPath(step)) === fingerprint(step);
}

/**
 * Runs a step if it has to run.
 * @param {Step} step
 * @returns {boolean} whether it ran
 */
export function ensure(step) {
	if (isUpToDate(step)) return false;
	// taken before: an input that changes while the step runs makes it run again
	const before = fingerprint(step);
	step.run();
	writeWhole(stampPath(step), before);
	return true;
}

/** @param {Step} step */
function stampPath(step) {
	return `${STAMPS}/${step.name}`;
}

/** @param {Step} step */
function fingerprint(step) {
	const hash = createHash("sha256");
	for (const path of step.inputs()) {
		hash.update(`${path}\0`);
		if (existsSync(inRoot(path))) hash.update(readFileSync(inRoot(path)));
		hash.update("\0");
	}
	return hash.digest("hex");
}
