import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { makeExchange, makeRow, makeSnapshot } from "../model/testing.js";
import { formatExchangeJson } from "../sinks/exchange-json.js";
import { FakeStream, runCli } from "./testing.js";

const EXCHANGES = [
	makeExchange({ path: "/a", latencySeconds: 0.001 }),
	makeExchange({ path: "/b", status: 404, role: "client" }),
	makeExchange({ path: "/c?token=x&y=1", status: 500, latencySeconds: 1 }),
];
const BATCH = { exchanges: EXCHANGES, skipped: 0, dropped: 0 };
const RECORDING = EXCHANGES.map(formatExchangeJson).join("");

test("a line for each exchange, and a sum at the end", async () => {
	const snapshots = [makeSnapshot([makeRow({ count: 3 })])];
	const { exitCode, stdout, stderr } = await runCli(["watch", "-o", "json"], { batches: [BATCH], snapshots });
	assert.equal(exitCode, 0);
	assert.equal(stdout, RECORDING);
	assert.equal(
		stderr,
		"httpeek: counting a test (Ctrl-C ends)\nhttpeek: 3 exchanges, 0 errors, 0 lost; 3 shown, 0 not shown, 0 dropped\n",
	);
});

test("flags become the library's options", async () => {
	const words =
		"watch --cgroup /x --errors --slow 200ms --min-latency 1ms --sample 1/100 --status 5xx --method get --path /a --query --raw -n 5 -d 3s";
	const { watched, exitCode } = await runCli(words.split(" "));
	assert.equal(exitCode, 0);
	const { onCounting, signal, ...options } = watched ?? {};
	assert.deepEqual(options, {
		scope: { cgroups: ["/x"] },
		filter: {
			methods: ["GET"],
			statuses: ["5xx"],
			paths: ["/a"],
			minLatencySeconds: 0.2,
			errorsOnly: true,
			sampleOneIn: 100,
		},
		query: true,
		raw: true,
		count: 5,
		durationSeconds: 3,
	});
	const onTerminal = await runCli(["watch"], { stdout: new FakeStream({ isTerminal: true }) });
	assert.equal(onTerminal.watched?.mostPerSecond, 1000);
});

test("what cannot be is a usage error", async () => {
	for (const words of [
		["--sample", "100"],
		["--sample", "1/0"],
		["--sample", "2/3"],
		["--slow", "soon"],
		["-o", "table"],
		["-n", "0"],
	]) {
		const { exitCode, stderr, watched } = await runCli(["watch", "--cgroup", "/x", ...words]);
		assert.equal(exitCode, 2, words.join(" "));
		assert.match(stderr, /HTTPEEK_USAGE/);
		assert.equal(watched, undefined);
	}
});

test("what is missed is said, also with -q", async () => {
	const batches = [
		{ exchanges: [], skipped: 3, dropped: 2 },
		{ exchanges: [], skipped: 0, dropped: 1 },
	];
	const { stderr } = await runCli(["watch", "-q"], { batches });
	assert.equal(
		stderr,
		"httpeek: 5 exchanges not shown: too many at once (narrow it down, or --sample 1/100)\n" +
			"httpeek: 1 exchange not shown: too many at once (narrow it down, or --sample 1/100)\n",
	);
	const { stderr: sum } = await runCli(["watch"], { batches });
	assert.match(sum, /; 0 shown, 3 not shown, 3 dropped\n$/);
});

test("a reader that goes away is an end, not an error", async () => {
	const stdout = new FakeStream({ errorCode: "EPIPE" });
	const { exitCode, stderr } = await runCli(["watch"], { batches: [BATCH, BATCH], stdout });
	assert.equal(exitCode, 0);
	assert.match(stderr, /; 0 shown/);
});

test("--fail-if judges what was counted", async () => {
	const snapshots = [makeSnapshot([makeRow({ status: 500 })])];
	const { exitCode, stderr } = await runCli(["watch", "--fail-if", "errors > 0"], { snapshots });
	assert.equal(exitCode, 3);
	assert.match(stderr, /failed: errors > 0/);
});

test("--record writes what is shown, for oneself only", async (context) => {
	const folder = mkdtempSync(join(tmpdir(), "httpeek-"));
	context.after(() => rmSync(folder, { recursive: true }));
	const path = join(folder, "recording");
	const { exitCode } = await runCli(["watch", "--record", path], { batches: [BATCH, BATCH] });
	assert.equal(exitCode, 0);
	assert.equal(readFileSync(path, "utf8"), RECORDING + RECORDING);
	assert.equal(statSync(path).mode & 0o777, 0o600);
	const again = await runCli(["watch", "--record", path], { batches: [BATCH] });
	assert.equal(again.exitCode, 1);
	assert.match(again.stderr, /cannot write the recording .*: it exists \[HTTPEEK_IO\]/);
	const failed = await runCli(["watch", "--record", join(folder, "no/such")]);
	assert.equal(failed.exitCode, 1);
	assert.match(failed.stderr, /cannot write the recording .*HTTPEEK_IO/);
});

test("--input shows a recording through the same filters and formats, wherever it is cut", async () => {
	const inputs = { "-": [RECORDING.slice(0, 100), RECORDING.slice(100, 333), RECORDING.slice(333)] };
	const shows = async (...words: string[]) => {
		const result = await runCli(["watch", "--input", "-", "-o", "json", ...words], { inputs });
		assert.equal(result.exitCode, 0, result.stderr);
		assert.equal(result.watched, undefined, "without the kernel");
		assert.match(result.stderr, /^httpeek: end of the recording, \d+ shown\n$/);
		return result.stdout
			.trimEnd()
			.split("\n")
			.map((line) => (line === "" ? "" : (JSON.parse(line) as { path: string }).path));
	};
	assert.deepEqual(await shows(), ["/a", "/b", "/c"]);
	assert.deepEqual(await shows("--query"), ["/a", "/b", "/c?token=[redacted]&y=1"]);
	assert.deepEqual(await shows("--errors"), ["/b", "/c"]);
	assert.deepEqual(await shows("--slow", "200ms"), ["/c"]);
	assert.deepEqual(await shows("--path", "/b"), ["/b"]);
	assert.deepEqual(await shows("-n", "2"), ["/a", "/b"]);
	assert.deepEqual(await shows("--status", "999"), [""]);
});

test("a recording that is none is refused, with the line", async () => {
	for (const [text, problem] of [
		[`${RECORDING}{}\n`, /cannot read line 4 of x: its "time" is no text \[HTTPEEK_RECORDING\]/],
		["\n\nno json\n", /line 3 of x: it is no JSON object/],
		["x".repeat(70_000), /the recording x: line 1 is longer than 65536 bytes/],
	] as const) {
		const { exitCode, stderr } = await runCli(["watch", "--input", "x"], { inputs: { x: [text] } });
		assert.equal(exitCode, 1);
		assert.match(stderr, problem);
	}
	const { exitCode, stdout } = await runCli(["watch", "--input", "x", "-o", "csv"], { inputs: { x: [] } });
	assert.equal(exitCode, 0);
	assert.match(stdout, /^time,role/);
});

test("a recording that was cut off is shown up to there", async () => {
	const inputs = { x: [RECORDING, '{"time":'] };
	const { exitCode, stdout, stderr } = await runCli(["watch", "--input", "x", "-o", "json", "--query"], { inputs });
	assert.equal(exitCode, 0);
	assert.equal(stdout.split("\n").length, 4);
	assert.match(stderr, /^httpeek: the last line of x is cut off: it is left out$/m);
});

test("flags about counting make no sense with a recording", async () => {
	for (const [flag, value] of [
		["--cgroup", "/x"],
		["--record", "y"],
		["--duration", "1s"],
		["--max-endpoints", "5"],
		["--fail-if", "errors > 0"],
	] as const) {
		const { exitCode, stderr } = await runCli(["watch", "--input", "x", flag, value]);
		assert.equal(exitCode, 2);
		assert.match(stderr, new RegExp(`^httpeek: ${flag} cannot be used with --input`));
	}
});
