/** What cannot be done is said in a few lines, with a code and what to do, and ends with the right exit code. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { skipReason } from "../support/capture.js";
import { HTTPEEK, Stage } from "../support/httpeek.js";
import { makeLiveCgroup } from "../support/live-cgroup.js";
import { type Program, start } from "../support/programs.js";

/** One line with the code, then a hint (or the cause, and then a hint); no stack, nothing on standard output. */
async function assertTells(program: Program, exitCode: number, code: string, message: RegExp): Promise<void> {
	const end = await program.ended;
	const { stdout, stderr } = program;
	assert.deepEqual(end, { code: exitCode, signal: null }, stderr);
	assert.equal(stdout, "");
	const [first = "", second = ""] = stderr.split("\n");
	assert.match(first, message);
	assert.ok(first.startsWith("httpeek: ") && first.endsWith(` [${code}]`), first);
	// a number out of its range needs no hint: the message has the range
	if (code !== "HTTPEEK_USAGE") assert.match(second, /^ {2}(hint|cause): \S/);
	assert.doesNotMatch(stderr, /^ +at |node:internal/m);
}

const USAGE: readonly [words: string[], message: RegExp][] = [
	[["top", "--no-such-flag"], /unknown option '--no-such-flag'/],
	[["sta"], /unknown command 'sta'/],
	[["stat", "-d", "soon"], /--duration cannot be used: "soon" is not a duration/],
	[["stat", "-d", "-5s"], /--duration cannot be used: "-5s"|argument missing/],
	[["stat", "-d", "0s"], /is no time at all/],
	[["stat", "-d", "1000000h"], /--duration cannot be used: "1000000h"/],
	[["top", "-i", "1us"], /is shorter than 100 ms/],
	[["stat", "--status", "99"], /status cannot be used: "99"/],
	[["stat", "--max-endpoints", "0"], /--max-endpoints/],
	[["stat", "--fail-if", "errors >"], /cannot be read/],
];

const NOT_FOUND: readonly [words: string[], code: string, message: RegExp][] = [
	[["stat", "--cgroup", "/no/such/cgroup"], "HTTPEEK_SCOPE_NOT_FOUND", /cgroup \/no\/such\/cgroup/],
	[["stat", "--cgroup", "/etc"], "HTTPEEK_SCOPE_NOT_FOUND", /cgroup \/etc/],
	[["stat", "--unit", "no-such-unit"], "HTTPEEK_SCOPE_NOT_FOUND", /no-such-unit/],
	[["stat", "--container", "0123456789ab"], "HTTPEEK_SCOPE_NOT_FOUND", /0123456789ab/],
];

test("usage, and scopes that do not exist: exit code 2", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	// each has the test's own cgroup for a scope: what is accepted by mistake must not watch the whole host
	const httpeek = (words: string[], scope = ["--cgroup", cgroup]): Program => {
		const [command = "", ...rest] = words;
		return start(cgroup, process.execPath, [HTTPEEK, command, ...scope, ...rest]);
	};
	for (const [words, message] of USAGE) {
		await context.test(words.join(" "), () => assertTells(httpeek(words), 2, "HTTPEEK_USAGE", message));
	}
	for (const [words, code, message] of NOT_FOUND) {
		await context.test(words.join(" "), () => assertTells(httpeek(words), 2, code, message));
	}
	await context.test("a process that does not exist", async () => {
		const program = httpeek(["stat", "-p", "4194304"], []);
		await assertTells(program, 2, "HTTPEEK_PROCESS_NOT_FOUND", /process 4194304: it does not exist/);
	});
	await context.test("a process and a cgroup at once", async () => {
		const sleeper = start(cgroup, "sleep", ["50"]);
		const program = httpeek(["stat", "-p", String(sleeper.pid)]);
		await assertTells(program, 2, "HTTPEEK_USAGE", /processes and cgroups at once/);
	});
	const hostile = httpeek(["stat", "--cgroup", "/\u001b[31mred\nline"]);
	await hostile.ended;
	// biome-ignore lint/suspicious/noControlCharactersInRegex: there must be none
	assert.doesNotMatch(hostile.stderr, /\u001b/);
});

test("without privilege: exit code 4, and the capabilities by name", { skip: skipReason }, async (context) => {
	const stage = await Stage.set(context);
	const drop = ["--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps=-all"];
	const asNobody = (...words: string[]): Program =>
		start(stage.own, "setpriv", [...drop, process.execPath, HTTPEEK, ...words]);
	await assertTells(
		asNobody("stat", "-d", "100ms", "--cgroup", stage.watched),
		4,
		"HTTPEEK_PRIVILEGE",
		/CAP_BPF.*CAP_NET_ADMIN.*CAP_PERFMON/,
	);
	await assertTells(asNobody("run", "--", "true"), 4, "HTTPEEK_PRIVILEGE", /cannot make cgroup|CAP_BPF/);
	const doctor = asNobody("doctor");
	assert.equal((await doctor.ended).code, 4);
	assert.match(doctor.stdout, /CAP_BPF/);

	for (const missing of ["bpf", "net_admin", "perfmon"]) {
		const without = [`--bounding-set=-${missing},-sys_admin`, `--inh-caps=-${missing},-sys_admin`];
		const program = start(stage.own, "setpriv", [
			...without,
			process.execPath,
			HTTPEEK,
			"stat",
			"-d",
			"100ms",
			"--cgroup",
			stage.watched,
		]);
		await assertTells(program, 4, "HTTPEEK_PRIVILEGE", new RegExp(`CAP_${missing.toUpperCase()}`));
	}
});

/** Runs words in a mount namespace of their own, after a script has changed it. */
function withMounts(stage: Stage, script: string, ...words: string[]): Program {
	return start(stage.own, "unshare", ["-m", "sh", "-c", `${script}; exec "$@"`, "sh", ...words]);
}

test("a machine without what is needed: exit code 4", { skip: skipReason }, async (context) => {
	const stage = await Stage.set(context);
	const stat = [process.execPath, HTTPEEK, "stat", "-d", "100ms", "--cgroup", stage.watched];
	const doctor = [process.execPath, HTTPEEK, "doctor"];
	const hideLibbpf = "for f in $(find / -xdev -name 'libbpf.so*' -type f); do mount --bind /dev/null $f; done";
	await context.test("no libbpf", async () => {
		await assertTells(withMounts(stage, hideLibbpf, ...stat), 4, "HTTPEEK_NO_LIBBPF", /libbpf\.so\.1/);
		const checked = withMounts(stage, hideLibbpf, ...doctor);
		assert.equal((await checked.ended).code, 4);
		assert.match(checked.stdout, /libbpf/);
	});
	const unmount = "for m in $(awk '$3 == \"cgroup2\" { print $2 }' /proc/self/mounts); do umount -l $m; done";
	await context.test("no cgroup v2", async () => {
		await assertTells(withMounts(stage, unmount, ...stat), 4, "HTTPEEK_NO_CGROUP2", /cgroup v2/);
		const host = [process.execPath, HTTPEEK, "run", "--", "true"];
		await assertTells(withMounts(stage, unmount, ...host), 4, "HTTPEEK_NO_CGROUP2", /cgroup v2/);
	});
	await context.test("a program that is not built", async () => {
		const hideObjects = `mount -t tmpfs none ${new URL("../../../build/bpf", import.meta.url).pathname}`;
		await assertTells(withMounts(stage, hideObjects, ...stat), 1, "HTTPEEK_BUILD", /httpeek\.bpf\.o/);
	});
	assert.deepEqual(
		readdirSync(stage.own).filter((name) => name.startsWith("httpeek-")),
		[],
	);
	assert.ok(existsSync(stage.watched));
});

test("a cgroup that goes away while it is watched is no error", { skip: skipReason }, async (context) => {
	const stage = await Stage.set(context);
	const program = await stage.watching("top", "-i", "100ms", "-o", "json");
	await stage.ask("/a");
	await program.wrote(/"route":"\/a"/);
	await stage.removeWatched();
	const seen = program.stdout.length;
	await program.wrote(new RegExp(`^[^]{${seen + 1},}`));
	await stage.interrupted(program);
	assert.deepEqual(await program.ended, { code: 0, signal: null });
});
