import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { dynamicSections, type MadeSection, makeElf, writeMade } from "../../test/support/made-elf.js";
import { BoundedFile, UnreadableFile } from "./bounded-file.js";
import { type Dynamic, readDynamic } from "./dynamic.js";
import { readElfImage } from "./elf.js";

const EMPTY: Dynamic = { needed: [], rpath: [], runpath: undefined, soname: undefined };

function read(path: string): Dynamic {
	using file = new BoundedFile(path);
	return readDynamic(readElfImage(file));
}

const readMade = (context: TestContext, sections: MadeSection[]) => read(writeMade(context, makeElf(sections)));

test("reads what a file needs, where that is, and what it is called", (context) => {
	const made = { needed: ["libb.so", "liba.so.1"], rpath: "/a", runpath: "$ORIGIN/x::/b", soname: "own.so" };
	const expected = { needed: made.needed, rpath: ["/a"], runpath: ["$ORIGIN/x", "", "/b"], soname: "own.so" };
	assert.deepEqual(readMade(context, dynamicSections(made)), expected);
	assert.deepEqual(readMade(context, dynamicSections({})), EMPTY);
	assert.deepEqual(readMade(context, []), EMPTY);
	// what a process has mapped need not say where its sections are
	const bytes = makeElf(dynamicSections(made));
	bytes.fill(0, 40, 48);
	bytes.fill(0, 58, 64);
	assert.deepEqual(read(writeMade(context, bytes)), expected);
});

test("names that are far from each other are read one by one", (context) => {
	const [names, table] = dynamicSections({ needed: ["first", "second"] });
	assert.ok(names && table);
	const far = Buffer.concat([Buffer.from("\0first\0"), Buffer.alloc(3 * 1024 * 1024, 0x20), Buffer.from("\0second\0")]);
	const entries = Buffer.from(table.bytes);
	entries.writeBigUInt64LE(BigInt(far.indexOf("second")), 40);
	const sections = [
		{ ...names, bytes: far },
		{ ...table, bytes: entries },
	];
	assert.deepEqual(readMade(context, sections).needed, ["first", "second"]);
});

test("keeps so much of a file and no more", (context) => {
	const needed = Array.from({ length: 600 }, (_, index) => `lib${index}.so`);
	assert.deepEqual(readMade(context, dynamicSections({ needed })).needed, needed.slice(0, 511));
	const long = Array.from({ length: 10 }, (_, index) => `${index}`.repeat(4000));
	assert.deepEqual(readMade(context, dynamicSections({ needed: long })).needed, long.slice(0, 4));
	assert.deepEqual(readMade(context, dynamicSections({ needed: ["x".repeat(4096), "y"] })).needed, ["y"]);
});

test("a file that is changed anywhere is read, or is damaged", (context) => {
	const original = makeElf(dynamicSections({ needed: ["liba.so", "libb.so"], runpath: "/lib", soname: "own.so" }));
	const path = writeMade(context, Buffer.alloc(0));
	const change = fc.tuple(fc.nat({ max: original.length - 8 }), fc.uint8Array({ minLength: 1, maxLength: 8 }));
	fc.assert(
		fc.property(fc.array(change, { maxLength: 6 }), fc.nat({ max: original.length }), (changes, length) => {
			const bytes = Buffer.from(original);
			for (const [at, put] of changes) bytes.set(put, at);
			writeFileSync(path, bytes.subarray(0, length));
			try {
				assert.ok(read(path).needed.length <= 512);
			} catch (error) {
				assert.ok(error instanceof UnreadableFile, String(error));
			}
		}),
		{ numRuns: 500 },
	);
});
