/**
 * Builds the BPF objects: build/bpf/{x64,arm64}/httpeek.bpf.o from the packet and socket hooks of bpf/, httpeek-tls.bpf.o
 * from its uprobes, and from the same sources httpeek{,-tls}-compat.bpf.o for kernels before 5.13 (bpf/compat.h);
 * build/bpf/layout.bpf.o, which only carries types to tools/gen-layout.mjs; and build/test/harness{,-compat}.bpf.o, which
 * only the kernel tests load. `node tools/build-bpf.mjs` builds what is out of date.
 */
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileBpf, findClang } from "./lib/bpf-compiler.mjs";
import { runTool } from "./lib/failure.mjs";
import { filesUnder, inRoot } from "./lib/files.mjs";
import { needProgram, runQuietly } from "./lib/programs.mjs";
import { ensure } from "./lib/stamp.mjs";

/** Node's names of the architectures, and what libbpf's headers call them. */
const ARCHITECTURES = /** @type {const} */ ({ x64: "x86", arm64: "arm64" });
const LAYOUT_SOURCE = "bpf/layout.bpf.c";
export const LAYOUT_OBJECT = "build/bpf/layout.bpf.o";
const HARNESS_SOURCE = "test/kernel/harness.bpf.c";
/** An object of its own, because it is loaded only where TLS is read. */
const TLS_SOURCE = "bpf/tls.bpf.c";
/** What every object needs whose tables are used. */
const SLOTS_SOURCE = "bpf/slots.bpf.c";

/** What is built from the same sources, with a name that says so. @type {{ suffix: string, defines: string[] }[]} */
const VARIANTS = [
	{ suffix: "", defines: [] },
	{ suffix: "-compat", defines: ["HTTPEEK_COMPAT"] },
];

/** @param {string} arch @param {string} suffix of a variant */
function mainObject(arch, suffix) {
	return `build/bpf/${arch}/httpeek${suffix}.bpf.o`;
}

/** @param {string} arch @param {string} suffix of a variant */
function tlsObject(arch, suffix) {
	return `build/bpf/${arch}/httpeek-tls${suffix}.bpf.o`;
}

/** @param {string} suffix of a variant */
function harnessObject(suffix) {
	return `build/test/harness${suffix}.bpf.o`;
}

/** @param {(arch: string, suffix: string) => string} name */
function ofAllVariants(name) {
	return Object.keys(ARCHITECTURES).flatMap((arch) => VARIANTS.map(({ suffix }) => name(arch, suffix)));
}

export const MAIN_OBJECTS = ofAllVariants(mainObject);
export const TLS_OBJECTS = ofAllVariants(tlsObject);
const HARNESS_OBJECTS = VARIANTS.map(({ suffix }) => harnessObject(suffix));

/** @type {import("./lib/stamp.mjs").Step} */
export const bpfStep = {
	name: "bpf",
	inputs: () => [
		...filesUnder("bpf", (path) => /\.[ch]$/.test(path)),
		HARNESS_SOURCE,
		"tools/build-bpf.mjs",
		"tools/lib/bpf-compiler.mjs",
		"tools/lib/hot-first.mjs",
	],
	outputs: () => [LAYOUT_OBJECT, ...HARNESS_OBJECTS, ...MAIN_OBJECTS, ...TLS_OBJECTS],
	run: buildAll,
};

function buildAll() {
	const clang = findClang();
	mkdirSync(inRoot("build/bpf"), { recursive: true });
	const scratch = mkdtempSync(inRoot("build/bpf/.scratch-"));
	try {
		const layout = join(scratch, "layout.bpf.o");
		compileBpf({ clang, source: LAYOUT_SOURCE, object: layout });
		renameSync(layout, inRoot(LAYOUT_OBJECT));
		for (const [arch, targetArch] of Object.entries(ARCHITECTURES)) {
			mkdirSync(inRoot("build/bpf", arch), { recursive: true });
			for (const { suffix, defines } of VARIANTS) {
				/** @type {Compile} */
				const compile = (source, object) => compileBpf({ clang, source, object, targetArch, defines });
				if (arch === process.arch) buildHarness(scratch, compile, harnessObject(suffix));
				renameSync(buildMain(scratch, compile), inRoot(mainObject(arch, suffix)));
				renameSync(buildTls(scratch, compile), inRoot(tlsObject(arch, suffix)));
			}
		}
	} finally {
		rmSync(scratch, { recursive: true, force: true });
	}
}

/** @typedef {(source: string, object: string) => void} Compile */

/**
 * @param {string} scratch
 * @param {Compile} compile
 * @returns {string} path of the object
 */
function buildMain(scratch, compile) {
	const sources = readdirSync(inRoot("bpf"))
		.filter((name) => name.endsWith(".bpf.c") && ![LAYOUT_SOURCE, TLS_SOURCE].includes(`bpf/${name}`))
		.sort();
	const objects = sources.map((name) => {
		const object = join(scratch, `${basename(name, ".c")}.o`);
		compile(`bpf/${name}`, object);
		return object;
	});
	const linked = join(scratch, "httpeek.bpf.o");
	link(linked, objects);
	return linked;
}

/** @param {string} scratch @param {Compile} compile @returns {string} path of the object */
function buildTls(scratch, compile) {
	const object = join(scratch, "tls.o");
	const linked = join(scratch, "tls.bpf.o");
	compile(TLS_SOURCE, object);
	link(linked, [object]);
	return linked;
}

/** @param {string} scratch @param {Compile} compile @param {string} path */
function buildHarness(scratch, compile, path) {
	const [object, slots] = [join(scratch, "harness.o"), join(scratch, "slots.o")];
	const linked = join(scratch, "harness.bpf.o");
	compile(HARNESS_SOURCE, object);
	compile(SLOTS_SOURCE, slots);
	link(linked, [object, slots]);
	mkdirSync(inRoot("build/test"), { recursive: true });
	renameSync(linked, inRoot(path));
}

/**
 * Linking with bpftool also fills in the offsets of the sections' variables, which clang leaves zero in the BTF.
 * @param {string} linked
 * @param {string[]} objects
 */
function link(linked, objects) {
	runQuietly(needProgram("bpftool"), ["gen", "object", linked, ...objects], "link a BPF object");
	// DWARF goes, BTF stays
	runQuietly(needProgram("llvm-strip-19", "llvm-strip"), ["-g", linked], "strip a BPF object");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runTool(() => void ensure(bpfStep));
