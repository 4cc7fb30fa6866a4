/** Reading the type information (BTF) of an object file, as `bpftool -j btf dump file` prints it. */
import { needProgram, runQuietly } from "./programs.mjs";

/**
 * @typedef {object} BtfMember
 * @property {string} name
 * @property {number} type_id
 * @property {number} bits_offset
 * @property {number} [bitfield_size]
 */

/**
 * @typedef {object} BtfType
 * @property {number} id
 * @property {string} kind
 * @property {string} name
 * @property {number} [size]
 * @property {number} [type_id]
 * @property {string} [encoding]
 * @property {string} [linkage]
 * @property {number} [nr_elems]
 * @property {BtfMember[]} [members]
 * @property {{ name: string, val: number }[]} [values]
 * @property {{ type_id: number, offset: number, size: number }[]} [vars]
 */

/** Kinds that only say more about another type. */
const WRAPPERS = new Set(["TYPEDEF", "CONST", "VOLATILE", "RESTRICT", "TYPE_TAG"]);

export class Btf {
	/** @type {Map<number, BtfType>} */
	#types;

	/** @param {BtfType[]} types */
	constructor(types) {
		this.#types = new Map(types.map((type) => [type.id, type]));
	}

	/** @param {string} path of an object file */
	static ofFile(path) {
		const dump = runQuietly(needProgram("bpftool"), ["-j", "btf", "dump", "file", path], `read the types of ${path}`);
		return new Btf(JSON.parse(dump).types);
	}

	/** The type behind typedefs and qualifiers. @param {number} id @returns {BtfType} */
	resolve(id) {
		const type = this.#types.get(id);
		if (type === undefined) return { id, kind: "VOID", name: "void" };
		return WRAPPERS.has(type.kind) && type.type_id !== undefined ? this.resolve(type.type_id) : type;
	}

	/** Global variables, in the order of the source. */
	globals() {
		return [...this.#types.values()].filter((type) => type.kind === "VAR" && type.linkage?.startsWith("global"));
	}

	/**
	 * Global variables of a section, with their places in it.
	 * @param {string} section
	 * @returns {{ name: string, offset: number, size: number }[]}
	 */
	variables(section) {
		const data = [...this.#types.values()].find((type) => type.kind === "DATASEC" && type.name === section);
		return (data?.vars ?? []).flatMap(({ type_id, offset, size }) => {
			const variable = this.#types.get(type_id);
			return variable?.linkage?.startsWith("global") ? [{ name: variable.name, offset, size }] : [];
		});
	}
}
