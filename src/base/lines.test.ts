import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HttpeekError } from "./errors.js";
import { type Line, readLines } from "./lines.js";

async function* chunksOf(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
	let from = 0;
	for (const size of sizes) {
		yield bytes.subarray(from, from + size);
		from += size;
	}
	yield bytes.subarray(from);
}

async function linesOf(text: string, sizes: readonly number[] = [], maxBytes = 1000): Promise<Line[]> {
	const lines: Line[] = [];
	for await (const line of readLines(chunksOf(Buffer.from(text), sizes), "a test", maxBytes)) lines.push(line);
	return lines;
}

test("lines are numbered, and one without its newline is told", async () => {
	assert.deepEqual(await linesOf("a\n\nb"), [
		{ text: "a", number: 1, isComplete: true },
		{ text: "", number: 2, isComplete: true },
		{ text: "b", number: 3, isComplete: false },
	]);
	assert.deepEqual(await linesOf(""), []);
	assert.deepEqual(await linesOf("a\n"), [{ text: "a", number: 1, isComplete: true }]);
});

test("property: it does not matter where chunks end, in the middle of a character neither", async () => {
	const text = fc.string({ unit: fc.constantFrom("a", "\n", "é", "漢", "😀") });
	await fc.assert(
		fc.asyncProperty(text, fc.array(fc.nat(5)), async (written, sizes) => {
			const lines = await linesOf(written, sizes);
			assert.equal(lines.map(({ text, isComplete }) => (isComplete ? `${text}\n` : text)).join(""), written);
		}),
	);
});

test("a line that does not end is an error, and not kept", async () => {
	for (const sizes of [[], [3, 3, 3]]) {
		await assert.rejects(
			linesOf(`ok\n${"x".repeat(20)}`, sizes, 10),
			(error) => error instanceof HttpeekError && /a test: line 2 is longer than 10 bytes/.test(error.message),
		);
	}
});
