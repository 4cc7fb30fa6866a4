/** Programs as Go's linker makes them, as far as httpeek looks at them. */
import { LOAD_ADDRESS, type MadeSection, makeElf, placesOf } from "./made-elf.js";

/**
 * What functions of Go begin with: `cmp 0x10(%r14),%rsp` and `jbe`; `ldr x16, [x28, #16]`, `cmp sp, x16` and `b.ls`.
 */
export const GO_ENTRY = {
	"x86-64": [0x49, 0x3b, 0x66, 0x10, 0x76, 0],
	arm64: [0x90, 0x0b, 0x40, 0xf9, 0xff, 0x63, 0x30, 0xeb, 0x09, 0, 0, 0x54],
} as const;

export interface MadeGo {
	readonly version?: string;
	readonly magic?: number;
	/** Code of each function after its entry, by name; they follow each other. */
	readonly functions: Readonly<Record<string, readonly number[]>>;
	readonly machine?: "x86-64" | "arm64";
	/** What the header says instead of where the code begins. */
	readonly textStart?: number;
	/** The section that the table is in. */
	readonly tableSection?: string;
	/** Sections in front of the others. */
	readonly before?: readonly MadeSection[];
	/** Bytes in front of Go's own code. */
	readonly foreignCode?: readonly number[];
	/** What the loader writes over the header's field, in `.rela.dyn`. */
	readonly isRelocated?: boolean;
}

export const MAGIC_1_16 = 0xfffffffa;
export const MAGIC_1_20 = 0xfffffff1;

/** A program, and where in the file its functions begin. */
export function makeGo(made: MadeGo): { bytes: Buffer; offsets: Record<string, number> } {
	const { version = "go1.21.3", magic = MAGIC_1_20, machine = "x86-64", foreignCode = [], before = [] } = made;
	const names = Object.keys(made.functions);
	const pieces = names.map((name) => Buffer.from([...GO_ENTRY[machine], ...(made.functions[name] ?? [])]));
	const code = Buffer.concat([Buffer.from(foreignCode), ...pieces]);
	const text: MadeSection = { name: ".text", bytes: code };
	const info: MadeSection = { name: ".go.buildinfo", bytes: buildInfo(version) };
	const [textAt = 0, , tableAt = 0] = placesOf([...before, text, info].map(({ bytes }) => bytes)).slice(before.length);
	const goTextAt = textAt + foreignCode.length;
	const starts = pieces.map((_, index) => Buffer.concat(pieces.slice(0, index)).length);
	const ends = [...starts, Buffer.concat(pieces).length];
	const isOld = magic === MAGIC_1_16;
	const textStart = LOAD_ADDRESS + goTextAt;
	const table = functionTable(names, isOld ? ends.map((end) => end + textStart) : ends, {
		magic,
		quantum: machine === "arm64" ? 4 : 1,
		textStart: made.textStart ?? textStart,
	});
	const sections = [...before, text, info, { name: made.tableSection ?? ".gopclntab", bytes: table }];
	if (made.isRelocated === true) sections.push(relocation(LOAD_ADDRESS + tableAt + 24, textStart));
	const offsets = Object.fromEntries(names.map((name, index) => [name, goTextAt + (starts[index] ?? 0)]));
	return { bytes: makeElf(sections, machine), offsets };
}

function buildInfo(version: string): Buffer {
	const head = Buffer.alloc(32);
	head.write("\xff Go buildinf:\x08\x02", "latin1");
	return Buffer.concat([head, Buffer.from([version.length]), Buffer.from(version), Buffer.alloc(8)]);
}

function relocation(address: number, value: number): MadeSection {
	return {
		name: ".rela.dyn",
		bytes: Buffer.from(new BigUint64Array([1n, 8n, 2n, BigInt(address), 8n, BigInt(value)]).buffer),
	};
}

/** @param ends where each function begins, and where the last one ends */
function functionTable(
	names: readonly string[],
	ends: readonly number[],
	{ magic, quantum, textStart }: { magic: number; quantum: number; textStart: number },
): Buffer {
	const isOld = magic === MAGIC_1_16;
	const text = Buffer.from(`\0${names.join("\0")}\0\0\0\0`);
	const headBytes = isOld ? 64 : 72;
	const fieldBytes = isOld ? 8 : 4;
	const word = (value: number): Buffer => {
		const bytes = Buffer.alloc(fieldBytes);
		bytes.writeUInt32LE(value);
		return bytes;
	};
	const entriesBytes = (2 * names.length + 1) * fieldBytes;
	const entries = ends.flatMap((end, index) =>
		index === names.length ? [word(end)] : [word(end), word(entriesBytes + index * (fieldBytes + 4))],
	);
	const descriptions = names.map((name, index) => {
		const place = Buffer.alloc(4);
		place.writeUInt32LE(text.indexOf(`\0${name}\0`) + 1);
		return Buffer.concat([word(ends[index] ?? 0), place]);
	});
	const head = Buffer.alloc(headBytes);
	head.writeUInt32LE(magic, 0);
	head[6] = quantum;
	head[7] = 8;
	const namesEnd = headBytes + text.length;
	const fields = [names.length, 1, ...(isOld ? [] : [textStart]), headBytes, namesEnd, namesEnd, namesEnd, namesEnd];
	for (const [index, value] of fields.entries()) head.writeBigUInt64LE(BigInt(value), 8 + index * 8);
	return Buffer.concat([head, text, ...entries, ...descriptions]);
}
