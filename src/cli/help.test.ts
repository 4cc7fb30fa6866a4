import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Command } from "commander";
import { DEFAULT_MAX_ENDPOINTS } from "../capture/programs.js";
import { makeSnapshot } from "../model/testing.js";
import { buildProgram } from "./program.js";
import { runCli, withFakeContext } from "./testing.js";

/** Every command that there is, whoever has added it. */
function commands(): readonly Command[] {
	return withFakeContext({}, (context) => buildProgram(context, () => undefined).command.commands);
}

const NAMES = commands().map((command) => command.name());

/** The lines between the heading and the next empty line. */
function section(help: string, heading: string): string[] {
	const lines = help.split("\n");
	const begin = lines.findIndex((line) => line.startsWith(heading)) + 1;
	return begin === 0 ? [] : lines.slice(begin, lines.indexOf("", begin)).map((line) => line.trim());
}

test("help fits 80 columns, begins with usage and purpose, and has three examples before its options", async () => {
	assert.ok(NAMES.length >= 6);
	for (const argv of [["--help"], ["help"], ...NAMES.map((name) => [name, "--help"]), ["help", "stat"]]) {
		const { stdout, stderr, exitCode } = await runCli(argv);
		assert.equal(exitCode, 0, argv.join(" "));
		assert.equal(stderr, "");
		const [usage = "", empty, purpose = ""] = stdout.split("\n");
		assert.match(usage, /^Usage: httpeek/);
		assert.deepEqual([empty, /^[A-Z]/.test(purpose)], ["", true], `purpose: ${purpose}`);
		const long = stdout.split("\n").filter((line) => line.length > 80);
		assert.deepEqual(long, [], argv.join(" "));
		assert.ok(section(stdout, "Examples:").length >= 3, argv.join(" "));
		assert.ok(stdout.indexOf("Examples:") < stdout.indexOf("-h, --help"));
	}
});

/** The words of an example as a shell would have them, without what it redirects or pipes. */
function wordsOf(example: string): string[] {
	const command = example.replace(/^source <\((.*)\)$/, "$1").replace(/ {2,}.*$/, "");
	const words = command.match(/"[^"]*"|\S+/g) ?? [];
	const end = words.findIndex((word) => word === ">" || word === "|");
	return words.slice(0, end < 0 ? undefined : end).map((word) => word.replaceAll('"', ""));
}

test("examples are real: httpeek accepts every one", async () => {
	for (const argv of [["--help"], ...NAMES.map((name) => [name, "--help"])]) {
		for (const example of section((await runCli(argv)).stdout, "Examples:")) {
			const [program, ...words] = wordsOf(example).filter((word, index) => !(index === 0 && word === "sudo"));
			assert.equal(program, "httpeek", example);
			if (words[0] === "demo") continue; // it would start its traffic
			// a command in an example is not there, nor is it to write its report
			const given = words[0] === "run" ? [...words.slice(0, words.indexOf("--")), "--", "true"] : words;
			const harmless = given.filter((word, index) => word !== "--report" && given[index - 1] !== "--report");
			const world = words[0] === "run" ? { afterAbort: makeSnapshot() } : { snapshots: [makeSnapshot()] };
			const { exitCode, stderr } = await runCli(harmless, world);
			assert.equal(exitCode, 0, `${example}: ${stderr}`);
		}
	}
});

test("every command is listed, commands that are yet to come are not", async () => {
	const { stdout } = await runCli(["--help"]);
	for (const name of NAMES) {
		assert.match(stdout, new RegExp(`^  ${name} `, "m"));
	}
	assert.doesNotMatch(stdout, /^ {2}serve /m);
});

test("options come in groups: only help has none", async () => {
	for (const command of commands()) {
		const { stdout } = await runCli([command.name(), "--help"]);
		assert.deepEqual(
			section(stdout, "Options:").map((line) => line.replace(/ {2,}.*/, "")),
			["-h, --help"],
			command.name(),
		);
	}
	const { stdout } = await runCli(["top", "--help"]);
	const headings = stdout.split("\n").filter((line) => /^[A-Z].*:$/.test(line));
	assert.deepEqual(
		headings.map((heading) => heading.split(/[ :]/, 1)[0]),
		["Examples", "Scope", "Filter", "Timing", "Recording", "Output", "Options"],
	);
});

test("the version is that of the package", async () => {
	const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
	for (const flag of ["-V", "--version"]) {
		assert.deepEqual(await runCli([flag]).then(({ stdout, exitCode }) => [stdout, exitCode]), [`${version}\n`, 0]);
	}
});

test("defaults that help tells are those that there are", async () => {
	const { stdout } = await runCli(["stat", "--help"]);
	assert.ok(stdout.includes(`the rest is (other) [${DEFAULT_MAX_ENDPOINTS}]`));
});
