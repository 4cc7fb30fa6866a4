/** Structs and enums as TypeScript: interfaces, sizes, offsets, readers and writers over a DataView. */

/**
 * @typedef {import("./wire-types.mjs").Struct} Struct
 * @typedef {import("./wire-types.mjs").Field} Field
 * @typedef {import("./wire-types.mjs").Scalar} Scalar
 * @typedef {import("./wire-types.mjs").ScalarArray} ScalarArray
 * @typedef {import("./wire-types.mjs").Enumeration} Enumeration
 */

/** `Histogram` is the model's word for counts; the enum holds how they are laid out. */
const ENUM_NAMES = new Map([["histogram", "HistogramLayout"]]);

/** 64-bit amounts become numbers: exact below 2^53, and above it rounded by less than anyone can measure. */
const SAFE_AS_NUMBER = /(^|_)(ns|bytes|counts?)$/;

const CONVENTIONS = `// Members keep their C names in camelCase. A u64 that is an amount (ns, bytes, count) is a number, any other a bigint.`;

/**
 * @param {{ structs: Struct[], enums: Enumeration[] }} types
 * @param {string} header first lines of the file
 */
export function layoutSource({ structs, enums }, header) {
	/** @type {Set<string>} */
	const helpers = new Set();
	const parts = [...enums.map(enumSource), ...structs.flatMap((struct) => structSource(struct, helpers))];
	return `${[`${header}\n${CONVENTIONS}`, ...parts, ...[...helpers].sort()].join("\n\n")}\n`;
}

/** @param {Enumeration} enumeration */
function enumSource({ name, values }) {
	const prefix = `${name.toUpperCase()}_`;
	const typeName = ENUM_NAMES.get(name) ?? pascalCase(name);
	const rows = values.map((constant) => {
		const key = constant.name.startsWith(prefix) ? constant.name.slice(prefix.length) : constant.name;
		return `\t${/^[A-Z_]/.test(key) ? key : `"${key}"`}: ${constant.value},`;
	});
	return [
		`/** \`enum ${name}\` */`,
		`export const ${typeName} = {`,
		...rows,
		"} as const;",
		`export type ${typeName} = (typeof ${typeName})[keyof typeof ${typeName}];`,
	].join("\n");
}

/** @param {Struct} struct @param {Set<string>} helpers functions that the readers call */
function structSource(struct, helpers) {
	const type = pascalCase(struct.name);
	const constant = struct.name.toUpperCase();
	const lines = (/** @type {(field: Field) => string} */ write) => struct.fields.map(write).join("\n");
	const places = [
		`/** Bytes of a \`struct ${struct.name}\`. */
export const ${constant}_SIZE = ${struct.size};`,
		`/** Where the members of a \`struct ${struct.name}\` begin, in bytes. */
export const ${constant}_OFFSET = {
${lines((field) => `\t${camelCase(field.name)}: ${field.offset},`)}
} as const;`,
	];
	if (struct.isPrivate) return places;
	return [
		`/** \`struct ${struct.name}\` */
export interface ${type} {
${lines((field) => `\treadonly ${camelCase(field.name)}: ${typeOf(field)};`)}
}`,
		...places,
		`/** Reads the \`struct ${struct.name}\` at byte \`at\`. Byte arrays are views of the same memory, not copies. */
export function read${type}(view: DataView, at: number): ${type} {
	return {
${lines((field) => `\t\t${camelCase(field.name)}: ${readExpression(field, helpers)},`)}
	};
}`,
		`/** Writes a \`struct ${struct.name}\` to byte \`at\`; padding is left as it is. */
export function write${type}(view: DataView, at: number, value: ${type}): void {
${lines((field) => `\t${writeStatement(field, helpers)}`)}
}`,
	];
}

/** @param {Field} field */
function typeOf({ name, type }) {
	if (type.kind === "struct") return pascalCase(type.name);
	if (type.kind === "array") return arrayClass(type.element);
	if (type.isBoolean) return "boolean";
	return type.size === 8 && !SAFE_AS_NUMBER.test(name) ? "bigint" : "number";
}

/** @param {Field} field @param {Set<string>} helpers */
function readExpression({ name, offset, type }, helpers) {
	const at = position("at", offset);
	if (type.kind === "struct") return `read${pascalCase(type.name)}(view, ${at})`;
	if (type.kind === "array") return `${arrayReader(type, helpers)}(view, ${at}, ${type.length})`;
	const read = `view.get${accessor(type)}(${at}${endian(type)})`;
	if (type.isBoolean) return `${read} !== 0`;
	return typeOf({ name, offset, type }) === "number" && type.size === 8 ? `Number(${read})` : read;
}

/** @param {Field} field @param {Set<string>} helpers */
function writeStatement({ name, offset, type }, helpers) {
	const at = position("at", offset);
	const value = `value.${camelCase(name)}`;
	if (type.kind === "struct") return `write${pascalCase(type.name)}(view, ${at}, ${value});`;
	if (type.kind === "array") return `${arrayWriter(type, helpers)}(view, ${at}, ${type.length}, ${value});`;
	const isWide = type.size === 8 && typeOf({ name, offset, type }) === "number";
	const converted = type.isBoolean ? `${value} ? 1 : 0` : isWide ? `BigInt(${value})` : value;
	return `view.set${accessor(type)}(${at}, ${converted}${endian(type)});`;
}

/** @param {ScalarArray} type @param {Set<string>} helpers @returns {string} name of the function */
function arrayReader({ element }, helpers) {
	const kind = arrayClass(element);
	const name = `read${kind}`;
	helpers.add(
		kind === "Uint8Array"
			? `function readUint8Array(view: DataView, at: number, length: number): Uint8Array {
	return new Uint8Array(view.buffer, view.byteOffset + at, length);
}`
			: `function ${name}(view: DataView, at: number, length: number): ${kind} {
	const values = new ${kind}(length);
	for (let i = 0; i < length; i++) values[i] = view.get${accessor(element)}(${stride(element)}${endian(element)});
	return values;
}`,
	);
	return name;
}

/** @param {ScalarArray} type @param {Set<string>} helpers @returns {string} name of the function */
function arrayWriter({ element }, helpers) {
	const kind = arrayClass(element);
	const name = `write${kind}`;
	const zero = element.size === 8 ? "0n" : "0";
	helpers.add(`/** Shorter values are filled up with zeros, longer ones are cut. */
function ${name}(view: DataView, at: number, length: number, values: ${kind}): void {
	for (let i = 0; i < length; i++) {
		view.set${accessor(element)}(${stride(element)}, values[i] ?? ${zero}${endian(element)});
	}
}`);
	return name;
}

/** @param {Scalar} type */
function accessor({ size, isSigned }) {
	const sign = isSigned ? "Int" : "Uint";
	return size === 8 ? `Big${sign}64` : `${sign}${size * 8}`;
}

/** @param {Scalar} type */
function arrayClass(type) {
	return `${accessor(type)}Array`;
}

/** All hosts that BPF objects are built for here are little-endian. @param {Scalar} type */
function endian({ size }) {
	return size === 1 ? "" : ", true";
}

/** Place of element `i`. @param {Scalar} element */
function stride({ size }) {
	return size === 1 ? "at + i" : `at + i * ${size}`;
}

/** @param {string} base @param {number} offset */
function position(base, offset) {
	return offset === 0 ? base : `${base} + ${offset}`;
}

/** @param {string} name */
export function camelCase(name) {
	return name.replace(/_+([a-z0-9])/g, (_, letter) => letter.toUpperCase());
}

/** @param {string} name */
export function pascalCase(name) {
	const camel = camelCase(name);
	return camel.slice(0, 1).toUpperCase() + camel.slice(1);
}
