/** Which part of the project may import what. Type-only imports count: they tie parts together just as well. */

/** Lowest first: a part imports those before it, and itself. */
const LAYERS = [
	"base",
	"wire",
	"model",
	"kernel",
	"identity",
	"tls",
	"capture",
	"sinks",
	"views",
	"web",
	"index.ts",
	"cli",
];

/** Reading maps is the work of capture alone: what shows numbers gets snapshots. */
const ONLY_FOR = new Map([["kernel", ["identity", "tls", "capture"]]]);

/** npm packages and the places that may import them; what is not listed may not be imported. */
const PACKAGES = new Map([
	["koffi", ["src/kernel/"]],
	["commander", ["src/cli/"]],
	["ink", ["src/views/"]],
	["react", ["src/views/"]],
]);
const TEST_PACKAGES = ["fast-check", "ink-testing-library", "@xterm/headless"];

/** `import … from "x"`, `export … from "x"`, `import "x"`: statements begin a line, as the formatter puts them. */
const STATEMENT = /^(?:import|export)\b(?:[^;"'`]*?\bfrom\s+|\s+)"([^"]+)"/gm;
/** `import("x")`, as an expression or in a type. */
const EXPRESSION = /\bimport\(\s*(?:"([^"]+)"|([^"]))/g;
const COMMENT_LINE = /^\s*(?:\*|\/\/|\/\*)/;

/**
 * @param {string} path from the checkout on, such as `src/cli/main.ts`
 * @param {string} text
 * @returns {string[]} what is wrong, as `path:line: reason`
 */
export function importProblems(path, text) {
	return importsOf(text).flatMap(({ line, target }) => {
		const problem = problemOf(path, target);
		return problem === undefined ? [] : [`${path}:${line}: ${problem}`];
	});
}

/** @param {string} text @returns {{ line: number, target: string | undefined }[]} */
function importsOf(text) {
	const lines = text.split("\n");
	return [...text.matchAll(STATEMENT), ...text.matchAll(EXPRESSION)]
		.map(({ 0: matched, 1: target, index }) => ({
			// a statement over several lines is shown where it ends: there the name stands
			line: text.slice(0, index + matched.length).split("\n").length,
			target,
		}))
		.filter(({ line }) => !COMMENT_LINE.test(lines[line - 1] ?? ""))
		.sort((a, b) => a.line - b.line);
}

/** @param {string} path @param {string | undefined} target @returns {string | undefined} */
function problemOf(path, target) {
	if (target === undefined) return isTest(path) ? undefined : "an import of a computed name cannot be checked";
	if (target.startsWith("node:")) return undefined;
	if (!target.startsWith(".")) return packageProblem(path, target);
	const importer = layerOf(path);
	const imported = layerOf(new URL(target, `file:///${path}`).pathname.slice(1));
	// tests and benchmarks may look into every part
	if (importer === undefined) return undefined;
	if (imported === undefined) return isTest(path) ? undefined : `${target} is outside src`;
	if (imported === importer) return undefined;
	if (LAYERS.indexOf(imported) < 0) return `${imported} is not a known part of src`;
	if (LAYERS.indexOf(imported) > LAYERS.indexOf(importer)) return `${importer} may not import ${imported}: it is above`;
	const importers = ONLY_FOR.get(imported);
	if (importers === undefined || importers.includes(importer) || isTest(path)) return undefined;
	return `${importer} may not import ${imported}: only ${importers.join(" and ")} may`;
}

/** @param {string} path @param {string} target @returns {string | undefined} */
function packageProblem(path, target) {
	const name = target.split("/", target.startsWith("@") ? 2 : 1).join("/");
	if (TEST_PACKAGES.includes(name)) return isTest(path) ? undefined : `${name} is for tests only`;
	const places = PACKAGES.get(name);
	if (places === undefined) return `the package ${name} is not in the table of tools/lib/import-rules.mjs`;
	if (places.some((place) => path.startsWith(place))) return undefined;
	return `${name} may only be imported in ${places.join(", ")}`;
}

/** @param {string} path @returns {string | undefined} the folder of src, or `index.ts`; undefined outside src */
function layerOf(path) {
	const [top, part] = path.split("/");
	if (top !== "src" || part === undefined) return undefined;
	return part.replace(/\.js$/, ".ts");
}

/** @param {string} path */
function isTest(path) {
	return /\.test\.tsx?$/.test(path) || !path.startsWith("src/");
}
