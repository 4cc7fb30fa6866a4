/** `top` and `stat` as users and scripts run them: what comes out, where, and with which exit code. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { skipReason } from "../support/capture.js";
import { HTTPEEK, linesOf, Stage } from "../support/httpeek.js";

interface Report {
	readonly schema: string;
	readonly started_at: string;
	readonly ended_at: string;
	readonly duration_seconds: number;
	readonly endpoints: readonly Record<string, unknown>[];
	readonly connections: readonly unknown[];
	readonly losses: Record<string, number>;
}

const reportOf = (text: string): Report => JSON.parse(text) as Report;
const brief = ({ endpoints }: Report): string[] =>
	endpoints.map(({ role, method, route, status, count }) => [role, method, route, status, count].join(" ")).sort();

test("stat reports when Ctrl-C ends it", { skip: skipReason }, async (context) => {
	const stage = await Stage.set(context);
	const { stdout, stderr, ended } = await stage.statOf(["/users/1", "/users/2", "/missing"], "-o", "json");
	assert.deepEqual(await ended, { code: 0, signal: null });
	const report = reportOf(stdout);
	assert.equal(report.schema, "httpeek/1");
	assert.ok(Date.parse(report.ended_at) >= Date.parse(report.started_at) && report.duration_seconds > 0);
	assert.deepEqual(brief(report), [
		"client GET /missing 404 1",
		"client GET /users/:id 200 2",
		"server GET /missing 404 1",
		"server GET /users/:id 200 2",
	]);
	const [row] = report.endpoints.filter(({ role, route }) => role === "client" && route === "/missing");
	const latency = row?.latency_seconds as Record<string, number>;
	assert.deepEqual(
		{ ...row, latency_seconds: undefined },
		{
			service: "curl",
			role: "client",
			protocol: "http/1.1",
			tls: false,
			port: stage.port,
			peer: `127.0.0.1:${stage.port}`,
			method: "GET",
			route: "/missing",
			status: 404,
			outcome: "response",
			count: 1,
			in_flight: 0,
			latency_seconds: undefined,
		},
	);
	assert.equal(latency.count, 1);
	assert.ok((latency.p50 ?? 0) > 0 && (latency.p50 ?? 9) <= (latency.p99 ?? 0) && (latency.sum ?? 9) < 1);
	assert.deepEqual([report.losses.requests, report.losses.responses, report.losses.endpoints_other], [0, 0, 0]);
	assert.match(stderr, /^httpeek: counting cgroup .*\nhttpeek: 3 exchanges, 0 errors, 0 lost\n$/);
});

test("stat ends by itself: -d and -n, and -q says nothing", { skip: skipReason }, async (context) => {
	const stage = await Stage.set(context);
	for (const words of [
		["-d", "300ms"],
		["-n", "3", "-i", "100ms"],
	]) {
		const program = stage.httpeek(["stat", "-q", "-o", "json", "--cgroup", stage.watched, ...words]);
		assert.deepEqual(await program.ended, { code: 0, signal: null });
		const { duration_seconds: seconds } = reportOf(program.stdout);
		assert.ok(seconds >= 0.3 && seconds < 2, `${words.join(" ")}: ${seconds} s`);
		assert.equal(program.stderr, "");
	}
});

test("stat in its other formats", { skip: skipReason }, async (context) => {
	const stage = await Stage.set(context);
	const paths = ["/users/1", "/missing", "/missing"];
	const lines = await stage.statOf(paths, "-o", "lines");
	assert.equal(
		lines.stdout,
		"Endpoint: /missing, Status Code: 404, Count: 2\nEndpoint: /users/:id, Status Code: 200, Count: 1\n",
	);
	const csv = linesOf((await stage.statOf(paths, "-o", "csv")).stdout);
	assert.equal(csv.length, 5);
	assert.equal(csv[0]?.split(",")[1], "service");
	assert.ok(csv.every((line) => line.split(",").length === 18));
	const table = (await stage.statOf(paths)).stdout;
	assert.match(table, /^SERVICE +ROLE/);
	assert.match(table, /server .*GET +\/missing +404/);
	// biome-ignore lint/suspicious/noControlCharactersInRegex: there must be none without a terminal
	assert.doesNotMatch(table, /\u001b/);
});

test("filters", { skip: skipReason }, async (context) => {
	const stage = await Stage.set(context);
	const paths = ["/users/1", "/missing", "/broken", "/slow"];
	const cases: readonly [words: string[], rows: string[]][] = [
		[
			["--status", "5xx"],
			["client GET /broken 500 1", "server GET /broken 500 1"],
		],
		[
			["--role", "client", "--status", "400-499,500"],
			["client GET /broken 500 1", "client GET /missing 404 1"],
		],
		[
			["--role", "server", "--path", "/users/*", "--path", "/b*"],
			["server GET /broken 500 1", "server GET /users/:id 200 1"],
		],
		[["--method", "POST"], []],
		[["--port", "1"], []],
		[["--port", `${stage.port}`, "--service", "curl", "--path", "/slow"], ["client GET /slow 200 1"]],
		[
			["--min-latency", "250ms"],
			["client GET /slow 200 1", "server GET /slow 200 1"],
		],
	];
	for (const [words, rows] of cases) {
		const { stdout } = await stage.statOf(paths, "-o", "json", ...words);
		assert.deepEqual(brief(reportOf(stdout)), rows, words.join(" "));
	}
});

test("--fail-if ends with 3 when it holds, and says so", { skip: skipReason }, async (context) => {
	const stage = await Stage.set(context);
	const cases: readonly [expression: string, code: number][] = [
		["status5xx >= 1", 3],
		["errors > 2", 0],
		["requests < 1", 0],
		["p99 > 200ms", 3],
		["p50 > 10s or status404 > 0", 3],
	];
	for (const [expression, code] of cases) {
		const { ended, stderr } = await stage.statOf(["/broken", "/slow", "/missing"], "--fail-if", expression);
		assert.equal((await ended).code, code, `${expression}: ${stderr}`);
		assert.equal(stderr.includes(`httpeek: failed: ${expression}\n`), code === 3);
	}
});

test("top off a terminal prints cumulative lines each interval", { skip: skipReason }, async (context) => {
	const stage = await Stage.set(context);
	const program = await stage.watching("top", "-i", "100ms");
	await stage.ask("/a", "/a", "/missing");
	await program.wrote(/^Endpoint: \/a, Status Code: 200, Count: 2\nEndpoint: \/missing, Status Code: 404, Count: 1$/m);
	await stage.ask("/a");
	await program.wrote(/^Endpoint: \/a, Status Code: 200, Count: 3$/m);
	await stage.ask("/last");
	await stage.interrupted(program);
	assert.deepEqual(await program.ended, { code: 0, signal: null });
	assert.match(program.stdout, /Endpoint: \/last, Status Code: 200, Count: 1\n/, "the last interval, too");
	assert.ok(linesOf(program.stdout).every((line) => /^Endpoint: \S+, Status Code: \d+, Count: \d+$/.test(line)));
});

test("SIGTERM and SIGHUP end it in order as well", { skip: skipReason }, async (context) => {
	const stage = await Stage.set(context);
	for (const signal of ["SIGTERM", "SIGHUP"] as const) {
		const program = await stage.watching("stat", "-o", "lines");
		await stage.ask("/a");
		assert.deepEqual(await program.kill(signal), { code: 0, signal: null });
		assert.equal(program.stdout, "Endpoint: /a, Status Code: 200, Count: 1\n");
	}
});

test("a reader that goes away ends it with 0, a full disk with 1", { skip: skipReason }, async (context) => {
	const stage = await Stage.set(context);
	const words = `top --cgroup ${stage.watched} -i 100ms`;
	const child = spawn("sh", ["-c", `{ "${process.execPath}" "${HTTPEEK}" ${words}; echo "code $?" >&2; } | head -1`], {
		stdio: ["ignore", "pipe", "pipe"],
	});
	let [stdout, stderr] = ["", ""];
	child.stdout.on("data", (text) => {
		stdout += text;
	});
	const isCounting = once(child.stderr, "data");
	child.stderr.on("data", (text) => {
		stderr += text;
	});
	await isCounting;
	await stage.ask("/a");
	await once(child, "close");
	assert.equal(stdout, "Endpoint: /a, Status Code: 200, Count: 1\n");
	assert.match(stderr, /^code 0$/m);

	const command = `"$0" "$1" stat -d 100ms --cgroup "$2" > /dev/full`;
	const onFull = spawn("sh", ["-c", command, process.execPath, HTTPEEK, stage.watched], {
		stdio: ["ignore", "ignore", "pipe"],
	});
	let told = "";
	onFull.stderr.on("data", (text) => {
		told += text;
	});
	const [code] = await once(onFull, "close");
	assert.equal(code, 1);
	assert.match(told, /^httpeek: cannot write the output: ENOSPC.*\[HTTPEEK_IO\]$/m);
	assert.doesNotMatch(told, /\n {4}at /);
});

test("a table that is too small counts the rest under (other)", { skip: skipReason }, async (context) => {
	const stage = await Stage.set(context);
	const letters = [..."abcdefghijklmnopqrstuvwxy"];
	const paths = letters.flatMap((letter) => [`/one-${letter}`, `/two-${letter}`]);
	const { stdout } = await stage.statOf(paths, "-o", "json", "--max-endpoints", "8");
	const { endpoints, losses } = reportOf(stdout);
	for (const role of ["client", "server"]) {
		const counts = endpoints.filter((row) => row.role === role).map(({ count }) => Number(count));
		assert.equal(
			counts.reduce((sum, count) => sum + count, 0),
			50,
			role,
		);
	}
	const other = endpoints.filter(({ route }) => route === "(other)");
	assert.equal(endpoints.length - other.length, 8);
	assert.equal(losses.endpoints_other, 92);
	assert.deepEqual([losses.requests, losses.responses], [0, 0]);
});

test("a target that ends while it is watched", { skip: skipReason }, async (context) => {
	const stage = await Stage.set(context);
	const pids = readFileSync(`${stage.watched}/cgroup.procs`, "utf8").split("\n").filter(Boolean).map(Number);
	const byPid = stage.httpeek(["top", "-i", "100ms", "-p", String(pids[0])]);
	await byPid.wrote(/^httpeek: counting process \d+ \(node\)/m, "stderr");
	const byCgroup = await stage.watching("top", "-i", "100ms");
	await stage.ask("/a");
	for (const program of [byPid, byCgroup]) await program.wrote(/^Endpoint: \/a, Status Code: 200, Count: 1$/m);
	for (const pid of pids) process.kill(pid, "SIGKILL");
	for (const program of [byPid, byCgroup]) {
		const seen = program.stdout.length;
		await program.wrote(new RegExp(`^[^]{${seen + 1},}`));
		await stage.interrupted(program);
		assert.deepEqual(await program.ended, { code: 0, signal: null });
		assert.match(program.stderr, /^httpeek: 1 exchanges, 0 errors, 0 lost$/m);
	}
});
