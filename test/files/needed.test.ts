/** Libraries that real programs will load: what httpeek expects, what the dynamic linker says, and what is there then. */
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { isPromising, programOf } from "../../src/tls/candidates.js";
import { findTlsLibraries } from "../../src/tls/libraries.js";
import { LinkerCache } from "../../src/tls/linker-cache.js";
import { NeededFiles } from "../../src/tls/needed-files.js";
import { TlsFiles } from "../../src/tls/tls-files.js";
import { until } from "../support/until.js";

/** Programs that wait for what to do on their input, and the name that is expected among what they need. */
const PROGRAMS = [
	{ command: ["/usr/bin/curl", "-K", "-"], expected: /\/libssl\.so\.3$/ },
	{ command: ["/usr/bin/wget", "-i", "-"], expected: /\/libgnutls\.so\.30/ },
	{ command: ["/usr/bin/h2load", "-i", "-"], expected: /\/libssl\.so\.3$/ },
	// what it uses its modules load
	{ command: ["/usr/bin/python3", "-"], expected: undefined },
];

/** Starts a program and waits until it is executed. `wrap` is a command that becomes it. */
async function start(context: TestContext, command: readonly string[], wrap: readonly string[] = []): Promise<number> {
	const [first = "", ...words] = [...wrap, ...command];
	const child: ChildProcess = spawn(first, words, { stdio: ["pipe", "ignore", "inherit"] });
	context.after(async () => {
		if (child.exitCode !== null || child.signalCode !== null) return;
		child.kill("SIGKILL");
		await once(child, "exit");
	});
	const pid = child.pid ?? 0;
	const program = realpathSync(command[0] ?? "");
	await until(() => programOf(pid)?.path.endsWith(program) === true, `${program} is executed`);
	return pid;
}

/** The libraries of a program, without links. */
function ldd(program: string): string[] {
	const lines = execFileSync("ldd", [program], { encoding: "utf8" }).split("\n");
	return lines.flatMap((line) => {
		const path = /^\s(?:\S+ => )?(\/\S+) \(0x/.exec(line)?.[1];
		return path === undefined ? [] : [realpathSync(path)];
	});
}

for (const { command, expected } of PROGRAMS) {
	const [program = ""] = command;
	test(`${program} needs what ldd says`, async (context) => {
		const pid = await start(context, command);
		const paths = new NeededFiles().ofProcess(pid).map(({ path }) => path);
		assert.deepEqual(paths.toSorted(), ldd(program).filter(isPromising).toSorted());
		if (expected === undefined) assert.deepEqual(paths, []);
		else assert.ok(paths.some((path) => expected.test(path)));
	});
}

test("the dynamic linker's cache has what ldconfig says", () => {
	const cache = new LinkerCache("/etc/ld.so.cache");
	const lines = execFileSync("/sbin/ldconfig", ["-p"], { encoding: "utf8" }).split("\n");
	const entries = lines.flatMap((line) => {
		const [, name, path] = /^\t(\S+) \(.*\) => (\S+)$/.exec(line) ?? [];
		return name === undefined || path === undefined ? [] : [{ name, path }];
	});
	assert.ok(entries.length > 20);
	for (const { name, path } of entries) assert.ok(cache.pathsOf(name).includes(path), name);
});

test("what is found ahead is what is mapped later, also in a container", async (context) => {
	const folder = mkdtempSync(join(tmpdir(), "httpeek-needed-"));
	context.after(() => rmSync(folder, { recursive: true, force: true }));
	const container = `mount -t tmpfs none ${folder} && cd ${folder} && mkdir upper work merged &&
		mount -t overlay -o lowerdir=/,upperdir=upper,workdir=work none merged && exec chroot merged "$@"`;
	const wraps = [[], ["unshare", "-m", "sh", "-c", container, "sh"]];
	const command = ["/usr/bin/curl", "-K", "-"];
	for (const wrap of wraps) {
		const pid = await start(context, command, wrap);
		const files = new TlsFiles();
		const ahead = files.aheadOfProcess(pid);
		const kinds = ahead.flatMap(({ libraries }) => libraries.map(({ kind }) => kind));
		assert.deepEqual(kinds.toSorted(), ["gnutls", "openssl"]);
		await until(() => files.ofProcess(pid).length >= ahead.length, "the libraries are mapped");
		const comparable = ({ identity, state, path }: (typeof ahead)[number]) => [identity, state, path].join(" ");
		assert.deepEqual(files.ofProcess(pid).map(comparable).toSorted(), ahead.map(comparable).toSorted());
	}
});

test("after warming up, of a client only its program is examined", async (context) => {
	const examined: string[] = [];
	const files = new TlsFiles({
		examine(path) {
			examined.push(realpathSync(path));
			return findTlsLibraries(path);
		},
	});
	files.warmUp();
	assert.ok(examined.some((path) => path.endsWith("/libssl.so.3")));
	examined.length = 0;
	const pid = await start(context, ["/usr/bin/curl", "-K", "-"]);
	assert.equal(files.aheadOfProcess(pid).length, 2);
	assert.deepEqual(examined, ["/usr/bin/curl"]);
});
