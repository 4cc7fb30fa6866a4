/**
 * Generates src/wire/layout.ts, src/wire/object.ts and src/wire/tls-object.ts from the types in the built BPF objects, so that no layout is typed
 * twice. `node tools/gen-layout.mjs` does it if something changed, `--check` only says whether the files are current.
 */
import { fileURLToPath } from "node:url";
import { bpfStep, LAYOUT_OBJECT, MAIN_OBJECTS, TLS_OBJECTS } from "./build-bpf.mjs";
import { Btf } from "./lib/btf.mjs";
import { runTool, say, ToolFailure } from "./lib/failure.mjs";
import { inRoot, readIfThere, writeWhole } from "./lib/files.mjs";
import { layoutSource } from "./lib/layout-source.mjs";
import { objectSource } from "./lib/object-source.mjs";
import { ensure } from "./lib/stamp.mjs";
import { wireTypes } from "./lib/wire-types.mjs";

const LAYOUT = "src/wire/layout.ts";
const OBJECT = "src/wire/object.ts";
const TLS_OBJECT = "src/wire/tls-object.ts";

/** @type {import("./lib/stamp.mjs").Step} */
export const layoutStep = {
	name: "layout",
	inputs: () => [
		LAYOUT_OBJECT,
		...MAIN_OBJECTS,
		...TLS_OBJECTS,
		LAYOUT,
		OBJECT,
		TLS_OBJECT,
		...["btf", "wire-types", "layout-source", "object-source"].map((name) => `tools/lib/${name}.mjs`),
		"tools/gen-layout.mjs",
	],
	outputs: () => [LAYOUT, OBJECT, TLS_OBJECT],
	run: () => {
		for (const { path, text } of generate()) {
			if (readIfThere(inRoot(path)) !== text) writeWhole(inRoot(path), text);
		}
	},
};

/** @returns {string[]} generated files that do not fit the C sources */
export function outdatedFiles() {
	ensure(bpfStep);
	return generate().flatMap(({ path, text }) => (readIfThere(inRoot(path)) === text ? [] : [path]));
}

/** @returns {{ path: string, text: string }[]} */
function generate() {
	const layout = layoutSource(wireTypes(Btf.ofFile(inRoot(LAYOUT_OBJECT))), header("bpf/wire.h"));
	return [
		{ path: LAYOUT, text: layout },
		{ path: OBJECT, text: commonSource(MAIN_OBJECTS, "httpeek.bpf.o") },
		{ path: TLS_OBJECT, text: commonSource(TLS_OBJECTS, "httpeek-tls.bpf.o") },
	];
}

/** @param {string[]} paths objects that may only differ in their code @param {string} name of them all */
function commonSource(paths, name) {
	const [object = "", ...others] = paths.map((path) => objectSource(inRoot(path), header(name)));
	if (others.some((other) => other !== object)) {
		throw new ToolFailure(`${paths.join(" and ")} differ in names or offsets, and the program has one table for both`);
	}
	return object;
}

/** @param {string} source */
function header(source) {
	return `// generated from ${source} by tools/gen-layout.mjs: do not edit`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	await runTool(() => {
		if (process.argv[2] !== "--check") {
			ensure(bpfStep);
			ensure(layoutStep);
			return 0;
		}
		const outdated = outdatedFiles();
		for (const path of outdated) say(`${path} does not fit the C sources: run node tools/gen-layout.mjs`);
		return outdated.length === 0 ? 0 : 1;
	});
}
