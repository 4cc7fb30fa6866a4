/** Fails where a part of the project imports what it may not: the table is in lib/import-rules.mjs. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runTool } from "./lib/failure.mjs";
import { filesUnder, inRoot } from "./lib/files.mjs";
import { importProblems } from "./lib/import-rules.mjs";

/** @returns {string[]} */
export function forbiddenImports() {
	return ["src", "test", "bench"]
		.flatMap((folder) => filesUnder(folder, (path) => /\.tsx?$/.test(path)))
		.flatMap((path) => importProblems(path, readFileSync(inRoot(path), "utf8")));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	await runTool(() => {
		const problems = forbiddenImports();
		for (const problem of problems) process.stderr.write(`${problem}\n`);
		return problems.length === 0 ? 0 : 1;
	});
}
