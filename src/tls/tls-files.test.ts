import assert from "node:assert/strict";
import {
	mkdirSync,
	mkdtempSync,
	realpathSync,
	rmSync,
	statSync,
	symlinkSync,
	utimesSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type TestContext, test } from "node:test";
import type { TlsLibrary } from "./libraries.js";
import { TlsFiles, withTlsFile } from "./tls-files.js";

const LIBRARY: TlsLibrary = { kind: "openssl", version: "3", points: [], problem: undefined };

/** Programs in a folder, and a /proc in which processes run them. */
function fakeHost(context: TestContext, most?: number) {
	const folder = mkdtempSync(join(tmpdir(), "httpeek-files-"));
	context.after(() => rmSync(folder, { recursive: true, force: true }));
	const examined: string[] = [];
	const files = new TlsFiles({
		procRoot: folder,
		...(most === undefined ? {} : { most }),
		examine(path) {
			examined.push(basename(realpathSync(path)));
			return [LIBRARY];
		},
	});
	return {
		files,
		/** The programs that were examined since the last call. */
		examined: () => examined.splice(0),
		program(name: string): string {
			const path = join(folder, name);
			writeFileSync(path, name);
			return path;
		},
		run(pid: number, program: string): void {
			rmSync(join(folder, String(pid)), { recursive: true, force: true });
			mkdirSync(join(folder, String(pid)));
			symlinkSync(program, join(folder, String(pid), "exe"));
		},
	};
}

test("a file is examined once for all processes that have it, and again when it was changed", (context) => {
	const { files, examined, program, run } = fakeHost(context);
	const server = program("server");
	run(1, server);
	run(2, server);
	run(3, program("other"));
	const [first] = files.ofProcess(1);
	const [second] = files.ofProcess(2);
	assert.equal(first?.identity, second?.identity);
	assert.notEqual(first?.identity, files.ofProcess(3)[0]?.identity);
	assert.deepEqual(first?.libraries, [LIBRARY]);
	assert.deepEqual(examined(), ["server", "other"]);
	utimesSync(server, 1, 1);
	// hooks are on the file, whatever its time
	assert.equal(files.ofProcess(2)[0]?.identity, first?.identity);
	assert.deepEqual(examined(), ["server"]);
});

test("remembers so many files, those that were asked for last", (context) => {
	const { files, examined, program, run } = fakeHost(context, 2);
	for (const pid of [1, 2, 3]) run(pid, program(`program${pid}`));
	for (const pid of [1, 2, 1, 3, 1, 2]) files.ofProcess(pid);
	assert.deepEqual(examined(), ["program1", "program2", "program3", "program2"]);
});

test("what could not be read is read the next time", (context) => {
	const { files, program, run } = fakeHost(context);
	const path = program("server");
	run(1, path);
	rmSync(path);
	assert.deepEqual(files.ofProcess(1), []);
	program("server");
	assert.equal(files.ofProcess(1).length, 1);
	assert.deepEqual(files.ofProcess(99), []);
});

test("hooks go into the file that was examined, or nowhere", (context) => {
	const { files, program, run } = fakeHost(context);
	const server = program("server");
	run(1, server);
	const [file] = files.ofProcess(1);
	assert.ok(file);
	assert.equal(
		withTlsFile(file, (path) => realpathSync(path)),
		server,
	);
	const fails = () => withTlsFile(file, () => assert.fail("cannot attach"));
	assert.throws(fails, /cannot attach/);
	utimesSync(server, 1, 1);
	assert.equal(fails(), undefined);
	// the process executes another program, and ends
	run(1, program("other"));
	assert.equal(fails(), undefined);
	run(1, join(server, "missing"));
	assert.equal(fails(), undefined);
});

test("this process has node's OpenSSL, in its program or beside it, and needs it", () => {
	const files = new TlsFiles();
	for (const found of [files.ofProcess(process.pid), files.aheadOfProcess(process.pid)]) {
		const file = found.find(({ libraries }) => libraries[0]?.kind === "openssl");
		assert.ok(file);
		const { dev, ino } = statSync(file.path);
		assert.ok(file.identity === `${dev}:${ino}` || file.identity.startsWith(`overlay:${ino}:`));
	}
	assert.deepEqual(files.aheadOfProcess(2 ** 30), []);
});
