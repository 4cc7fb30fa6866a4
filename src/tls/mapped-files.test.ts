import assert from "node:assert/strict";
import { linkSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { candidateFiles, mappedFiles, parseMaps } from "./mapped-files.js";

const MAPS = `00400000-00401000 r--p 00000000 fe:00 7                          /app/server
00401000-00500000 r-xp 00001000 fe:00 7                          /app/server
7f0000000000-7f0000001000 rw-p 00000000 00:00 0                  [heap]
7f0000001000-7f0000002000 r-xp 00000000 fe:00 9                  /lib/libssl.so.3
7f0000002000-7f0000003000 r-xp 00001000 fe:00 9                  /lib/libssl.so.3
7f0000003000-7f0000004000 r-xp 00000000 fe:01 9                  /a dir/libgnutls.so.30 (deleted)
7f0000004000-7f0000005000 rwxp 00000000 00:00 0
7f0000005000-7f0000006000 r--s 00000000 fe:00 11                 /usr/share/ssl.db
7f0000006000-7f0000007000 r-xp 00000000 00:01 12                 /memfd:jit (deleted)
7f0000007000-7f0000008000 r-xp 00000000 00:00 0                  [vdso]
`;

test("finds the files with code in the text of maps, each once", () => {
	assert.deepEqual(parseMaps(MAPS), [
		{ path: "/app/server", device: "fe:00", inode: 7n, range: "401000-500000" },
		{ path: "/lib/libssl.so.3", device: "fe:00", inode: 9n, range: "7f0000001000-7f0000002000" },
		{ path: "/a dir/libgnutls.so.30", device: "fe:01", inode: 9n, range: "7f0000003000-7f0000004000" },
		{ path: "/memfd:jit", device: "00:01", inode: 12n, range: "7f0000006000-7f0000007000" },
	]);
	assert.deepEqual(parseMaps(""), []);
	fc.assert(fc.property(fc.string(), (text) => parseMaps(text).length >= 0));
});

test("a process with very many files is looked at up to a limit", () => {
	const line = (inode: number) => `1000-2000 r-xp 00000000 fe:00 ${inode} /lib/${inode}\n`;
	assert.equal(parseMaps(Array.from({ length: 5000 }, (_, index) => line(index + 1)).join("")).length, 4096);
});

/** A process with a program, and a library that it has mapped; `map_files` and `root` are filled by the test. */
function fakeProcess(context: TestContext) {
	const folder = mkdtempSync(join(tmpdir(), "httpeek-maps-"));
	context.after(() => rmSync(folder, { recursive: true, force: true }));
	const own = join(folder, "proc/5");
	mkdirSync(join(own, "map_files"), { recursive: true });
	const root = join(folder, "root");
	mkdirSync(join(root, "lib"), { recursive: true });
	symlinkSync(root, join(own, "root"));
	symlinkSync("/app/server", join(own, "exe"));
	const library = join(root, "lib/libssl.so.3");
	writeFileSync(library, "library");
	const { dev, ino } = statSync(library, { bigint: true });
	const device = [(dev >> 8n) & 0xfffn, (dev & 0xffn) | ((dev >> 12n) & ~0xffn)];
	const shown = device.map((number) => number.toString(16).padStart(2, "0")).join(":");
	const program = "00400000-00401000 r-xp 00000000 fe:00 7   /app/server\n";
	const maps = (inode = ino) => `${program}0000a000-0000b000 r-xp 00000000 ${shown} ${inode}  /lib/libssl.so.3\n`;
	writeFileSync(join(own, "maps"), maps());
	const candidates = () => candidateFiles(5, join(folder, "proc"));
	return { own, library, maps, candidates, program: { openPath: join(own, "exe"), path: "/app/server" } };
}

test("a library is opened through the kernel's link to it, the program through its own", (context) => {
	const { own, library, candidates, program } = fakeProcess(context);
	const openPath = join(own, "map_files/a000-b000");
	linkSync(library, openPath);
	assert.deepEqual(candidates(), [program, { openPath, path: "/lib/libssl.so.3" }]);
	// deleted, replaced: the link stays right
	rmSync(library);
	assert.deepEqual(candidates(), [program, { openPath, path: "/lib/libssl.so.3" }]);
});

test("where the kernel's link is out of reach the name serves, as long as the file there is the mapped one", (context) => {
	const { own, library, maps, candidates, program } = fakeProcess(context);
	assert.deepEqual(candidates(), [program, { openPath: join(own, "root/lib/libssl.so.3"), path: "/lib/libssl.so.3" }]);
	// another inode, and then the same number on another device
	writeFileSync(`${library}.new`, "new");
	renameSync(`${library}.new`, library);
	assert.deepEqual(candidates(), [program]);
	writeFileSync(
		join(own, "maps"),
		maps(statSync(library, { bigint: true }).ino).replaceAll(/ [0-9a-f]+:[0-9a-f]+ /g, " ee:77 "),
	);
	assert.deepEqual(candidates(), [program]);
});

test("only promising libraries are candidates", (context) => {
	const { own, candidates } = fakeProcess(context);
	const names = [
		"libcrypto.so.3",
		"libnss_files.so.2",
		"libc.so.6",
		"libssl-2e27a0a5.so.1.1",
		"libgnutls.so.30",
		"_ssl.so",
	];
	const lines = names.map((name, index) => {
		writeFileSync(join(own, `map_files/${index}000-f000`), "");
		return `${index}000-f000 r-xp 00000000 fe:00 ${20 + index} /ssl/${name}`;
	});
	writeFileSync(join(own, "maps"), lines.join("\n"));
	assert.deepEqual(
		candidates().map(({ path }) => path),
		["/app/server", "/ssl/libssl-2e27a0a5.so.1.1", "/ssl/libgnutls.so.30", "/ssl/_ssl.so"],
	);
});

test("a process that has ended, and a kernel thread, have no candidates", (context) => {
	const { own, candidates } = fakeProcess(context);
	rmSync(join(own, "maps"));
	assert.equal(candidates().length, 1);
	rmSync(join(own, "exe"));
	assert.deepEqual(candidates(), []);
	assert.deepEqual(candidateFiles(2 ** 30), []);
	assert.deepEqual(mappedFiles(2 ** 30), []);
});

test("this process has node's program mapped, under the numbers that stat() gives", () => {
	const own = mappedFiles(process.pid).find(({ path }) => path === process.execPath);
	assert.equal(own?.inode, statSync(process.execPath, { bigint: true }).ino);
	assert.deepEqual(candidateFiles(process.pid)[0], { openPath: `/proc/${process.pid}/exe`, path: process.execPath });
});
