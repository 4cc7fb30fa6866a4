import assert from "node:assert/strict";
import { test } from "node:test";
import { HttpeekError } from "../base/errors.js";
import { makeLosses, makeRow, makeSnapshot } from "../model/testing.js";
import { FakeStream, runCli } from "./testing.js";

const first = makeSnapshot([makeRow({ route: "/a", count: 2 })], { durationSeconds: 1 });
const second = makeSnapshot([makeRow({ route: "/a", count: 5 }), makeRow({ route: "/b", status: 503, count: 1 })], {
	durationSeconds: 2,
	losses: makeLosses({ requests: 4 }),
});
const snapshots = [first, second];

test("httpeek alone is top: lines at each interval, and what it says on standard error", async () => {
	for (const argv of [[], ["top"]]) {
		const result = await runCli(argv, { snapshots });
		assert.equal(
			result.stdout,
			[
				"Endpoint: /a, Status Code: 200, Count: 2\n",
				"Endpoint: /a, Status Code: 200, Count: 5\n",
				"Endpoint: /b, Status Code: 503, Count: 1\n",
			].join(""),
		);
		assert.equal(result.stderr, "httpeek: counting a test\nhttpeek: 6 exchanges, 1 errors, 4 lost\n");
		assert.equal(result.exitCode, 0);
	}
	assert.equal((await runCli(["-q"], { snapshots })).stderr, "");
});

test("stat prints one report at the end", async () => {
	const result = await runCli(["stat", "-o", "lines", "-d", "2s"], { snapshots });
	assert.equal(result.stdout, "Endpoint: /a, Status Code: 200, Count: 5\nEndpoint: /b, Status Code: 503, Count: 1\n");
	assert.equal(result.stderr, "httpeek: counting a test\nhttpeek: 6 exchanges, 1 errors, 4 lost\n");
	assert.match((await runCli(["stat"], { snapshots })).stdout, /^SERVICE +ROLE .*\n(.*\n){2}\n6 exchanges in 2\.0 s/);
});

test("streams: one JSON document a line, one CSV header", async () => {
	const json = await runCli(["top", "-o", "json"], { snapshots });
	assert.deepEqual(
		json.stdout
			.trimEnd()
			.split("\n")
			.map((line) => JSON.parse(line).schema),
		["httpeek/1", "httpeek/1"],
	);
	const csv = await runCli(["top", "-o", "csv"], { snapshots });
	assert.deepEqual(
		csv.stdout.split("\n").map((line) => line.split(",", 1)[0]),
		["ended_at", "2026-01-02T03:04:06.678Z", "2026-01-02T03:04:07.678Z", "2026-01-02T03:04:07.678Z", ""],
	);
});

test("flags become the library's options", async () => {
	const argv =
		"-p 7 --pid 8,9 --port 80 --port 443,8080 --role server --method get,POST --status 5xx,404 --status 200-299 " +
		"--path /a,b --path /c/** --service x --min-latency 5ms -i 200ms -d 1m30s -n 4 --max-endpoints 100";
	const { observed } = await runCli(argv.split(" "), { snapshots });
	const { signal, onCounting, ...options } = observed ?? {};
	assert.deepEqual(options, {
		scope: { pids: [7, 8, 9] },
		filter: {
			ports: [80, 443, 8080],
			roles: ["server"],
			methods: ["GET", "POST"],
			statuses: ["5xx", "404", "200-299"],
			paths: ["/a,b", "/c/**"],
			services: ["x"],
		},
		intervalSeconds: 0.2,
		durationSeconds: 90,
		count: 4,
		minLatencySeconds: 0.005,
		maxEndpoints: 100,
	});
	const scope = "--cgroup /x --cgroup y --unit nginx --container abc";
	assert.deepEqual((await runCli(scope.split(" "), { snapshots })).observed?.scope, {
		cgroups: ["/x", "y"],
		units: ["nginx"],
		containers: ["abc"],
	});
	assert.deepEqual((await runCli(["stat"], { snapshots })).observed?.scope, {});
});

test("snapshots before the last one are asked for only where somebody sees them", async () => {
	const isLastOnly = async (argv: readonly string[], isTerminal = false): Promise<boolean> => {
		const { observed } = await runCli(argv, { snapshots, stderr: new FakeStream({ isTerminal }) });
		return observed?.lastOnly === true;
	};
	assert.equal(await isLastOnly(["stat"]), true);
	assert.equal(await isLastOnly(["stat"], true), false, "a person is told when it stays quiet");
	assert.equal(await isLastOnly(["stat", "-q"], true), true);
	assert.equal(await isLastOnly(["top"]), false);
});

test("what cannot be used is told in one line with a hint, and ends with 2", async () => {
	for (const [argv, stderr] of [
		[
			["--interval", "soon"],
			/^httpeek: --interval cannot be used: "soon" is not a duration \[HTTPEEK_USAGE\]\n {2}hint: /,
		],
		[["-d", "0"], /--duration cannot be used: "0" is no time at all/],
		[["-i", "1ms"], /--interval cannot be used: "1ms" is shorter than 100 ms/],
		[["-n", "1.5"], /--count cannot be used: "1.5" is not a whole number of 1 or more/],
		[["--port", "70000"], /--port cannot be used: "70000" is not a whole number from 1 to 65535/],
		[["-p", "x"], /--pid cannot be used: "x" is not/],
		[["--role", "both"], /--role cannot be used: "both" is none of server, client/],
		[["--status", "6x"], /status cannot be used: "6x".*\n {2}hint: write 404/],
		[["--status", "5x"], /status cannot be used: "5x".*\n {2}hint: did you mean 5xx\? write 404/],
		[["--status", "5**"], /hint: did you mean 5xx\?/],
		[["--status", ">=400"], /hint: did you mean 4\+\?/],
		[["--status", "400..499"], /hint: did you mean 400-499\?/],
		[["-o", "jsno"], /--output cannot be used: "jsno" is none of .*\n {2}hint: did you mean json\?\n$/],
		[["--sort", "p9"], /--sort cannot be used: "p9" is none of .*\n {2}hint: did you mean p90\?\n$/],
		[["--role", "sever"], /hint: did you mean server\?/],
		[["--color", "alwas"], /hint: did you mean always\?/],
		[["doctor", "-o", "jason"], /hint: did you mean json\?/],
		[["--fail-if", "erors > 0"], /unknown metric "erors".*\n {2}hint: did you mean errors\? metrics are/],
		[["-o", "markdown"], /--output cannot be used: "markdown" is none of table, wide, lines, json, csv/],
		[
			["curl", "http://a/"],
			/^httpeek: unknown command 'curl' .*\n {2}hint: .*to watch a program of yours: httpeek run -- curl/,
		],
		[["--method", "G T"], /--method cannot be used: "G T" is not an HTTP method/],
		[["--path", ""], /--path cannot be used: "" is empty/],
		[["-o", "xml"], /--output cannot be used: "xml" is none of table, wide, lines, json, csv/],
		[["--fail-if", "errors"], /expression cannot be read: expected one of .* at column 7 of "errors"/],
		[["--sort", "p99"], /--sort p99 cannot be used with lines/],
		[
			["--stauts", "404"],
			/^httpeek: unknown option '--stauts' \[HTTPEEK_USAGE\]\n {2}hint: Did you mean --status\?\n$/,
		],
		[["sta"], /^httpeek: unknown command 'sta' \[HTTPEEK_USAGE\]\n {2}hint: Did you mean stat\?\n$/],
		[["stat", "extra"], /too many arguments/],
		[["run"], /missing required argument 'command' .*\n {2}hint: .*httpeek run -- curl/],
		[["completion", "tcsh"], /no completion for shell "tcsh" .*\n {2}hint: shells are bash, zsh, fish\n$/],
		[["doctor", "-o", "csv"], /--output cannot be used: "csv" is none of table, json/],
		[["\u001b[31m"], /unknown command '\\x1b\[31m'/],
	] as const) {
		const result = await runCli(argv, { snapshots });
		assert.equal(result.exitCode, 2, argv.join(" "));
		assert.match(result.stderr, stderr);
		assert.equal(result.stdout, "");
		assert.equal(result.observed, undefined, "nothing is opened");
	}
});

test("errors of the machine have the exit code of their kind, their cause, and no stack", async () => {
	const openError = new HttpeekError("HTTPEEK_PRIVILEGE", "cannot load programs: CAP_BPF is missing", {
		hint: "run it as root",
		cause: new Error("EPERM"),
	});
	const result = await runCli(["stat"], { openError });
	assert.equal(result.exitCode, 4);
	assert.equal(
		result.stderr,
		"httpeek: cannot load programs: CAP_BPF is missing [HTTPEEK_PRIVILEGE]\n  cause: EPERM\n  hint: run it as root\n",
	);
	const bug = await runCli(["stat"], { openError: new TypeError("x is not a function") });
	assert.equal(bug.exitCode, 1);
	assert.equal(
		bug.stderr,
		"httpeek: unexpected error: x is not a function [HTTPEEK_INTERNAL]\n" +
			"  hint: run it again with HTTPEEK_DEBUG=1 and report what it prints\n",
	);
	const debug = await runCli(["stat"], { openError: new TypeError("x"), env: { HTTPEEK_DEBUG: "1" } });
	assert.match(debug.stderr, /\nTypeError: x\n {4}at /);
});

test("--fail-if ends with 3 and says which expression held, also when quiet", async () => {
	const flags = ["-q", "--fail-if", "requests < 1", "--fail-if", "status5xx >= 1"];
	const failed = await runCli(["stat", ...flags], { snapshots });
	assert.equal(failed.exitCode, 3);
	assert.equal(failed.stderr, "httpeek: failed: status5xx >= 1\n");
	assert.equal((await runCli(["stat", ...flags, "--status", "2xx"], { snapshots })).exitCode, 0);
	assert.equal((await runCli(["--fail-if", "losses > 0"], { snapshots })).exitCode, 3);
});

test("a person at a quiet host is told what to do, a script is not", async () => {
	const quiet = [makeSnapshot([], { durationSeconds: 4 }), makeSnapshot([], { durationSeconds: 6 })];
	const toldTo = async (argv: readonly string[], isTerminal: boolean, shown = quiet): Promise<string> =>
		(await runCli(argv, { snapshots: shown, stderr: new FakeStream({ isTerminal }) })).stderr;
	const told = await toldTo(["top"], true);
	assert.match(
		told,
		/^httpeek: counting a test\nhttpeek: no HTTP\/1\.x exchange of a test so far\n {2}no TCP connection/,
	);
	assert.match(told, /httpeek demo\n.*httpeek run -- curl/);
	assert.match(
		await toldTo(["stat", "--status", "5xx"], true),
		/0 lost\nhttpeek: no .* so far\n {2}only what fits the filters/,
	);
	for (const argv of [["top"], ["stat"]]) {
		assert.equal((await toldTo(argv, false)).split("\n").length, 3, "counting, summary");
		assert.equal(await toldTo([...argv, "-q"], true), "");
		assert.doesNotMatch(await toldTo(argv, true, snapshots), /demo/);
	}
});

test("a closed pipe ends top at once, and well", async () => {
	const stdout = new FakeStream({ errorCode: "EPIPE" });
	const result = await runCli(["top"], { snapshots: [first, second, second], stdout });
	assert.equal(result.exitCode, 0);
	assert.equal(result.looks, 1);
	assert.equal((await runCli(["stat"], { snapshots, stdout })).exitCode, 0);
	assert.equal((await runCli(["--help"], { stdout })).exitCode, 0);
});

test("a full disk is an error", async () => {
	const result = await runCli(["stat"], { snapshots, stdout: new FakeStream({ errorCode: "ENOSPC" }) });
	assert.equal(result.exitCode, 1);
	assert.match(result.stderr, /cannot write the output: write ENOSPC \[HTTPEEK_IO\]/);
});

test("on a terminal top is a screen that is put back, also after an error", async () => {
	for (const readError of [undefined, new Error("map is gone")]) {
		const world = { snapshots, stdout: new FakeStream({ isTerminal: true }) };
		const result = await runCli(["top"], readError === undefined ? world : { ...world, readError });
		assert.ok(result.stdout.startsWith("\u001b[?1049h\u001b[?25l"));
		assert.ok(result.stdout.endsWith("\u001b[?25h\u001b[?1049l"));
		assert.match(result.stdout, /httpeek {2}[^:]+: a test/);
		assert.equal(result.exitCode, readError === undefined ? 0 : 1);
	}
	const lines = await runCli(["top", "-o", "lines"], { snapshots, stdout: new FakeStream({ isTerminal: true }) });
	assert.match(lines.stdout, /^Endpoint: /);
});

test("a terminal that cannot be drawn on gets lines", async () => {
	const world = { snapshots, stdout: new FakeStream({ isTerminal: true }), env: { TERM: "dumb" } };
	assert.match((await runCli(["top"], world)).stdout, /^Endpoint: /);
});

test("colours: on a terminal, not with NO_COLOR, and as asked", async () => {
	const colored = async (argv: readonly string[], isTerminal: boolean, env = {}): Promise<boolean> => {
		const world = { snapshots, stdout: new FakeStream({ isTerminal }), env };
		return (await runCli(["stat", ...argv], world)).stdout.includes("\u001b[31m");
	};
	assert.equal(await colored([], true), true);
	assert.equal(await colored([], false), false);
	assert.equal(await colored([], true, { NO_COLOR: "1" }), false);
	assert.equal(await colored([], true, { NO_COLOR: "" }), true);
	assert.equal(await colored([], true, { TERM: "dumb" }), false);
	assert.equal(await colored(["--color", "always"], false, { NO_COLOR: "1" }), true);
	assert.equal(await colored(["--color", "never"], true), false);
});

test("every command that counts says once why TLS is not read, unless it is to be quiet", async () => {
	const world = { snapshots: [makeSnapshot(), makeSnapshot()], tlsProblem: "not allowed" };
	const script = ["run", "--", process.execPath, "-e", "0"];
	for (const argv of [["top"], ["stat"], ["watch"], script]) {
		const { stderr } = await runCli(argv, argv === script ? { ...world, afterAbort: makeSnapshot() } : world);
		assert.equal(stderr.split("httpeek: TLS is not read: not allowed\n").length, 2, argv[0]);
		assert.match(stderr, /^httpeek: counting .*\nhttpeek: TLS is not read/);
	}
	assert.equal((await runCli(["stat", "-q"], world)).stderr, "");
});
