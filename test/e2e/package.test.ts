/** The package as a user gets it: packed, installed into an empty folder, run where there is no compiler. */
import assert from "node:assert/strict";
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import {
	accessSync,
	constants,
	mkdirSync,
	mkdtempSync,
	realpathSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

const CHECKOUT = fileURLToPath(new URL("../../..", import.meta.url));
const ALLOWED = [
	/^LICENSE$/,
	/^LICENSES\/[\w.-]+$/,
	/^(README|CHANGELOG)\.md$/,
	/^bin\/httpeek$/,
	/^build\/bpf\/(x64|arm64)\/httpeek(-tls)?(-compat)?\.bpf\.o$/,
	/^dist\/src\/[\w/-]+\.(js|d\.ts)$/,
	/^package\.json$/,
];
const NEEDED = [
	"CHANGELOG.md",
	"LICENSE",
	"README.md",
	"bin/httpeek",
	"build/bpf/arm64/httpeek-compat.bpf.o",
	"build/bpf/arm64/httpeek-tls-compat.bpf.o",
	"build/bpf/arm64/httpeek-tls.bpf.o",
	"build/bpf/arm64/httpeek.bpf.o",
	"build/bpf/x64/httpeek-compat.bpf.o",
	"build/bpf/x64/httpeek-tls-compat.bpf.o",
	"build/bpf/x64/httpeek-tls.bpf.o",
	"build/bpf/x64/httpeek.bpf.o",
	"dist/src/cli/main.js",
	"dist/src/index.d.ts",
	"dist/src/index.js",
	"package.json",
];

const folder = mkdtempSync(join(tmpdir(), "httpeek-package-"));
const programs = join(folder, "programs");
const project = join(folder, "project");
let packed: { filename: string; version: string; files: { path: string }[] };

before(() => {
	mkdirSync(programs);
	mkdirSync(project);
	writeFileSync(join(project, "package.json"), '{ "private": true, "type": "module" }');
	for (const name of ["node", "npm"]) symlinkSync(realpathSync(programOnPath(name)), join(programs, name));

	const pack = spawnSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], {
		cwd: CHECKOUT,
		encoding: "utf8",
	});
	assert.equal(pack.status, 0, pack.stderr);
	packed = JSON.parse(pack.stdout)[0];
	const tarball = join(folder, packed.filename);
	const install = runInProject(
		"npm",
		"install",
		"--ignore-scripts",
		"--prefer-offline",
		"--no-audit",
		"--no-fund",
		tarball,
	);
	assert.equal(install.status, 0, install.stderr);
});

after(() => rmSync(folder, { recursive: true, force: true }));

test("the package holds what is needed to run, and no sources, tests or maps", () => {
	const paths = packed.files.map(({ path }) => path);
	for (const path of NEEDED) assert.ok(paths.includes(path), `${path} is missing`);
	const unwanted = paths.filter(
		(path) => !ALLOWED.some((pattern) => pattern.test(path)) || /\.test\.|\/testing\./.test(path),
	);
	assert.deepEqual(unwanted, []);
});

test("where it is installed there is no compiler", () => {
	const { PATH } = environment();
	assert.equal(spawnSync("clang-19", ["--version"], { env: { PATH } }).status, null);
	assert.equal(spawnSync("bpftool", ["version"], { env: { PATH } }).status, null);
});

test("the installed program tells its version", () => {
	const { status, stdout, stderr } = runInstalled("--version");
	assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: `${packed.version}\n`, stderr: "" });
});

test("the installed program helps", () => {
	const { status, stdout, stderr } = runInstalled("stat", "--help");
	assert.equal(status, 0, stderr);
	assert.match(stdout, /Usage: httpeek stat/);
	assert.match(stdout, /--duration/);
});

test("the installed program answers a wrong flag with a message and exit code 2", () => {
	const { status, stdout, stderr } = runInstalled("stat", "--no-such-flag");
	assert.equal(status, 2);
	assert.equal(stdout, "");
	assert.match(stderr, /--no-such-flag/);
	assert.doesNotMatch(stderr, /\n {4}at /, "no stack trace");
});

test("the installed library can be imported", () => {
	const script = 'import { observe } from "httpeek"; process.stdout.write(typeof observe);';
	const { status, stdout, stderr } = runInProject("node", "--input-type=module", "--eval", script);
	assert.equal(status, 0, stderr);
	assert.equal(stdout, "function");
});

test("the installed live view finds ink and react", () => {
	const script = 'await import("./node_modules/httpeek/dist/src/views/live-view.js"); process.stdout.write("loaded");';
	const { status, stdout, stderr } = runInProject("node", "--input-type=module", "--eval", script);
	assert.equal(status, 0, stderr);
	assert.equal(stdout, "loaded");
});

test("the installed library has types", () => {
	const consumer = join(project, "consumer.ts");
	writeFileSync(
		consumer,
		`import { observe } from "httpeek";
for await (const { endpoints } of observe({ intervalSeconds: 1 })) {
	const counts: number[] = endpoints.map(({ count }) => count);
	// @ts-expect-error a route is text
	const routes: number[] = endpoints.map(({ route }) => route);
	void [counts, routes];
}
`,
	);
	const compiler = join(CHECKOUT, "node_modules/typescript/bin/tsc");
	const flags = ["--noEmit", "--strict", "--target", "es2022", "--module", "nodenext", "--types", ""];
	const { status, stdout } = runInProject("node", compiler, ...flags, consumer);
	assert.equal(status, 0, stdout);
});

function runInstalled(...args: string[]): SpawnSyncReturns<string> {
	return runInProject(join(project, "node_modules/.bin/httpeek"), ...args);
}

function runInProject(command: string, ...args: string[]): SpawnSyncReturns<string> {
	return spawnSync(command, args, { cwd: project, encoding: "utf8", env: environment() });
}

/** A PATH on which there are only Node and npm. */
function environment(): NodeJS.ProcessEnv {
	return { ...process.env, PATH: programs };
}

function programOnPath(name: string): string {
	const path = (process.env.PATH ?? "")
		.split(delimiter)
		.map((directory) => join(directory, name))
		.find(isExecutable);
	assert.ok(path, `${name} is on the PATH`);
	return path;
}

function isExecutable(path: string): boolean {
	try {
		accessSync(path, constants.X_OK);
		return true;
	} catch {
		return false;
	}
}
