import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { DEFAULT_MAX_ENDPOINTS } from "../capture/programs.js";
import { runCli } from "./testing.js";

const COMMANDS = ["top", "stat", "demo", "run", "doctor", "completion"];

test("help fits 80 columns, begins with usage and purpose, and has examples before its options", async () => {
	for (const argv of [["--help"], ["help"], ...COMMANDS.map((name) => [name, "--help"]), ["help", "stat"]]) {
		const { stdout, stderr, exitCode } = await runCli(argv);
		assert.equal(exitCode, 0, argv.join(" "));
		assert.equal(stderr, "");
		const lines = stdout.split("\n");
		assert.match(lines[0] ?? "", /^Usage: httpeek/);
		assert.deepEqual(
			lines.filter((line) => line.length > 80),
			[],
		);
		assert.ok(stdout.indexOf("Examples:") > 0 && stdout.indexOf("Examples:") < stdout.indexOf("-h, --help"));
	}
});

test("every command is listed, commands that are yet to come are not", async () => {
	const { stdout } = await runCli(["--help"]);
	for (const name of COMMANDS) {
		assert.match(stdout, new RegExp(`^  ${name} `, "m"));
	}
	assert.doesNotMatch(stdout, /^ {2}(watch|serve) /m);
});

test("options come in groups", async () => {
	const { stdout } = await runCli(["top", "--help"]);
	const headings = stdout.split("\n").filter((line) => /^[A-Z].*:$/.test(line));
	assert.deepEqual(
		headings.map((heading) => heading.split(/[ :]/, 1)[0]),
		["Examples", "Scope", "Filter", "Timing", "Output", "Options"],
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
