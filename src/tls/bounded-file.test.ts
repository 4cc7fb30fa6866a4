import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { truncateSync } from "node:fs";
import { test } from "node:test";
import { writeMade } from "../../test/support/made-elf.js";
import { BoundedFile, toNumber } from "./bounded-file.js";

const MIB = 1024 * 1024;
const damaged = { name: "UnreadableFile", reason: "damaged" };
const tooLarge = { name: "UnreadableFile", reason: "too-large" };

test("reads pieces, and nothing outside the file", (context) => {
	using file = new BoundedFile(writeMade(context, Buffer.from("0123456789")));
	assert.equal(file.sizeBytes, 10);
	assert.equal(file.read(3, 4).toString(), "3456");
	assert.equal(file.read(10, 0).length, 0);
	for (const [offset, length] of [
		[8, 3],
		[11, 0],
		[-1, 1],
		[0, -1],
		[Number.POSITIVE_INFINITY, 1],
		[0, Number.NaN],
		[0.5, 1],
	]) {
		assert.throws(() => file.read(offset ?? 0, length ?? 0), damaged);
	}
});

test("a file that gets shorter while it is read is damaged", (context) => {
	const path = writeMade(context, Buffer.alloc(100));
	using file = new BoundedFile(path);
	truncateSync(path, 50);
	assert.throws(() => file.read(0, 100), damaged);
});

test("reads so many bytes and no more, whoever asks", (context) => {
	const path = writeMade(context, Buffer.alloc(4 * MIB));
	using file = new BoundedFile(path, 3 * MIB);
	file.read(0, MIB);
	assert.throws(() => [...file.search(0, 4 * MIB, [Buffer.from("x")])], tooLarge);
	assert.throws(() => file.read(0, MIB), tooLarge);
	using large = new BoundedFile(path);
	assert.throws(() => large.read(0, 17 * MIB), tooLarge);
});

test("finds texts on the border between two chunks once", (context) => {
	const bytes = Buffer.alloc(3 * MIB, "-");
	const places = [5, MIB - 2, 2 * MIB - 4, 2 * MIB, 3 * MIB - 4];
	for (const place of places) bytes.write("text", place);
	using file = new BoundedFile(writeMade(context, bytes));
	const texts = [Buffer.from("none"), Buffer.from("text")];
	assert.deepEqual(
		[...file.search(1, 3 * MIB, texts)].map(({ place, index }) => [place + 1, index]),
		places.map((place) => [place, 1]),
	);
	assert.deepEqual([...file.search(6, MIB - 6, texts)], []);
});

test("a window reads numbers on both sides of a chunk's border, and none outside its range", (context) => {
	const bytes = Buffer.alloc(2 * MIB + 16);
	bytes.writeBigUInt64LE(0x1122334455667788n, MIB + 4);
	bytes.writeBigUInt64LE(2n ** 63n, 2 * MIB + 8);
	using file = new BoundedFile(writeMade(context, bytes));
	const window = file.window(8, 2 * MIB + 8);
	assert.equal(window.u32(0), 0);
	assert.equal(window.u32(MIB - 4), 0x55667788);
	assert.equal(window.u64(MIB - 4), Number.POSITIVE_INFINITY);
	assert.equal(window.u32(MIB), 0x11223344);
	assert.equal(window.u32(4), 0);
	assert.throws(() => window.u64(2 * MIB + 1), damaged);
	assert.throws(() => window.u32(-4), damaged);
	assert.throws(() => file.window(2 * MIB + 17, 1), damaged);
});

test("numbers that no file can have are infinite", () => {
	assert.equal(toNumber(2n ** 53n - 1n), 2 ** 53 - 1);
	assert.equal(toNumber(2n ** 53n), Number.POSITIVE_INFINITY);
});

test("a pipe with nobody at its other end is refused, and not waited for", (context) => {
	const path = `${writeMade(context, Buffer.alloc(0))}.pipe`;
	execFileSync("mkfifo", [path]);
	assert.throws(() => new BoundedFile(path), { name: "UnreadableFile", reason: "not-elf" });
});
