import assert from "node:assert/strict";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { makeFakeHost } from "../../test/support/fake-host.js";
import { HttpeekError } from "../base/errors.js";
import type { TlsLibrary } from "../tls/libraries.js";
import { TlsFiles } from "../tls/tls-files.js";
import type { Scope } from "./scope.js";
import { type AttachTls, TlsReader } from "./tls-reader.js";

const OPENSSL: TlsLibrary = { kind: "openssl", version: "3.0", points: [], problem: undefined };
const OLD_GO: TlsLibrary = { kind: "go", version: "go1.9", points: [], problem: "it is too old" };

/** A host with a cgroup `web`, a program `tls` and a program `plain`, and a reader that notes what it does. */
function setUp(context: TestContext, where: "web" | "host", attach?: AttachTls) {
	const host = makeFakeHost(context);
	const program = (name: string) => join(host.procRoot, name);
	for (const name of ["tls", "plain", "old"]) writeFileSync(program(name), name);
	const log: string[] = [];
	const reader = new TlsReader(scopeOf(host.cgroupRoot, where), {
		attach:
			attach ??
			((_path, { kind }, pid) => {
				log.push(`hook ${kind} in ${pid ?? "all"}`);
				return { close: () => log.push(`unhook ${kind} in ${pid ?? "all"}`) };
			}),
		onGone: (pid) => log.push(`gone ${pid}`),
		files: new TlsFiles({ procRoot: host.procRoot, examine }),
		...{ procRoot: host.procRoot, cgroupRoot: host.cgroupRoot },
	});
	const run = (pids: Readonly<Record<number, string>>) => {
		host.addCgroup("web", Object.keys(pids).map(Number));
		for (const [pid, name] of Object.entries(pids))
			host.addProcess({ pid: Number(pid), comm: name, exe: program(name) });
	};
	return { host, log, reader, run, program, scope: scopeOf(host.cgroupRoot, where) };
}

function scopeOf(root: string, where: "web" | "host"): Scope {
	return { cgroups: [where === "web" ? join(root, "web") : root], pids: undefined, description: where };
}

/** By what stands in the file: the path is that of a descriptor. */
function examine(path: string): TlsLibrary[] {
	const text = readFileSync(path, "latin1");
	return text === "tls" ? [OPENSSL] : text === "old" ? [OLD_GO] : [];
}

test("in a narrow scope each process is hooked once, and let go when it is gone", (context) => {
	const { log, reader, run, scope, host } = setUp(context, "web");
	assert.equal(reader.isEach, true);
	run({ 10: "tls", 11: "plain", 12: "tls" });
	reader.look(scope, 1);
	reader.look(scope, 2);
	assert.deepEqual(log.splice(0), ["hook openssl in 10", "hook openssl in 12"]);
	assert.deepEqual([...reader.report().pids], [10, 12]);
	host.addCgroup("web", [11, 12]);
	reader.look(scope, 3);
	assert.deepEqual(log.splice(0), ["unhook openssl in 10", "gone 10"]);
	reader.close();
	assert.deepEqual(log, ["unhook openssl in 12"]);
});

test("on the whole host a file is hooked once for all, until nobody has it any more", (context) => {
	const { log, reader, run, scope, host } = setUp(context, "host");
	assert.equal(reader.isEach, false);
	run({ 10: "tls", 12: "tls" });
	reader.look(scope, 1);
	assert.deepEqual(log.splice(0), ["hook openssl in all"]);
	host.removeProcess(10);
	reader.look(scope, 2);
	assert.deepEqual(log.splice(0), ["gone 10"]);
	host.removeProcess(12);
	reader.look(scope, 3);
	assert.deepEqual(log, ["unhook openssl in all", "gone 12"]);
});

test("a process that is told of is hooked at once, and let go even if no look has seen it", (context) => {
	const { log, reader, run, scope, host } = setUp(context, "web");
	run({ 10: "tls" });
	reader.lookAt(10, true, 1);
	assert.deepEqual(log.splice(0), ["hook openssl in 10"]);
	host.addCgroup("web", []);
	reader.look(scope, 1.1);
	assert.deepEqual(log, ["unhook openssl in 10", "gone 10"]);
});

test("a library that is replaced is another file: its new processes are hooked, the old ones stay", (context) => {
	const { log, reader, run, scope, program } = setUp(context, "web");
	run({ 10: "tls" });
	reader.look(scope, 1);
	writeFileSync(program("tls.new"), "tls");
	renameSync(program("tls.new"), program("tls"));
	run({ 11: "tls" });
	reader.lookAt(11, false, 2);
	assert.deepEqual(log, ["hook openssl in 10", "hook openssl in 11"]);
});

test("why something is not read is told once, for a library and for what the kernel refuses", (context) => {
	const refuse: AttachTls = () => {
		throw new HttpeekError("HTTPEEK_BPF", "cannot attach: EPERM");
	};
	const { reader, run, scope, program } = setUp(context, "web", refuse);
	run({ 10: "tls", 11: "tls", 12: "old" });
	reader.look(scope, 1);
	assert.deepEqual(reader.report(), {
		libraries: [],
		problems: [`${program("tls")}: cannot attach: EPERM`, `${program("old")}: it is too old`],
		pids: new Set(),
	});
});
