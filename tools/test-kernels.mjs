/**
 * `npm run test:kernels`: the objects and the tests on other kernels, Debian's, each in a machine that QEMU emulates.
 * `npm run test:kernels -- 5.10 6.1` takes only these; `--write` puts the results into docs/kernels.md; `--verbose` shows
 * the machines' consoles.
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

/** For one machine: it runs some hundred tests, each twenty times as slow as usual. */
const DEADLINE_SECONDS = 1800;
const TABLE = "docs/kernels.md";

/** @typedef {import("./lib/debian-kernels.mjs").Release} Release */
/** @typedef {import("../test/vm/guest.js").GuestReport} GuestReport */

await runTool(async () => {
	const { releases, isWritten, isVerbose } = readArguments(process.argv.slice(2));
	await setUpMachine([...FOR_TESTING, ...FOR_OTHER_KERNELS], "test httpeek on other kernels");
	build();
	/** @type {Map<Release, GuestReport>} */
	const reports = new Map();
	for (const release of releases) {
		const report = await testOn(release, isVerbose);
		if (report !== undefined) reports.set(release, report);
	}
	if (isWritten) {
		writeFileSync(inRoot(TABLE), replaceRows(readIfThere(inRoot(TABLE)) ?? "", reports, new Date()));
		say(`wrote ${TABLE}`);
	}
	const areAllFine = releases.every((release) => isFine(reports.get(release)));
	return areAllFine ? 0 : EXIT.runtime;
});

/**
 * @param {string[]} words
 * @returns {{ releases: Release[], isWritten: boolean, isVerbose: boolean }}
 */
function readArguments(words) {
	const known = /** @type {Release[]} */ (Object.keys(SUITES));
	const flags = new Set(words.filter((word) => word.startsWith("--")));
	const named = words.filter((word) => !word.startsWith("--"));
	const wrong = [...named.filter((word) => !Object.hasOwn(SUITES, word)), ...flags].filter(
		(word) => word !== "--write" && word !== "--verbose",
	);
	if (wrong.length > 0) {
		throw new ToolFailure(`there is no kernel and no option ${wrong.join(" ")}`, {
			hint: `kernels are ${known.join(", ")}; options are --write, --verbose`,
			exitCode: EXIT.usage,
		});
	}
	return {
		releases: named.length === 0 ? known : known.filter((release) => named.includes(release)),
		isWritten: flags.has("--write"),
		isVerbose: flags.has("--verbose"),
	};
}

/** @param {Release} release @param {boolean} isVerbose @returns {Promise<GuestReport | undefined>} */
async function testOn(release, isVerbose) {
	const kernel = debianKernel(release);
	say(`testing on Linux ${kernel.version}`);
	const program = inRoot(compiledFile("test/vm/guest.ts"));
	const startedMs = performance.now();
	const result = await runInVm(kernel, program, { deadlineSeconds: DEADLINE_SECONDS, isVerbose });
	const seconds = Math.round((performance.now() - startedMs) / 1000);
	if (result.output.trim() === "") {
		const why = result.isTimedOut ? `did not end in ${DEADLINE_SECONDS} s` : "ended without a result";
		process.stdout.write(`Linux ${kernel.version}: the machine ${why}; its console:\n${result.console}\n`);
		return undefined;
	}
	/** @type {GuestReport} */
	const report = JSON.parse(result.output);
	show(report, seconds);
	return report;
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
	for (const line of report.alarms) lines.push(`  kernel log: ${line}`);
	process.stdout.write(`${lines.join("\n")}\n`);
}

/** @param {GuestReport | undefined} report */
function isFine(report) {
	return (
		report !== undefined &&
		report.alarms.length === 0 &&
		report.objects.every(({ programs }) => programs.every(({ refusal }) => refusal === undefined)) &&
		report.tests.every(({ passed, failed }) => passed > 0 && failed === 0)
	);
}
