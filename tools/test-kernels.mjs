/**
 * `npm run test:kernels`: the objects and the tests on other kernels, Debian's, each in a machine that QEMU emulates.
 * `npm run test:kernels -- 5.10 6.1` takes only these, `-- kernel live` only the tests of these kinds (folders of test/),
 * `-- live/exactness` one file; `--write` puts the results of the suite into docs/kernels.md; `--verbose` shows the machines'
 * consoles.
 */
import { writeFileSync } from "node:fs";
import { compiledFile } from "./lib/compile-step.mjs";
import { debianKernel, SUITES } from "./lib/debian-kernels.mjs";
import { EXIT, runTool, say, ToolFailure } from "./lib/failure.mjs";
import { inRoot, readIfThere } from "./lib/files.mjs";
import { replaceRows } from "./lib/kernel-table.mjs";
import { FOR_OTHER_KERNELS, FOR_TESTING } from "./lib/machine.mjs";
import { build, setUpMachine } from "./lib/setup.mjs";
import { runInVm } from "./lib/vm.mjs";

/** For one machine: it runs some hundred tests, each twenty times as slow as usual, and more if others use the CPUs. */
const DEADLINE_SECONDS = 3600;
const TABLE = "docs/kernels.md";
/** Folders of test/ whose tests run in a machine; `vm` has those that run nowhere else. */
const KINDS = ["kernel", "vm", "live", "matrix"];
/** What runs if nothing is said: what differs from kernel to kernel. All of `live` had not ended after fifty minutes. */
const SUITE = [
	"vm",
	"kernel",
	...["exactness", "conversations", "endings", "failed-connections", "tls"].map((name) => `live/${name}`),
	...["scenarios", "scenarios-calls", "scenarios-sockets"].map((name) => `live/${name}`),
	"matrix/go-threads",
];

/** @typedef {import("./lib/debian-kernels.mjs").Release} Release */
/** @typedef {import("../test/vm/guest.js").GuestReport} GuestReport */

await runTool(async () => {
	const { releases, kinds, isWritten, isVerbose } = readArguments(process.argv.slice(2));
	await setUpMachine([...FOR_TESTING, ...FOR_OTHER_KERNELS], "test httpeek on other kernels");
	build();
	/** @type {Map<Release, GuestReport>} */
	const reports = new Map();
	for (const release of releases) {
		const report = await testOn(release, kinds, isVerbose);
		if (report === undefined) continue;
		reports.set(release, report);
		// after each: a run takes long, and may be interrupted
		if (isWritten && report.isComplete) {
			const whole = new Map([...reports].filter(([, { isComplete }]) => isComplete));
			writeFileSync(inRoot(TABLE), replaceRows(readIfThere(inRoot(TABLE)) ?? "", whole, new Date()));
			say(`wrote ${TABLE}`);
		}
	}
	const areAllFine = releases.every((release) => isFine(reports.get(release)));
	return areAllFine ? 0 : EXIT.runtime;
});

/**
 * @param {string[]} words
 * @returns {{ releases: Release[], kinds: string[], isWritten: boolean, isVerbose: boolean }}
 */
function readArguments(words) {
	const known = /** @type {Release[]} */ (Object.keys(SUITES));
	const flags = new Set(words.filter((word) => word.startsWith("--")));
	const releases = known.filter((release) => words.includes(release));
	const kinds = words.filter((word) => KINDS.includes(word.split("/")[0] ?? ""));
	const allowed = [...known, ...KINDS, "--write", "--verbose"];
	const absent = kinds.find(
		(kind) => readIfThere(inRoot(`test/${kind}.test.ts`)) === undefined && !KINDS.includes(kind),
	);
	if (absent !== undefined) throw new ToolFailure(`there is no test ${absent}`, { exitCode: EXIT.usage });
	const wrong = words.filter((word) => !allowed.includes(word) && !kinds.includes(word));
	if (wrong.length > 0) {
		throw new ToolFailure(`there is no kernel, kind of tests or option ${wrong.join(" ")}`, {
			hint: `there are ${allowed.join(", ")}`,
			exitCode: EXIT.usage,
		});
	}
	if (flags.has("--write") && kinds.length > 0) {
		throw new ToolFailure("--write takes the results of the whole suite", {
			hint: `leave out ${kinds.join(", ")}`,
			exitCode: EXIT.usage,
		});
	}
	return {
		releases: releases.length === 0 ? known : releases,
		kinds: kinds.length === 0 ? SUITE : kinds,
		isWritten: flags.has("--write"),
		isVerbose: flags.has("--verbose"),
	};
}

/**
 * @param {Release} release
 * @param {string[]} kinds
 * @param {boolean} isVerbose
 * @returns {Promise<GuestReport | undefined>}
 */
async function testOn(release, kinds, isVerbose) {
	const kernel = debianKernel(release);
	say(`testing on Linux ${kernel.version}`);
	const program = inRoot(compiledFile("test/vm/guest.ts"));
	const startedMs = performance.now();
	const argument = kinds.join(",");
	const result = await runInVm(kernel, program, { argument, deadlineSeconds: DEADLINE_SECONDS, isVerbose });
	const seconds = Math.round((performance.now() - startedMs) / 1000);
	if (!result.output.includes("\n")) {
		const why = result.isTimedOut ? `did not end in ${DEADLINE_SECONDS} s` : "ended without a result";
		process.stdout.write(`Linux ${kernel.version}: the machine ${why}; its console:\n${result.console}\n`);
		return undefined;
	}
	const report = lastReport(result.output);
	show(report, seconds);
	return report;
}

/**
 * What the machine said last: it may have been ended in the middle of a line.
 * @param {string} output
 * @returns {GuestReport}
 */
function lastReport(output) {
	const lines = output.split("\n").slice(0, -1);
	return JSON.parse(lines.at(-1) ?? "");
}

/** @param {GuestReport} report @param {number} seconds */
function show(report, seconds) {
	const lines = [`Linux ${report.kernel} (${seconds} s): ${isFine(report) ? "all is well" : "FAILED"}`];
	for (const { object, programs } of report.objects) {
		for (const { name, instructions, refusal } of programs) {
			lines.push(`  ${object} ${name}: ${refusal === undefined ? `${instructions} instructions` : "REFUSED"}`);
			if (refusal !== undefined) lines.push(refusal);
		}
	}
	for (const { file, passed, failed, skipped, seconds: took, failures } of report.tests) {
		lines.push(`  ${file}: ${passed} passed, ${failed} failed, ${skipped} skipped, ${took} s`);
		if (failures !== "") lines.push(failures);
	}
	if (!report.isComplete) lines.push("  it was ended before it was done");
	for (const line of report.alarms) lines.push(`  kernel log: ${line}`);
	process.stdout.write(`${lines.join("\n")}\n`);
}

/** @param {GuestReport | undefined} report */
function isFine(report) {
	return (
		report?.isComplete === true &&
		report.alarms.length === 0 &&
		report.objects.every(({ programs }) => programs.every(({ refusal }) => refusal === undefined)) &&
		report.tests.every(({ passed, failed }) => passed > 0 && failed === 0)
	);
}
