/**
 * `npm test`: sets up what is missing, checks, builds, and runs all tests. `npm test -- unit|kernel|live|e2e` runs the tests
 * of a kind, any other word those whose file name contains it.
 */
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { bpfStep } from "./build-bpf.mjs";
import { compiledFile } from "./lib/compile-step.mjs";
import { EXIT, runTool, ToolFailure } from "./lib/failure.mjs";
import { filesUnder, ROOT } from "./lib/files.mjs";
import { FOR_BUILDING, FOR_MATRIX, FOR_OTHER_KERNELS, FOR_TESTING } from "./lib/machine.mjs";
import { build, buildStep, setUpMachine } from "./lib/setup.mjs";
import { lint } from "./lint.mjs";

/** A test that hangs ends the run with its name instead of for ever. */
const LONGEST_TEST_MS = 600_000;

/**
 * What neither measures rates nor shares anything with others runs side by side, as many files at once as there are processors.
 * The longest first: most of a machine that is emulated is one processor's.
 */
const EMULATED = "test/e2e/oldest-kernel.test.ts";
const SIDE_BY_SIDE = new Set(["unit", "fuzz", EMULATED, "test/e2e/top-memory.test.ts"]);

/** Kinds that only run when they are asked for, or in a machine of another kernel: test/e2e/oldest-kernel.test.ts. */
const ON_REQUEST = new Set(["vm"]);

/**
 * @typedef {object} TestFile
 * @property {string} source
 * @property {string} file what node runs
 * @property {string} kind `unit`, or the folder of test/ it is in
 */

await runTool(async () => {
	const files = selectTests(process.argv.slice(2));
	const areAllUnit = files.every(({ kind }) => kind === "unit");
	if (!areAllUnit && process.getuid?.() !== 0) {
		throw new ToolFailure("the kernel and live tests load BPF programs: that needs root", {
			hint: "as root: npm test; without: npm test -- unit",
			exitCode: EXIT.notAllowed,
		});
	}
	// lint and the unit tests of the generator compile, too
	const machines = process.arch === "x64" ? FOR_OTHER_KERNELS : [];
	const matrix = files.some(({ kind }) => kind === "matrix") ? FOR_MATRIX : [];
	const needed = areAllUnit ? FOR_BUILDING : [...FOR_BUILDING, ...FOR_TESTING, ...matrix, ...machines];
	await setUpMachine(needed, "build and test httpeek");
	// before the generated files are written anew: what is committed has to fit
	buildStep(bpfStep, "compiling the kernel side");
	const isFine = lint();
	build();
	const isSideBySide = (/** @type {TestFile} */ { source, kind }) => SIDE_BY_SIDE.has(kind) || SIDE_BY_SIDE.has(source);
	const beside = files
		.filter(isSideBySide)
		.sort((a, b) => Number(b.source === EMULATED) - Number(a.source === EMULATED));
	// what runs in cgroups and measures rates gets the machine to itself
	const alone = files.filter((file) => !isSideBySide(file));
	const statuses = [runFiles(beside, availableParallelism()), runFiles(alone, 1)];
	const status = statuses.find((each) => each !== 0) ?? 0;
	// the last summary is of the second run alone
	if (status !== 0) process.stderr.write("tests failed: see the lines above that begin with not ok\n");
	if (!isFine) process.stderr.write("lint failed: see above, or run npm run lint\n");
	return isFine ? status : EXIT.runtime;
});

/** Runs test files, so many at once. @param {TestFile[]} files @param {number} atOnce @returns {number} node's exit code */
function runFiles(files, atOnce) {
	if (files.length === 0) return 0;
	const words = ["--enable-source-maps", "--test", `--test-timeout=${LONGEST_TEST_MS}`, `--test-concurrency=${atOnce}`];
	const { status } = spawnSync(process.execPath, [...words, ...files.map(({ file }) => file)], {
		cwd: ROOT,
		stdio: "inherit",
	});
	return status ?? EXIT.runtime;
}

/** @param {string[]} words @returns {TestFile[]} */
function selectTests(words) {
	const all = testFiles();
	const kinds = new Set(all.map(({ kind }) => kind));
	if (words.length === 0) return all.filter(({ kind }) => !ON_REQUEST.has(kind));
	const chosen = all.filter(({ source, kind }) =>
		words.some((word) => (kinds.has(word) ? kind === word : source.includes(word))),
	);
	if (chosen.length > 0) return chosen;
	throw new ToolFailure(`no test is called ${words.join(" or ")}`, {
		hint: `kinds are ${[...kinds].join(", ")}; other words are looked for in file names`,
		exitCode: EXIT.usage,
	});
}

/** Unit tests first: what is wrong in the parts is easier to read there. @returns {TestFile[]} */
function testFiles() {
	const compiled = (/** @type {string} */ folder, /** @type {(source: string) => string} */ kindOf) =>
		filesUnder(folder, isTypeScriptTest).map((source) => ({
			source,
			file: compiledFile(source),
			kind: kindOf(source),
		}));
	const tools = filesUnder("tools", (path) => path.endsWith(".test.mjs"));
	return [
		...compiled("src", () => "unit"),
		...compiled("bench", () => "unit"),
		...tools.map((source) => ({ source, file: source, kind: "unit" })),
		...compiled("test", (source) => source.split("/")[1] ?? ""),
	];
}

/** @param {string} path */
function isTypeScriptTest(path) {
	return /\.test\.tsx?$/.test(path);
}
