import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { untilFileClockTicks } from "../../test/support/file-clock.js";
import { dynamicSections, type MadeDynamic, makeElf } from "../../test/support/made-elf.js";
import { makeLinkerCache } from "../../test/support/made-linker-cache.js";
import { NeededFiles } from "./needed-files.js";

const PID = 5;

/** A process whose root is a folder: the program /app/bin/server, and what the test puts there. */
function fakeProcess(context: TestContext) {
	const folder = mkdtempSync(join(tmpdir(), "httpeek-needed-"));
	context.after(() => rmSync(folder, { recursive: true, force: true }));
	const root = join(folder, "root");
	const own = join(folder, "proc", String(PID));
	mkdirSync(own, { recursive: true });
	symlinkSync(root, join(own, "root"));
	symlinkSync(join(root, "app/bin/server"), join(own, "exe"));
	const write = (path: string, bytes: Uint8Array) => {
		untilFileClockTicks(folder);
		mkdirSync(dirname(join(root, path)), { recursive: true });
		writeFileSync(join(root, path), bytes);
	};
	const files = new NeededFiles(join(folder, "proc"));
	return {
		root,
		own,
		/** Leaves the root as it is: a name that is made there changes it. */
		untilTick: () => untilFileClockTicks(folder),
		write,
		elf: (path: string, dynamic: MadeDynamic = {}, machine?: "arm64") =>
			write(path, makeElf(dynamicSections(dynamic), machine)),
		program: (dynamic: MadeDynamic) => write("/app/bin/server", makeElf(dynamicSections(dynamic))),
		openPaths: () => files.ofProcess(PID).map(({ openPath }) => openPath),
		/** Inside the root: the kernel shows them with it. */
		paths: () =>
			files.ofProcess(PID).map(({ path }) => {
				assert.ok(path.startsWith(root));
				return path.slice(root.length);
			}),
	};
}

test("finds what libraries need in turn, in a tree of its own, and leaves out what is not promising", (context) => {
	const { elf, own, openPaths, paths, program, root } = fakeProcess(context);
	program({ needed: ["libcurl.so.4", "libc.so.6"] });
	elf("/usr/lib/libcurl.so.4.8", { needed: ["libssl.so.3", "libcurl.so.4", "libc.so.6"], soname: "libcurl.so.4" });
	symlinkSync("/usr/lib/libcurl.so.4.8", join(root, "usr/lib/libcurl.so.4"));
	symlinkSync("usr/lib", join(root, "lib64"));
	elf("/usr/lib/libssl.so.3", { needed: ["libcrypto.so.3", "libgone-tls.so"] });
	elf("/usr/lib/libcrypto.so.3");
	assert.deepEqual(paths(), ["/usr/lib/libssl.so.3"]);
	assert.deepEqual(openPaths(), [join(own, "root/usr/lib/libssl.so.3")]);
});

test("DT_RUNPATH is for a file's own libraries, DT_RPATH for theirs too, and $ORIGIN is the file's folder", (context) => {
	const { elf, paths, program } = fakeProcess(context);
	elf("/app/lib/libmiddle.so", { needed: ["libssl-a.so"] });
	elf("/app/lib/libssl-a.so", { needed: ["libtls-b.so"], runpath: `relative:$LIB:\${ORIGIN}/deep:$ORIGINAL` });
	elf("/app/lib/deep/libtls-b.so", { needed: ["libtls-c.so"] });
	for (const folder of ["/app/lib", "/app/lib/deep"]) elf(`${folder}/libtls-c.so`);
	program({ needed: ["libmiddle.so"], runpath: "/nowhere:$ORIGIN/../lib" });
	assert.deepEqual(paths(), []);
	program({ needed: ["libmiddle.so"], rpath: "/nowhere:$ORIGIN/../lib" });
	assert.deepEqual(paths(), ["/app/lib/libssl-a.so", "/app/lib/deep/libtls-b.so"].concat("/app/lib/libtls-c.so"));
});

test("the linker's cache goes before the usual folders, and files for other machines are passed over", (context) => {
	const { elf, paths, program, write } = fakeProcess(context);
	program({ needed: ["libssl.so.3", "libgnutls.so.30", "/app/own-ssl.so", "../relative-ssl.so"] });
	elf("/app/own-ssl.so");
	elf("/lib64/libssl.so.3", {}, "arm64");
	elf("/lib/libssl.so.3");
	elf("/lib/libgnutls.so.30");
	const entry = (name: string, folder: string) => [name, `${folder}/${name}`] as const;
	const usual = ["/lib/libssl.so.3", "/lib/libgnutls.so.30", "/app/own-ssl.so"];
	assert.deepEqual(paths(), usual);
	const folders = ["/opt/v3", "/opt/arm", "/opt", "relative"];
	write("/etc/ld.so.cache", makeLinkerCache(folders.map((folder) => entry("libssl.so.3", folder))));
	// what the cache promises is not there
	assert.deepEqual(paths(), usual);
	for (const folder of ["/opt", "/opt/v3"]) elf(`${folder}/libssl.so.3`);
	elf("/opt/arm/libssl.so.3", {}, "arm64");
	assert.deepEqual(paths(), ["/opt/v3/libssl.so.3", "/opt/libssl.so.3", ...usual.slice(1)]);
	write("/etc/ld.so.cache", Buffer.from("damaged"));
	// it was written over in place, which no program does: a new name in its folder makes it seen
	write("/etc/other", Buffer.from(""));
	assert.deepEqual(paths(), usual);
});

test("what is remembered is forgotten when the program, a library or a folder changes", (context) => {
	const { elf, paths, program, root, untilTick } = fakeProcess(context);
	program({ needed: ["libssl.so.3"] });
	mkdirSync(join(root, "usr"));
	assert.deepEqual(paths(), []);
	elf("/usr/lib/libssl.so.3");
	assert.deepEqual(paths(), ["/usr/lib/libssl.so.3"]);
	elf("/usr/lib/new", { needed: ["libtls.so"] });
	elf("/usr/lib/libtls.so");
	assert.deepEqual(paths(), ["/usr/lib/libssl.so.3"]);
	untilTick();
	renameSync(join(root, "usr/lib/new"), join(root, "usr/lib/libssl.so.3"));
	assert.deepEqual(paths(), ["/usr/lib/libssl.so.3", "/usr/lib/libtls.so"]);
	program({ needed: ["libtls.so"] });
	assert.deepEqual(paths(), ["/usr/lib/libtls.so"]);
});

test("a search that is remembered reads no file", (context) => {
	const { elf, paths, program, root, untilTick } = fakeProcess(context);
	program({ needed: ["libssl.so.3"] });
	elf("/lib/libssl.so.3");
	assert.deepEqual(paths(), ["/lib/libssl.so.3"]);
	// a change that only reading the file would show
	writeFileSync(join(root, "lib/libssl.so.3"), "no library any more");
	assert.deepEqual(paths(), ["/lib/libssl.so.3"]);
	untilTick();
	chmodSync(join(root, "lib"), 0o700);
	assert.deepEqual(paths(), []);
});

test("programs that need nothing, are none, or have ended, have none", (context) => {
	const { own, paths, program, write } = fakeProcess(context);
	assert.deepEqual(paths(), []);
	program({});
	assert.deepEqual(paths(), []);
	write("/app/bin/server", makeElf([]));
	assert.deepEqual(paths(), []);
	write("/app/bin/server", Buffer.from("#!/bin/sh\n"));
	assert.deepEqual(paths(), []);
	rmSync(join(own, "exe"));
	assert.deepEqual(paths(), []);
	assert.deepEqual(new NeededFiles().ofProcess(2 ** 30), []);
});

test("a folder or a pipe of a library's name is passed over", (context) => {
	const { elf, paths, program, root } = fakeProcess(context);
	program({ needed: ["libssl.so.1", "libssl.so.2"] });
	mkdirSync(join(root, "lib/libssl.so.1"), { recursive: true });
	execFileSync("mkfifo", [join(root, "lib/libssl.so.2")]);
	assert.deepEqual(paths(), []);
	elf("/usr/lib/libssl.so.2");
	assert.deepEqual(paths(), ["/usr/lib/libssl.so.2"]);
});

test("a program that asks for very much is looked at up to a limit", (context) => {
	const { elf, paths, program } = fakeProcess(context);
	// each library asks for two more, without end
	for (let index = 0; index < 520; index++) {
		elf(`/lib/${index}-ssl.so`, { needed: [`${2 * index + 1}-ssl.so`, `${2 * index + 2}-ssl.so`] });
	}
	program({ needed: ["0-ssl.so"], runpath: Array.from({ length: 200 }, (_, index) => `/folder${index}`).join(":") });
	assert.equal(paths().length, 512);
	// each name is asked for in all folders, until there have been enough
	const needed = Array.from({ length: 400 }, (_, index) => `missing${index}-ssl.so`);
	program({ needed: [...needed, "0-ssl.so"], runpath: Array.from({ length: 64 }, () => "/lib").join(":") });
	assert.deepEqual(paths(), []);
});
