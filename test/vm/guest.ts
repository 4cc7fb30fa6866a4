/**
 * What runs inside a test machine (tools/lib/vm.mjs): every object is loaded, then the test files of the kinds that were
 * asked for run one after another, and the kernel's log is looked through. The result is a JSON document on stdout, written
 * anew, a line each, after every file: a machine may be ended before it is done. What goes on meanwhile is on stderr, the
 * machine's console.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { release } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { objectPath } from "../../src/capture/programs.js";
import { hasManyUprobes } from "../../src/capture/tls-programs.js";
import type { ProgramName } from "../../src/wire/object.js";
import type { ProgramName as TlsProgramName } from "../../src/wire/tls-object.js";
import { type VerifiedProgram, verify } from "./verifier.js";

/** dist/test, and the checkout above it. */
const TESTS = fileURLToPath(new URL("..", import.meta.url));
const CHECKOUT = join(TESTS, "../..");
/** Emulated processors are some twenty times slower: what waits for something waits longer. */
const LONGEST_TEST_MS = 600_000;

/**
 * Tests of test/live that are left out: they load the machine beyond what emulation can do in minutes, or measure its
 * speed. They run on the host's own kernel.
 */
const TOO_HEAVY = [
	"attack.test.js",
	"attack-bytes.test.js",
	"attack-connections.test.js",
	"bench.test.js",
	"leaks.test.js",
	"tls-safety.test.js",
	"tls-storms.test.js",
];

/** What a kernel writes when something in it is wrong. */
const ALARM =
	/\b(WARNING: CPU|BUG:|Oops|general protection|kernel panic|RCU stall|rcu_\w+ detected|hung_task|INFO: task)\b/i;

/** Every one, or this does not compile. */
const PROGRAMS: Readonly<Record<ProgramName, true>> = {
	connect_v4: true,
	connect_v6: true,
	fill_cells: true,
	fill_endpoints: true,
	fill_other_cells: true,
	fill_other_endpoints: true,
	fill_owners: true,
	empty: true,
	helpers: true,
	sock_created: true,
	sock_released: true,
	sock_state: true,
	traffic: true,
};
const TLS_PROGRAMS: Readonly<Record<TlsProgramName, true>> = {
	go_close: true,
	go_flush: true,
	go_flushed: true,
	go_read: true,
	go_write: true,
	process_executed: true,
	tls_any: true,
	tls_end: true,
	tls_free: true,
	tls_handshake: true,
	tls_read: true,
	tls_read_early: true,
	tls_read_ex: true,
	tls_sendfile: true,
	tls_uncork: true,
	tls_write: true,
	tls_write_ex: true,
	tls_write_ex2: true,
};

/** tls_any is for kernels that have its kind of link; older ones do not know the cookies it asks for. */
function tlsPrograms(): string[] {
	return Object.keys(TLS_PROGRAMS).filter((name) => name !== "tls_any" || hasManyUprobes());
}

/** The harness is linked with bpf/slots.bpf.c. */
const HARNESS_PROGRAMS = [
	"conversation",
	"bucket_of",
	"packet_in",
	"packet_out",
	...Object.keys(PROGRAMS).filter((name) => name.startsWith("fill_")),
];

export interface TestResult {
	readonly file: string;
	readonly passed: number;
	readonly failed: number;
	readonly skipped: number;
	readonly seconds: number;
	/** Names and messages of what failed. */
	readonly failures: string;
}

export interface GuestReport {
	readonly kernel: string;
	readonly objects: readonly { readonly object: string; readonly programs: readonly VerifiedProgram[] }[];
	readonly tests: readonly TestResult[];
	/** Lines of the kernel's log that must not be there. */
	readonly alarms: readonly string[];
	/** All that was asked for has run. */
	readonly isComplete: boolean;
}

function main(): void {
	const commandLine = readFileSync("/proc/cmdline", "latin1");
	if (!commandLine.includes("httpeek.run=")) {
		throw new Error("this is for test machines only: npm run test:kernels");
	}
	// what the kernel says of the emulated hardware while it boots is not ours
	execFileSync("dmesg", ["--clear"]);
	const harness = join(CHECKOUT, "build/test", basename(objectPath()).replace("httpeek", "harness"));
	const objects = [
		{ object: basename(objectPath()), programs: verify(objectPath(), Object.keys(PROGRAMS)) },
		{ object: basename(objectPath("httpeek-tls")), programs: verify(objectPath("httpeek-tls"), tlsPrograms()) },
		{ object: basename(harness), programs: verify(harness, HARNESS_PROGRAMS) },
	];
	for (const { object, programs } of objects) console.error(`${object}: ${JSON.stringify(programs)}`);
	const tests: TestResult[] = [];
	const tell = (isComplete: boolean): void => {
		const report: GuestReport = { kernel: release(), objects, tests, alarms: alarms(), isComplete };
		console.log(JSON.stringify(report));
	};
	for (const file of kindsIn(commandLine).flatMap(testFiles)) {
		tests.push(runTests(file));
		tell(false);
	}
	tell(true);
}

/** The folders of test/ that were asked for: `httpeek.argument=kernel,live`. */
function kindsIn(commandLine: string): string[] {
	return /\bhttpeek\.argument=(\S+)/.exec(commandLine)?.[1]?.split(",") ?? [];
}

/** @param kind a folder, or `live/exactness` for one file of it */
function testFiles(kind: string): string[] {
	const [name = "", only = ""] = kind.split("/");
	const folder = join(TESTS, name);
	if (!existsSync(folder)) return [];
	return readdirSync(folder)
		.filter((file) => file.endsWith(".test.js") && !TOO_HEAVY.includes(file))
		.filter((file) => only === "" || file === `${only}.test.js`)
		.sort()
		.map((file) => join(folder, file));
}

function runTests(path: string): TestResult {
	const startedMs = performance.now();
	const args = ["--test", "--test-reporter=tap", `--test-timeout=${LONGEST_TEST_MS}`, path];
	const env = { ...process.env, HTTPEEK_TEST_EMULATED: "1" };
	const { stdout } = spawnSync(process.execPath, args, { cwd: CHECKOUT, encoding: "utf8", env, maxBuffer: 1 << 28 });
	const number = (name: string): number => Number(new RegExp(`^# ${name} (\\d+)$`, "m").exec(stdout)?.[1] ?? 0);
	const result = {
		file: path.slice(TESTS.length),
		passed: number("pass"),
		failed: number("fail") + number("cancelled"),
		skipped: number("skipped"),
		seconds: Math.round((performance.now() - startedMs) / 1000),
		failures: failuresOf(stdout),
	};
	console.error(`${result.file}: ${result.passed} passed, ${result.failed} failed, ${result.seconds} s`);
	if (result.failures !== "") console.error(result.failures);
	return result;
}

/** The blocks of a TAP document that say what failed and why, without the stacks. */
function failuresOf(tap: string): string {
	const blocks = tap.match(/^ *not ok [\s\S]*?^ *\.\.\.$/gm) ?? [];
	return blocks.map((block) => block.replace(/^ *stack: \|-[\s\S]*/m, "").slice(0, 1500)).join("\n");
}

function alarms(): string[] {
	return execFileSync("dmesg", { encoding: "utf8" })
		.split("\n")
		.filter((line) => ALARM.test(line));
}

main();
