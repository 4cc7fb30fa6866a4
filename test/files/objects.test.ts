/** What the built objects have to have, which no kernel would miss. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { readelf } from "../support/binary-tools.js";

const OBJECT = fileURLToPath(new URL("../../../build/bpf/x64/httpeek-tls.bpf.o", import.meta.url));

/** Of instructions: linux/bpf.h. */
const INSTRUCTION_BYTES = 8;
const CALL = 0x85;
const TAIL_CALL = 12;

/** The instructions of a program, as they stand in the object's section. */
function instructionsOf(name: string): Buffer {
	const symbol = readelf("-sW", OBJECT)
		.map((line) => line.trim().split(/\s+/))
		.find((words) => words.at(-1) === name);
	assert.ok(symbol, `${name} is there`);
	const [, value, size, , , , section] = symbol;
	const header = readelf("-SW", OBJECT)
		.map((line) => /^\s*\[\s*(\d+)\]\s+\S+\s+PROGBITS\s+\S+\s+(\S+)/.exec(line))
		.find((match) => match?.[1] === section);
	assert.ok(header, `section ${section} is there`);
	const from = Number.parseInt(header[2] ?? "", 16) + Number.parseInt(value ?? "", 16);
	return readFileSync(OBJECT).subarray(from, from + Number(size));
}

/** Without it kernels from 6.13 on give the program a stack that threads share: bpf/tls.bpf.c. */
test("tls_any has a tail call", () => {
	const code = instructionsOf("tls_any");
	const helpers = Array.from({ length: code.length / INSTRUCTION_BYTES }, (_, i) => i * INSTRUCTION_BYTES)
		.filter((at) => code[at] === CALL && (code[at + 1] ?? 0) >> 4 === 0)
		.map((at) => code.readInt32LE(at + 4));
	assert.ok(helpers.includes(TAIL_CALL), `helpers called: ${helpers.join(" ")}`);
});
