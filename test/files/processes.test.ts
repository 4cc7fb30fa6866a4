/** Libraries of real processes: loaded late, deleted, replaced, and the same one in two containers. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { TlsFiles } from "../../src/tls/tls-files.js";
import { systemLibrary } from "../support/binary-tools.js";

const LIBSSL = systemLibrary("libssl.so.3");
/** Loads the libraries that are named on its input, line by line. */
const LOADER = `
import ctypes, sys
for line in sys.stdin:
    ctypes.CDLL(line.strip(), use_errno=True)
    print("loaded", flush=True)
`;

function makeFolder(context: TestContext): string {
	const folder = mkdtempSync(join(tmpdir(), "httpeek-process-"));
	context.after(() => rmSync(folder, { recursive: true, force: true }));
	return folder;
}

/** A process that loads libraries; `wrap` is a command that becomes it. */
function startLoader(context: TestContext, wrap: readonly string[] = []) {
	const [command = "", ...words] = [...wrap, "/usr/bin/python3", "-c", LOADER];
	const child = spawn(command, words, { stdio: ["pipe", "pipe", "inherit"] });
	context.after(() => end(child));
	return {
		pid: child.pid ?? 0,
		async load(path: string) {
			child.stdin.write(`${path}\n`);
			const [answer] = await Promise.race([
				once(child.stdout, "data"),
				once(child, "exit").then(() => assert.fail("the process has ended")),
			]);
			assert.match(String(answer), /loaded/);
		},
		end: () => end(child),
	};
}

async function end(child: ChildProcess): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	child.kill("SIGKILL");
	await once(child, "exit");
}

test("a library is found once it is loaded, also when its file is replaced or deleted, and not after the end", async (context) => {
	const folder = makeFolder(context);
	const path = join(folder, "libssl-own.so");
	copyFileSync(LIBSSL, path);
	const files = new TlsFiles();
	const loader = startLoader(context);
	// the program itself has none; its modules are not loaded
	assert.deepEqual(files.ofProcess(loader.pid), []);
	await loader.load(path);
	const [before, ...others] = files.ofProcess(loader.pid);
	assert.deepEqual(others, []);
	assert.equal(before?.path, path);
	assert.equal(before.libraries[0]?.kind, "openssl");

	copyFileSync(systemLibrary("libcrypto.so.3"), `${path}.new`);
	renameSync(`${path}.new`, path);
	assert.deepEqual(
		files.ofProcess(loader.pid).map(({ identity }) => identity),
		[before.identity],
	);
	rmSync(path);
	const [afterwards] = new TlsFiles().ofProcess(loader.pid);
	assert.deepEqual(afterwards, before);

	await loader.end();
	assert.deepEqual(files.ofProcess(loader.pid), []);
});

test("containers of one image have one library, as the kernel hooks it; a container's own copy is another", async (context) => {
	const folder = makeFolder(context);
	const image = join(folder, "image");
	mkdirSync(image);
	copyFileSync(LIBSSL, join(image, "libssl.so.3"));
	const files = new TlsFiles();
	const start = async (name: string, prepare: string) => {
		const root = join(folder, name);
		const mount = `mkdir -p ${root} && mount -t tmpfs none ${root} && cd ${root} && mkdir upper work merged &&
			mount -t overlay -o lowerdir=${image},upperdir=upper,workdir=work none merged && ${prepare} && exec "$@"`;
		const loader = startLoader(context, ["unshare", "-m", "sh", "-c", mount, "sh"]);
		await loader.load(join(root, "merged/libssl.so.3"));
		const [file, ...others] = files.ofProcess(loader.pid);
		assert.deepEqual(others, []);
		assert.ok(file);
		return file;
	};
	const first = await start("first", "true");
	const second = await start("second", "true");
	const own = await start("own", "touch merged/libssl.so.3");
	assert.equal(first.identity, second.identity);
	assert.notEqual(own.identity, first.identity);
	assert.deepEqual(second.libraries, first.libraries);
});
