/** `httpeek run -- CMD`: the command is its own, the report is complete. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { skipReason } from "../support/capture.js";
import { Stage } from "../support/httpeek.js";
import { processesIn } from "../support/live-cgroup.js";
import { until } from "../support/until.js";

const own = (stage: Stage): string[] => readdirSync(stage.own).filter((name) => name.startsWith("httpeek-"));

/** How many BPF programs are attached to a cgroup. */
function attachedTo(cgroup: string): number {
	const told = execFileSync("bpftool", ["-j", "cgroup", "show", cgroup], { encoding: "utf8" });
	// where there are none it writes nothing, or an empty list
	return told.trim() === "" ? 0 : (JSON.parse(told) as unknown[]).length;
}

test("streams and exit codes are the command's", { skip: skipReason }, async (context) => {
	const stage = await Stage.set(context);
	const echo = stage.httpeek(["run", "-q", "--", "sh", "-c", "cat; echo to-stderr >&2; exit 42"], {
		stdio: ["pipe", "pipe", "pipe"],
	});
	echo.child.stdin?.end("some input\n\u001b[0m");
	assert.deepEqual(await echo.ended, { code: 42, signal: null });
	assert.equal(echo.stdout, "some input\n\u001b[0m");
	assert.match(echo.stderr, /^to-stderr\n/);
	for (const [words, code] of [
		[["true"], 0],
		[["false"], 1],
		[["httpeek-no-such-command"], 127],
		[["/etc/passwd"], 126],
	] as const) {
		const program = stage.httpeek(["run", "--", ...words]);
		const { code: seen, signal } = await program.ended;
		assert.deepEqual([seen, signal], [code, null], `${words.join(" ")}: ${program.stderr}`);
		assert.doesNotMatch(program.stderr, /\n {4}at /);
	}
	for (const signal of ["KILL", "TERM", "USR1", "SEGV", "ABRT"]) {
		const killed = stage.httpeek(["run", "--", "sh", "-c", `ulimit -c 0; kill -${signal} $$`]);
		assert.deepEqual(await killed.ended, { code: null, signal: `SIG${signal}` }, "it ends as the command did");
	}
	assert.deepEqual(own(stage), []);
});

test("the first and the last request count, in a report on standard error", { skip: skipReason }, async (context) => {
	const stage = await Stage.set(context);
	const program = stage.httpeek([
		"run",
		"-o",
		"lines",
		"--",
		"curl",
		"-s",
		stage.url("/users/1"),
		stage.url("/missing"),
	]);
	assert.equal((await program.ended).code, 0);
	assert.equal(program.stdout, "hellohello");
	assert.equal(
		program.stderr,
		[
			`httpeek: counting curl -s ${stage.url("/users/1")} ${stage.url("/missing")}\n`,
			"Endpoint: /users/:id, Status Code: 200, Count: 1\n",
			"Endpoint: /missing, Status Code: 404, Count: 1\n",
			"httpeek: 2 exchanges, 1 errors, 0 lost\n",
		].join(""),
	);
	assert.deepEqual(own(stage), []);
});

test("--report writes a file, -o says how, --fail-if judges", { skip: skipReason }, async (context) => {
	const stage = await Stage.set(context);
	const folder = mkdtempSync(join(tmpdir(), "httpeek-report-"));
	context.after(() => rmSync(folder, { recursive: true }));
	const file = join(folder, "report");
	const run = async (flags: string[], ...words: string[]) => {
		const program = stage.httpeek(["run", "-q", "--report", file, ...flags, "--", ...words]);
		const { code } = await program.ended;
		return { code, stderr: program.stderr, report: existsSync(file) ? readFileSync(file, "utf8") : "" };
	};
	const curl = ["curl", "-s", stage.url("/broken")];
	const json = await run(["-o", "json"], ...curl);
	assert.deepEqual([json.code, json.stderr], [0, ""]);
	assert.equal(JSON.parse(json.report).endpoints[0].status, 500);
	assert.match(
		(await run(["-o", "csv"], ...curl)).report,
		/^ended_at,.*\n\S+,curl,client,.*,GET,\/broken,500,response,1,/,
	);
	assert.match(
		(await run([], ...curl)).report,
		/^Called \(requests that went out\)\nSERVICE +PEER .*\ncurl +127\.0\.0\.1:\d+ +GET +\/broken +500/,
	);
	assert.match(
		(await run(["-o", "markdown"], ...curl)).report,
		/^\*\*httpeek\*\* `curl -s http:.*`: 1 exchanges in .*\n\n\*\*Called .*\n\n\| Service \| Peer .*\n.*\n\| `curl` .* \*\*500\*\* \| 1 /,
	);
	assert.match((await run(["-o", "lines"], ...curl)).report, /^Endpoint: \/broken, Status Code: 500, Count: 1\n$/);

	const failed = await run(["--fail-if", "status5xx > 0"], ...curl);
	assert.deepEqual([failed.code, failed.stderr], [3, "httpeek: failed: status5xx > 0\n"]);
	assert.equal((await run(["--fail-if", "status5xx > 0"], "sh", "-c", "exit 9")).code, 9);
	assert.equal((await run(["--fail-if", "requests < 1"], ...curl)).code, 0);

	const nowhere = stage.httpeek([
		"run",
		"--report",
		join(folder, "no/such/folder"),
		"--",
		"touch",
		join(folder, "ran"),
	]);
	assert.equal((await nowhere.ended).code, 1);
	assert.match(nowhere.stderr, /^httpeek: cannot write the report to .*ENOENT.*\[HTTPEEK_IO\]\n {2}hint: /);
	assert.equal(existsSync(join(folder, "ran")), false, "the command is not even begun");
	assert.deepEqual(own(stage), []);
});

test("signals reach the command, which decides", { skip: skipReason }, async (context) => {
	const stage = await Stage.set(context);
	const trap = (signal: string) =>
		`trap 'echo got ${signal}; exit 7' ${signal}; echo ready; while :; do sleep 0.05; done`;
	for (const signal of ["TERM", "INT", "HUP", "USR1"]) {
		const program = stage.httpeek(["run", "-q", "--", "sh", "-c", trap(signal)]);
		await program.wrote(/^ready$/m);
		assert.deepEqual(await program.kill(`SIG${signal}` as NodeJS.Signals), { code: 7, signal: null });
		assert.match(program.stdout, new RegExp(`^got ${signal}$`, "m"));
	}
	const untrapped = stage.httpeek(["run", "-q", "--", "sh", "-c", "echo ready; exec sleep 100"]);
	await untrapped.wrote(/^ready$/m);
	assert.deepEqual(await untrapped.kill("SIGTERM"), { code: null, signal: "SIGTERM" });
	assert.deepEqual(own(stage), []);
});

test("what a command leaves running goes on; its cgroup does not stay", { skip: skipReason }, async (context) => {
	const stage = await Stage.set(context);
	const program = stage.httpeek(["run", "-q", "--", "sh", "-c", "sleep 100 >/dev/null 2>&1 & echo $!"]);
	assert.deepEqual(await program.ended, { code: 0, signal: null });
	assert.deepEqual(processesIn(stage.own), [Number(program.stdout)]);
	assert.deepEqual(own(stage), []);
});

test("killed with SIGKILL: no program stays, and the next one clears its cgroup", {
	skip: skipReason,
}, async (context) => {
	const stage = await Stage.set(context);
	const killed = stage.httpeek(["run", "--", "sh", "-c", "echo ready; exec sleep 100"]);
	await killed.wrote(/^ready$/m);
	const [left = ""] = own(stage);
	assert.ok(attachedTo(join(stage.own, left)) > 0);
	killed.child.kill("SIGKILL");
	await until(() => attachedTo(join(stage.own, left)) === 0, "its programs are gone");
	assert.deepEqual(own(stage), [left]);
	const [sleeper = 0] = processesIn(join(stage.own, left));
	const next = stage.httpeek(["run", "-q", "--", "true"]);
	assert.equal((await next.ended).code, 0);
	assert.deepEqual(own(stage), []);
	assert.deepEqual(processesIn(stage.own), [sleeper], "the orphaned command runs on");
});
