/** `watch` as users and scripts run it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { skipReason } from "../support/capture.js";
import { Conversation, client, Peer, server } from "../support/conversation.js";
import { HTTPEEK, linesOf, Stage } from "../support/httpeek.js";
import { run } from "../support/programs.js";
import { until } from "../support/until.js";

const TIME = String.raw`\d\d:\d\d:\d\d\.\d{3}`;

test("a line for each exchange, filtered, until Ctrl-C", { skip: skipReason }, async (context) => {
	const stage = await Stage.set(context);
	const program = await stage.watching("watch");
	const errors = await stage.watching("watch", "--errors", "--role", "server");
	const slow = await stage.watching("watch", "--slow", "250ms", "-o", "csv");
	await stage.ask("/users/4711?token=geheim", "/missing", "/broken", "/slow");
	await program.wrote(/client.*\/slow/);
	await slow.wrote(/client.*\/slow/);
	for (const each of [program, errors, slow]) {
		await stage.interrupted(each);
		assert.deepEqual(await each.ended, { code: 0, signal: null });
	}
	const lines = linesOf(program.stdout);
	assert.equal(lines.length, 8);
	const forms = [
		`^${TIME}  server  node +GET +/users/4711 +200 +[0-9.]+ [mu]?s$`,
		`^${TIME}  client  curl +GET +/users/4711 +200 +[0-9.]+ [mu]?s  127.0.0.1:${stage.port}$`,
		`^${TIME}  client  curl +GET +/slow +200 +3\\d\\d ms `,
	];
	for (const form of forms) assert.equal(lines.filter((line) => new RegExp(form).test(line)).length, 1, program.stdout);
	assert.doesNotMatch(program.stdout + slow.stdout, /geheim/);
	assert.match(errors.stdout, new RegExp(`^${TIME}  server  node +GET +/broken +500 .*\n$`));
	const [header, ...records] = linesOf(slow.stdout);
	assert.match(header ?? "", /^time,role,service/);
	assert.deepEqual(
		records.map((record) => record.split(",")[4]),
		["/slow", "/slow"],
	);
	assert.match(
		errors.stderr,
		/^httpeek: counting cgroup .*\nhttpeek: 4 exchanges, 1 errors, 0 lost; 1 shown, 0 not shown, 0 dropped\n$/,
	);
});

test("-n, -d, -q, and a recording that is shown again", { skip: skipReason }, async (context) => {
	const stage = await Stage.set(context);
	const folder = mkdtempSync(join(tmpdir(), "httpeek-"));
	context.after(() => rmSync(folder, { recursive: true }));
	const file = join(folder, "recording");
	const program = await stage.watching("watch", "-n", "6", "-o", "json", "--record", file, "--query");
	await stage.ask("/users/1?page=2&sig=geheim", "/missing", "/broken");
	assert.deepEqual(await program.ended, { code: 0, signal: null });
	const rows = linesOf(program.stdout).map((line) => JSON.parse(line) as Record<string, unknown>);
	assert.deepEqual(
		Object.keys(rows[0] ?? {}).join(" "),
		"time role service method path route status outcome latency_seconds port peer protocol tls",
	);
	assert.equal(readFileSync(file, "utf8"), program.stdout);

	const again = await run(stage.own, process.execPath, [HTTPEEK, "watch", "--input", file, "-o", "json", "--query"]);
	assert.equal(again.stdout, program.stdout);
	const filtered = await run(stage.own, "sh", [
		"-c",
		`"$0" "$1" watch --input - --status 200 --role client < "$2"`,
		process.execPath,
		HTTPEEK,
		file,
	]);
	assert.match(filtered.stdout, /^\S+ {2}client {2}curl +GET +\/users\/1 +200 .*\n$/);
	assert.equal(filtered.stderr, "httpeek: end of the recording, 1 shown\n");

	const quiet = stage.httpeek(["watch", "-q", "-d", "200ms", "--cgroup", stage.watched]);
	assert.deepEqual(await quiet.ended, { code: 0, signal: null });
	assert.deepEqual([quiet.stdout, quiet.stderr], ["", ""]);
});

test("a reader that goes away ends it with 0", { skip: skipReason }, async (context) => {
	const stage = await Stage.set(context);
	const words = `watch -o json --cgroup ${stage.watched}`;
	const child = spawn("sh", ["-c", `{ "${process.execPath}" "${HTTPEEK}" ${words}; echo "code $?" >&2; } | head -1`], {
		stdio: ["ignore", "pipe", "pipe"],
	});
	let [stdout, stderr, isClosed] = ["", "", false];
	child.stdout.on("data", (text) => {
		stdout += text;
	});
	child.stderr.on("data", (text) => {
		stderr += text;
	});
	const closed = once(child, "close").then(() => {
		isClosed = true;
	});
	await until(() => /^httpeek: counting/m.test(stderr), "it counts");
	while (!isClosed) await stage.ask("/a");
	await closed;
	assert.equal(linesOf(stdout).length, 1);
	assert.equal((JSON.parse(stdout) as { path: string }).path, "/a");
	assert.match(stderr, /^code 0$/m);
});

test("a pipe that is read slowly: every exchange is shown, or said not to be", {
	skip: skipReason,
}, async (context) => {
	const stage = await Stage.set(context);
	const program = stage.httpeek(["watch", "-o", "json", "--cgroup", stage.watched], {
		stdio: ["ignore", "pipe", "pipe"],
	});
	program.child.stdout?.pause();
	await program.wrote(/^httpeek: counting .*\n/m, "stderr");
	for (let i = 0; i < 4; i++) {
		await run(stage.watched, "wrk", ["-t", "1", "-c", "8", "-d", "1s", stage.url("/a")]);
	}
	program.child.kill("SIGINT");
	program.child.stdout?.resume();
	assert.deepEqual(await program.ended, { code: 0, signal: null });
	const [, exchanges, shown, skipped, dropped] =
		/^httpeek: (\d+) exchanges, .* 0 lost; (\d+) shown, (\d+) not shown, (\d+) dropped$/m
			.exec(program.stderr)
			?.map(Number) ?? [];
	assert.ok(
		shown !== undefined && skipped !== undefined && dropped !== undefined && exchanges !== undefined,
		program.stderr,
	);
	assert.equal(linesOf(program.stdout).length, shown);
	// seen at both ends, but counted at one
	assert.equal(shown + skipped + dropped, 2 * exchanges);
	assert.ok(skipped + dropped > 0, program.stderr);
	const said = [...program.stderr.matchAll(/^httpeek: (\d+) exchanges? not shown/gm)].map(([, count]) => Number(count));
	assert.equal(
		said.reduce((sum, count) => sum + count, 0),
		skipped + dropped,
	);
});

test("hostile paths come out escaped in every format", { skip: skipReason }, async (context) => {
	const stage = await Stage.set(context);
	const formats = ["lines", "json", "csv"] as const;
	const programs = await Promise.all(
		formats.map((format) => stage.watching("watch", "-o", format, "--query", "--color", "always", "--role", "server")),
	);
	const [clientPeer, serverPeer] = [await Peer.start(stage.watched), await Peer.start(stage.watched)];
	const talk = await Conversation.open(clientPeer, serverPeer);
	const paths = [
		"/\u001b[31mred\u001b]8;;x\u0007",
		"/\xc2\x9b31m?\u0007",
		"/bidi\xe2\x80\xae",
		"/bytes\x80\xff",
		"/\u0000\u007f",
	];
	for (const path of paths) {
		await talk.play([client(`GET ${path} HTTP/1.1\r\n\r\n`), server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")]);
	}
	for (const [i, program] of programs.entries()) {
		await until(() => linesOf(program.stdout).length >= paths.length, "all are shown");
		await stage.interrupted(program);
		// biome-ignore lint/suspicious/noControlCharactersInRegex: there must be none but the ends of lines
		assert.doesNotMatch(program.stdout, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\ufffd]/, formats[i]);
	}
	assert.match(programs[0]?.stdout ?? "", / \/\\x1b\[31mred\\x1b\]8;;x\\x07 /);
});
