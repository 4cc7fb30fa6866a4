/** What an object file holds, as TypeScript: names of programs and maps, and places of variables. */
import { Btf } from "./btf.mjs";
import { needProgram, runQuietly } from "./programs.mjs";

/** Variables in .rodata that user space sets before loading. */
const CONFIG_PREFIX = "cfg_";
/** Functions in .text are called by programs; every other section of code is a hook. */
const SUBPROGRAMS = ".text";
/** As the formatter has it. */
const COLUMNS = 120;

/**
 * @param {string} path of a linked object: in others the variables have no offsets
 * @param {string} header first lines of the file
 */
export function objectSource(path, header) {
	const btf = Btf.ofFile(path);
	const config = btf.variables(".rodata").filter(({ name }) => name.startsWith(CONFIG_PREFIX));
	const state = btf.variables(".bss");
	return `${[
		header,
		union("ProgramName", "Programs of the object.", programs(path)),
		union(
			"MapName",
			"Maps of the object.",
			btf.variables(".maps").map(({ name }) => name),
		),
		`/** Places, in bytes, of the variables in \`.rodata\` that are set before loading. */
export const CONFIG_LAYOUT = {
${config.map(({ name, offset, size }) => `\t${name}: { offset: ${offset}, size: ${size} },`).join("\n")}
} as const;`,
		...state.map(
			({ name, offset }) => `/** Where \`${name}\` begins in \`.bss\`, in bytes. */
export const ${name.toUpperCase()}_OFFSET = ${offset};`,
		),
		`/** For BpfObject: every name that may be asked for. */
export interface ObjectNames {
	readonly program: ProgramName;
	readonly map: MapName;
	readonly config: keyof typeof CONFIG_LAYOUT;
}`,
	].join("\n\n")}\n`;
}

/** @param {string} path @returns {string[]} */
function programs(path) {
	const objdump = needProgram("llvm-objdump-19", "llvm-objdump");
	const symbols = runQuietly(objdump, ["-t", path], `list the programs of ${path}`);
	// 0000000000000000 g     F cgroup_skb/ingress  0000000000001050 traffic
	return [...symbols.matchAll(/^[0-9a-f]+ [gw ]{2}.*F (\S+)\s+[0-9a-f]+ (\S+)$/gm)]
		.filter(([, section]) => section !== SUBPROGRAMS)
		.map(([, , name]) => name ?? "");
}

/** @param {string} type @param {string} comment @param {string[]} names */
function union(type, comment, names) {
	const members = [...names].sort().map((name) => `"${name}"`);
	const short = `export type ${type} = ${members.join(" | ") || "never"};`;
	const long = `export type ${type} =${members.map((member) => `\n\t| ${member}`).join("")};`;
	return `/** ${comment} */\n${short.length <= COLUMNS ? short : long}`;
}
