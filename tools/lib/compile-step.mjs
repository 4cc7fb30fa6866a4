/** TypeScript to dist/. */
import { rmSync } from "node:fs";
import { ToolFailure } from "./failure.mjs";
import { filesUnder, inRoot } from "./files.mjs";
import { runShown } from "./programs.mjs";

const FOLDERS = ["src", "test", "bench"];
/** What tsc remembers of its last run. */
const MEMORY = "build/tsc.tsbuildinfo";

/** @param {string} source such as `src/index.ts` @returns {string} `dist/src/index.js` */
export function compiledFile(source) {
	return `dist/${source.replace(/\.tsx?$/, ".js")}`;
}

/** @type {import("./stamp.mjs").Step} */
export const compileStep = {
	name: "compile",
	inputs: () => ["tsconfig.json", "package-lock.json", ...sources()],
	outputs: () => sources().map(compiledFile),
	run: () => {
		if (!compileStep.outputs().every((path) => filesUnder("dist").includes(path)))
			rmSync(inRoot(MEMORY), { force: true });
		if (!runShown(process.execPath, [inRoot("node_modules/typescript/bin/tsc"), "--project", "."])) {
			throw new ToolFailure("cannot compile the TypeScript sources: the messages above say why");
		}
		removeLeftovers();
	},
};

function sources() {
	return FOLDERS.flatMap((folder) => filesUnder(folder, (path) => /(?<!\.d)\.tsx?$/.test(path)));
}

/** tsc leaves the output of sources that are gone; the package would carry it. */
function removeLeftovers() {
	const stems = new Set(sources().map((path) => `dist/${path.replace(/\.tsx?$/, "")}`));
	for (const path of filesUnder("dist")) {
		if (!stems.has(path.replace(/(\.d\.ts|\.js|\.js\.map)$/, ""))) rmSync(inRoot(path));
	}
}
