/** From a fresh checkout to a program that can run: only what is missing is done, and a set-up checkout costs milliseconds. */
import { bpfStep } from "../build-bpf.mjs";
import { layoutStep } from "../gen-layout.mjs";
import { compileStep } from "./compile-step.mjs";
import { say } from "./failure.mjs";
import { checkPlatform, ensureMachine, FOR_BUILDING, FOR_RUNNING } from "./machine.mjs";
import { areNpmPackagesInstalled, installNpmPackages } from "./npm-packages.mjs";
import { ensure, isUpToDate } from "./stamp.mjs";

/**
 * Packages of Debian and of npm.
 * @param {import("./machine.mjs").Requirement[]} more what the caller needs beyond building and running
 * @param {string} purpose "build and run httpeek"
 */
export async function setUpMachine(more = [], purpose = "build and run httpeek") {
	checkPlatform();
	const isBuilt = isUpToDate(bpfStep) && isUpToDate(layoutStep);
	await ensureMachine([...FOR_RUNNING, ...(isBuilt ? [] : FOR_BUILDING), ...more], purpose);
	if (areNpmPackagesInstalled()) return;
	say("installing npm packages");
	installNpmPackages();
}

/** Compiles what is out of date, in the order in which the steps need each other. */
export function build() {
	buildStep(bpfStep, "compiling the kernel side");
	buildStep(layoutStep, "generating src/wire");
	buildStep(compileStep, "compiling TypeScript");
}

/** @param {import("./stamp.mjs").Step} step @param {string} progress */
export function buildStep(step, progress) {
	if (isUpToDate(step)) return;
	say(progress);
	ensure(step);
}
