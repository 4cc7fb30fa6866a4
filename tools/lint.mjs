/**
 * `npm run lint`: formatting and lint rules, import table, length of files, generated files. Every check runs, so that one
 * look shows all there is to mend.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { forbiddenImports } from "./check-imports.mjs";
import { outdatedFiles } from "./gen-layout.mjs";
import { runTool } from "./lib/failure.mjs";
import { filesUnder, inRoot } from "./lib/files.mjs";
import { findProgram, runShown } from "./lib/programs.mjs";

/** A file has one subject; one that is longer has several. */
const MOST_LINES = 300;
const GENERATED = /^(?:\/\/|\/\*) generated .*do not edit/m;
/** Generated files say so at their top. */
const HEAD_CHARACTERS = 300;

/** @type {[name: string, check: () => string[]][]} each returns its complaints, or writes them itself and returns a summary */
const CHECKS = [
	["biome", biome],
	["imports", forbiddenImports],
	["clang-format", clangFormat],
	["length of files", longFiles],
	["generated files", () => outdatedFiles().map((path) => `${path} does not fit the C sources: run npm run build`)],
];

/** @returns {boolean} whether all is well */
export function lint() {
	let isFine = true;
	for (const [name, check] of CHECKS) {
		const complaints = check();
		for (const complaint of complaints) process.stderr.write(`${complaint}\n`);
		if (complaints.length > 0) process.stderr.write(`lint: ${name}: not in order\n`);
		isFine &&= complaints.length === 0;
	}
	return isFine;
}

function biome() {
	const isFine = runShown(inRoot("node_modules/.bin/biome"), ["check", "--error-on-warnings"]);
	return isFine ? [] : ["npx biome check --write mends most of it"];
}

/** npm test sets it up; who only runs npm run lint may do without. Other versions format differently. */
function clangFormat() {
	const program = findProgram("clang-format-19");
	if (program === undefined) {
		process.stderr.write("lint: clang-format-19 is not installed: the C sources are not checked for their format\n");
		return [];
	}
	const sources = sourceFiles().filter(({ path, text }) => /\.[ch]$/.test(path) && !isGenerated(text));
	const isFine = runShown(program, ["--dry-run", "--Werror", ...sources.map(({ path }) => path)]);
	return isFine ? [] : [`${program} -i FILE mends it`];
}

function longFiles() {
	return sourceFiles()
		.filter(({ text }) => !isGenerated(text))
		.map(({ path, text }) => ({ path, lines: text.split("\n").length - 1 }))
		.filter(({ lines }) => lines > MOST_LINES)
		.map(({ path, lines }) => `${path} has ${lines} lines: files stay below ${MOST_LINES}`);
}

function sourceFiles() {
	return ["bpf", "fuzz", "src", "test", "bench", "tools"]
		.flatMap((folder) => filesUnder(folder, (path) => /\.([ch]|tsx?|mjs)$/.test(path)))
		.map((path) => ({ path, text: readFileSync(inRoot(path), "utf8") }));
}

/** @param {string} text */
function isGenerated(text) {
	return GENERATED.test(text.slice(0, HEAD_CHARACTERS));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runTool(() => (lint() ? 0 : 1));
