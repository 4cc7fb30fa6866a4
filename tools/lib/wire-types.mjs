/**
 * What of an object's types can be shared with TypeScript: structs of fixed-width members without gaps, and enums. What
 * cannot is refused by name, because a layout that differs between compilers or architectures would be read wrongly in
 * silence.
 */
import { ToolFailure } from "./failure.mjs";

/**
 * @typedef {object} Scalar
 * @property {"scalar"} kind
 * @property {1 | 2 | 4 | 8} size
 * @property {boolean} isSigned
 * @property {boolean} isBoolean
 *
 * @typedef {{ kind: "array", element: Scalar, length: number }} ScalarArray
 * @typedef {{ kind: "struct", name: string }} StructReference
 * @typedef {{ name: string, offset: number, type: Scalar | ScalarArray | StructReference }} Field
 * @typedef {{ name: string, size: number, fields: Field[], isPrivate: boolean }} Struct
 * @typedef {{ name: string, values: { name: string, value: number }[] }} Enumeration
 */

/** Members whose names begin so are padding: they take their place and are not shown. */
const PADDING = "_pad";

/** Private to the kernel side: user space finds members in them, and reads none as a whole. */
const PRIVATE = new Set(["connection"]);

/**
 * The structs and enums that an object has global variables of, and the structs inside them.
 * @param {import("./btf.mjs").Btf} btf
 * @returns {{ structs: Struct[], enums: Enumeration[] }}
 */
export function wireTypes(btf) {
	/** @type {Map<string, Struct>} */
	const structs = new Map();
	/** @type {Enumeration[]} */
	const enums = [];

	/** @param {import("./btf.mjs").BtfType} type */
	const addStruct = (type) => {
		if (structs.has(type.name)) return;
		for (const member of PRIVATE.has(type.name) ? [] : (type.members ?? [])) {
			const inner = btf.resolve(member.type_id);
			if (inner.kind === "STRUCT" && inner.name !== "(anon)") addStruct(inner);
		}
		structs.set(type.name, readStruct(btf, type));
	};

	for (const variable of btf.globals()) {
		const type = btf.resolve(variable.type_id ?? 0);
		if (type.kind === "STRUCT") addStruct(type);
		else if (type.kind === "ENUM") {
			enums.push({ name: type.name, values: (type.values ?? []).map(({ name, val }) => ({ name, value: val })) });
		} else refuse(variable.name, `${describe(type)} is neither a struct nor an enum`);
	}
	return { structs: [...structs.values()], enums };
}

/** @param {import("./btf.mjs").Btf} btf @param {import("./btf.mjs").BtfType} type @returns {Struct} */
function readStruct(btf, type) {
	const size = type.size ?? 0;
	/** @type {Field[]} */
	const fields = [];
	let end = 0;
	for (const member of type.members ?? []) {
		const where = `${type.name}.${member.name}`;
		if (member.bitfield_size) refuse(where, "bitfields are laid out as each compiler likes");
		const offset = member.bits_offset / 8;
		if (offset !== end)
			refuse(where, `${offset - end} bytes of implicit padding stand before it: write a ${PADDING} member`);
		const shape = readShape(btf, member.type_id, where);
		end = offset + sizeOf(btf, member.type_id);
		if (!member.name.startsWith(PADDING)) fields.push({ name: member.name, offset, type: shape });
	}
	if (end !== size)
		refuse(type.name, `${size - end} bytes of implicit padding stand at its end: write a ${PADDING} member`);
	return { name: type.name, size, fields, isPrivate: PRIVATE.has(type.name) };
}

/** @param {import("./btf.mjs").Btf} btf @param {number} typeId @param {string} where @returns {Field["type"]} */
function readShape(btf, typeId, where) {
	const type = btf.resolve(typeId);
	if (type.kind === "INT") return readScalar(type, where);
	if (type.kind === "STRUCT" && type.name !== "(anon)") return { kind: "struct", name: type.name };
	if (type.kind === "ARRAY") {
		const element = readShape(btf, type.type_id ?? 0, where);
		if (element.kind !== "scalar") refuse(where, "only arrays of integers are supported");
		return { kind: "array", element, length: type.nr_elems ?? 0 };
	}
	return refuse(where, `${describe(type)} has no layout that can be shared`);
}

/** @param {import("./btf.mjs").BtfType} type @param {string} where @returns {Scalar} */
function readScalar(type, where) {
	// `long` is 4 bytes on some machines; `long long` is 8 on all
	if (/\blong\b/.test(type.name) && !/\blong long\b/.test(type.name)) {
		refuse(where, `${type.name} is not of the same size everywhere: use a fixed-width type`);
	}
	const { size } = type;
	if (size !== 1 && size !== 2 && size !== 4 && size !== 8)
		return refuse(where, `${size}-byte integers are not supported`);
	return { kind: "scalar", size, isSigned: type.encoding === "SIGNED", isBoolean: type.encoding === "BOOL" };
}

/** @param {import("./btf.mjs").Btf} btf @param {number} typeId @returns {number} */
function sizeOf(btf, typeId) {
	const type = btf.resolve(typeId);
	return type.kind === "ARRAY" ? (type.nr_elems ?? 0) * sizeOf(btf, type.type_id ?? 0) : (type.size ?? 0);
}

/** @param {import("./btf.mjs").BtfType} type */
function describe(type) {
	const kind = { PTR: "a pointer", UNION: "a union", ENUM: "an enum", STRUCT: "a struct without a name" }[type.kind];
	return kind ?? `a type of kind ${type.kind}`;
}

/** @param {string} where @param {string} why @returns {never} */
function refuse(where, why) {
	throw new ToolFailure(`cannot share ${where} with TypeScript: ${why}`);
}
