/**
 * Builds what drives the kernel side's C sources in user space, with sanitizers: build/fuzz/conversation-fuzzer, libFuzzer's
 * target, and build/fuzz/replay, which tells what is counted of given scripts. `node tools/build-fuzz.mjs` builds what is
 * out of date.
 */
import { mkdirSync, renameSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { findClang } from "./lib/bpf-compiler.mjs";
import { runTool } from "./lib/failure.mjs";
import { filesUnder, inRoot } from "./lib/files.mjs";
import { runQuietly } from "./lib/programs.mjs";
import { ensure } from "./lib/stamp.mjs";

/** What user space would have configured. */
const WATCHED_SOURCE = "fuzz/watched.c";
export const FUZZER = "build/fuzz/conversation-fuzzer";
export const REPLAY = "build/fuzz/replay";

/** @type {import("./lib/stamp.mjs").Step} */
export const fuzzStep = {
	name: "fuzz",
	inputs: () => [...["bpf", "fuzz"].flatMap((folder) => filesUnder(folder, isSource)), "tools/build-fuzz.mjs"],
	outputs: () => [FUZZER, REPLAY],
	run: () => {
		mkdirSync(inRoot("build/fuzz"), { recursive: true });
		compile("fuzz/conversation_fuzzer.c", FUZZER, "fuzzer,address,undefined");
		compile("fuzz/replay.c", REPLAY, "address,undefined");
	},
};

/**
 * Test files may build at the same time: a program is whole wherever it stands, and one that runs stays as it is.
 * @param {string} source @param {string} program @param {string} sanitizers
 */
function compile(source, program, sanitizers) {
	const made = `${program}.${process.pid}`;
	const options = ["-g", "-O2", "-Wall", "-Werror", "-Wno-unused-function"];
	const sanitize = [`-fsanitize=${sanitizers}`, "-fno-sanitize-recover=undefined"];
	runQuietly(findClang(), [...options, ...sanitize, source, WATCHED_SOURCE, "-o", made], `compile ${source}`);
	renameSync(inRoot(made), inRoot(program));
}

/** @param {string} path */
function isSource(path) {
	return /\.[ch]$/.test(path);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runTool(() => void ensure(fuzzStep));
