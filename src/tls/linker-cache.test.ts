import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { writeMade } from "../../test/support/made-elf.js";
import { makeLinkerCache } from "../../test/support/made-linker-cache.js";
import { LinkerCache } from "./linker-cache.js";

const NAMES = [
	"lib0.so",
	"libz.so.1",
	"libx10.so",
	"libx9.so",
	"libx.so.10",
	"libx.so.9",
	"libx.so",
	"libssl.so.3",
	"liba.so",
];
const ENTRIES = NAMES.flatMap((name) => [[name, `/special/${name}`] as const, [name, `/lib/${name}`] as const]);

for (const oldEntries of [0, 1, 2]) {
	test(`finds all paths of a name, ${oldEntries} entries of the old format before`, (context) => {
		const cache = new LinkerCache(writeMade(context, makeLinkerCache(ENTRIES, oldEntries)));
		for (const name of NAMES) assert.deepEqual(cache.pathsOf(name), [`/special/${name}`, `/lib/${name}`]);
		for (const name of ["", "libx", "libx.so.1", "libx.so.", "a", "zz"]) assert.deepEqual(cache.pathsOf(name), []);
	});
}

test("what is no cache is refused", (context) => {
	for (const text of ["", "glibc-ld.so", "x".repeat(99)]) {
		const path = writeMade(context, Buffer.from(text, "latin1"));
		assert.throws(() => new LinkerCache(path), { name: "UnreadableFile" });
	}
});

test("nothing that is done to a cache makes it throw afterwards, or give many paths", (context) => {
	const path = writeMade(context, Buffer.alloc(0));
	const original = makeLinkerCache(ENTRIES, 1);
	fc.assert(
		fc.property(
			fc.array(fc.tuple(fc.nat({ max: original.length - 1 }), fc.nat({ max: 255 })), { maxLength: 8 }),
			fc.nat({ max: original.length }),
			(changes, length) => {
				const bytes = Buffer.from(original);
				for (const [at, byte] of changes) bytes[at] = byte;
				writeFileSync(path, bytes.subarray(0, length));
				let cache: LinkerCache;
				try {
					cache = new LinkerCache(path);
				} catch (error) {
					assert.ok(error instanceof Error && error.name === "UnreadableFile");
					return;
				}
				for (const name of NAMES) assert.ok(cache.pathsOf(name).length <= 16);
			},
		),
		{ numRuns: 300 },
	);
});
