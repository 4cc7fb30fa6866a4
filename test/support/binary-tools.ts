/** What binutils say about a program or library, to compare with. */
import { execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** readelf's and objdump's output for large files. */
const MOST_OUTPUT_BYTES = 256 * 1024 * 1024;

/** A library of the distribution, by the name that programs ask for. */
export function systemLibrary(name: string): string {
	return `/usr/lib/${process.arch === "x64" ? "x86_64" : "aarch64"}-linux-gnu/${name}`;
}

/** Where a file's functions are, bytes from its beginning, by name without version; of the same name the last one. */
export function functionOffsets(path: string): Map<string, number> {
	const segments = readelf("-lW", path).flatMap((line) => {
		const [, offset, address, size] = /^\s+LOAD\s+(0x\w+) (0x\w+) 0x\w+ (0x\w+)/.exec(line) ?? [];
		return size === undefined ? [] : [{ offset: Number(offset), address: Number(address), size: Number(size) }];
	});
	return new Map(
		readelf("-Ws", path).flatMap((line) => {
			const [, value, name] = /^\s*\d+: (\w+)\s+\w+ FUNC\s+\w+\s+\w+\s+\d+ (\w+)/.exec(line) ?? [];
			const address = Number.parseInt(value ?? "", 16);
			const segment = segments.find((one) => address >= one.address && address < one.address + one.size);
			return segment === undefined || name === undefined
				? []
				: [[name, address - segment.address + segment.offset] as const];
		}),
	);
}

/** Lines. */
export function readelf(option: string, path: string): string[] {
	return execFileSync("readelf", [option, path], { encoding: "utf8", maxBuffer: MOST_OUTPUT_BYTES }).split("\n");
}

export interface Instruction {
	readonly address: number;
	readonly bytes: Buffer;
	/** Mnemonic and operands. */
	readonly text: string;
}

/** Code as objdump reads it: the sections with code, or a range of addresses. */
export async function* disassemble(path: string, range?: { start: number; end: number }): AsyncGenerator<Instruction> {
	const limits = range === undefined ? [] : [`--start-address=${range.start}`, `--stop-address=${range.end}`];
	const child = spawn("objdump", ["-d", "-w", "--insn-width=15", ...limits, path], {
		stdio: ["ignore", "pipe", "inherit"],
	});
	try {
		for await (const line of createInterface({ input: child.stdout })) {
			const match = /^\s*([0-9a-f]+):\t([0-9a-f ]+?)\s*\t(.*)$/.exec(line);
			if (match === null) continue;
			const [, address = "", bytes = "", text = ""] = match;
			yield { address: Number.parseInt(address, 16), bytes: codeBytes(bytes), text };
		}
	} finally {
		child.kill();
	}
}

/** x86-64 is shown byte by byte, arm64 as words. */
function codeBytes(text: string): Buffer {
	const bytes = Buffer.from(text.replaceAll(" ", ""), "hex");
	return process.arch === "arm64" ? bytes.swap32() : bytes;
}
