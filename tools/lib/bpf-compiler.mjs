/** Compiling C for BPF with the options that all objects share. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { ToolFailure } from "./failure.mjs";
import { hotFirst } from "./hot-first.mjs";
import { findProgram, needProgram, runQuietly } from "./programs.mjs";

/** clang 14's output has been refused by the verifier; 17 and later are known to be fine. */
const OLDEST_CLANG = 17;

/** Whether a clang that is new enough is installed: Debian 12's own, 14, is not. */
export function hasClang() {
	const clang = findProgram("clang-19", "clang");
	return clang !== undefined && clangVersion(clang) >= OLDEST_CLANG;
}

/** @param {string} clang */
function clangVersion(clang) {
	if (clang.endsWith("clang-19")) return 19;
	return Number(/version (\d+)/.exec(runQuietly(clang, ["--version"], "ask clang for its version"))?.[1] ?? 0);
}

/** @returns {string} path of a clang that is new enough */
export function findClang() {
	const clang = needProgram("clang-19", "clang");
	const version = clangVersion(clang);
	if (version >= OLDEST_CLANG) return clang;
	throw new ToolFailure(`${clang} is version ${version}: BPF objects need ${OLDEST_CLANG} or later`, {
		hint: "on Debian 12: apt-get install clang-19 llvm-19",
	});
}

const TARGET = ["-g", "-O2", "-target", "bpf", "-mcpu=v3"];

/**
 * In two steps, so that rare code can be moved out of the way between them (hot-first.mjs).
 * @param {{ clang: string, source: string, object: string, targetArch?: "x86" | "arm64", defines?: string[] }} options
 */
export function compileBpf({ clang, source, object, targetArch = "x86", defines = [] }) {
	const ir = `${object}.ll`;
	runQuietly(
		clang,
		[
			...[...TARGET, "-Wall", "-Werror", "-fno-discard-value-names"],
			...[`-D__TARGET_ARCH_${targetArch}`, ...defines.map((name) => `-D${name}`), ...kernelHeaders()],
			...["-S", "-emit-llvm", source, "-o", ir],
		],
		`compile ${source}`,
	);
	writeFileSync(ir, hotFirst(readFileSync(ir, "utf8")));
	runQuietly(
		clang,
		[...TARGET, "-Xclang", "-disable-llvm-passes", "-c", ir, "-o", object],
		`make code of ${source}, whose rare blocks were moved (tools/lib/hot-first.mjs)`,
	);
}

/**
 * Where the kernel's UAPI headers keep <asm/types.h>: Debian has it in a folder named after the architecture, which clang
 * does not look into for a BPF target. Any architecture's will do: fixed-width integers are the same on all.
 */
function kernelHeaders() {
	if (existsSync("/usr/include/asm/types.h")) return [];
	const folder = readdirSync("/usr/include").find((name) => existsSync(`/usr/include/${name}/asm/types.h`));
	return folder === undefined ? [] : [`-I/usr/include/${folder}`];
}
