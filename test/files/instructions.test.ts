/** The walk through instructions against objdump's, over hundreds of thousands of real ones. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { instructionLength } from "../../src/tls/x86-instructions.js";
import { disassemble, systemLibrary } from "../support/binary-tools.js";

/** What objdump cannot name, or shows as one although the processor takes it for two (`fwait` and what waits). */
const NOT_COMPARED = /\(bad\)|^fn?st[cs]w|^fn?stenv|^fsave|^fclex|^finit/;

const LONGEST_INSTRUCTION_BYTES = 15;

const FILES: [path: string, range: { start: number; end: number } | undefined, least: number][] = [
	[systemLibrary("libc.so.6"), undefined, 300_000],
	[systemLibrary("libssl.so.3"), undefined, 60_000],
	["/usr/bin/caddy", { start: 0x600000, end: 0x640000 }, 50_000],
];

for (const [path, range, least] of FILES) {
	test(`instructions of ${path} are as long as objdump says`, {
		skip: process.arch !== "x64" && "x86-64 only",
	}, async () => {
		let count = 0;
		for await (const { address, bytes, text } of disassemble(path, range)) {
			// the range may end in the middle of an instruction
			const isCut = range !== undefined && address + LONGEST_INSTRUCTION_BYTES > range.end;
			if (isCut || NOT_COMPARED.test(text)) continue;
			count += 1;
			const length = instructionLength(Buffer.concat([bytes, Buffer.alloc(16, 0x90)]), 0);
			if (length !== bytes.length) assert.fail(`${address.toString(16)}: ${bytes.toString("hex")} ${text}: ${length}`);
		}
		assert.ok(count > least, `${count} instructions`);
	});
}
