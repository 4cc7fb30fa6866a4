/** `watch` on a real terminal, which tmux is. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { skipReason } from "../support/capture.js";
import { Conversation, client, Peer, server } from "../support/conversation.js";
import { HTTPEEK, Stage } from "../support/httpeek.js";
import { run } from "../support/programs.js";
import { noTerminal, TestTerminal } from "../support/terminal.js";

const skip = skipReason || noTerminal;

async function watchIn(context: TestContext, columns: number, ...words: string[]): Promise<[Stage, TestTerminal]> {
	const stage = await Stage.set(context);
	const terminal = new TestTerminal(context, { columns, rows: 24 });
	const watch = [process.execPath, HTTPEEK, "watch", "--cgroup", stage.watched, ...words].join(" ");
	terminal.run(`echo $$ > ${stage.own}/cgroup.procs; clear; ${watch}; echo "code $?"`);
	await terminal.shows(/^httpeek: counting/m);
	return [stage, terminal];
}

test("hostile paths move no cursor, set no title, and every line is one line", { skip }, async (context) => {
	const [stage, terminal] = await watchIn(context, 100, "--role", "server");
	const title = terminal.title;
	const [clientPeer, serverPeer] = [await Peer.start(stage.watched), await Peer.start(stage.watched)];
	const talk = await Conversation.open(clientPeer, serverPeer);
	const paths = [
		"/first",
		"/\u001b[2J\u001b[H",
		"/\u001b]0;title\u0007",
		"/\u001b]8;;x\u001b\\",
		"/\xc2\x9b2J",
		"/\u0008\u0008\u000b\u000c",
		`/${"long".repeat(50)}`,
		"/\xe6\xbc\xa2\xcc\x81\xe2\x80\xae",
		"/last",
	];
	for (const path of paths) {
		await talk.play([client(`GET ${path} HTTP/1.1\r\n\r\n`), server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")]);
	}
	await terminal.shows(/\/last/);
	const lines = terminal.screen.split("\n").filter((line) => line.includes("  GET "));
	assert.equal(lines.length, paths.length, terminal.screen);
	assert.ok(
		lines.every((line) => /^\d\d:\d\d:\d\d\.\d{3} .* 200 +[0-9.]+ [mu]?s$/.test(line)),
		terminal.screen,
	);
	assert.match(lines[0] ?? "", /\/first/);
	assert.equal(terminal.title, title);
	terminal.press("C-c");
	await terminal.shows(/^code 0$/m);
	assert.match(terminal.screen, /^(?:\^C)?httpeek: 9 exchanges, 0 errors, 0 lost; 9 shown, 0 not shown, 0 dropped$/m);
});

test("a flood is not all shown, and the terminal stays usable", { skip }, async (context) => {
	const [stage, terminal] = await watchIn(context, 100, "--role", "server");
	await run(stage.watched, "wrk", ["-t", "1", "-c", "8", "-d", "2s", stage.url("/a")]);
	terminal.press("C-c");
	await terminal.shows(/^code 0$/m);
	assert.match(terminal.screen, /^(?:\^C)?httpeek: \d+ exchanges not shown: too many at once/m);
	const [, counted, shown, skipped, dropped] = /(\d+) exchanges, .*; (\d+) shown, (\d+) not shown, (\d+) dropped/
		.exec(terminal.screen.replaceAll("\n", ""))
		?.map(Number) ?? [0, 0, 0, 0, 0];
	assert.equal(Number(shown) + Number(skipped) + Number(dropped), counted, terminal.screen);
	assert.ok(Number(skipped) > 0);
});

test("on a narrow terminal each exchange is a line", { skip }, async (context) => {
	const [stage, terminal] = await watchIn(context, 60);
	await stage.ask("/a/path/that/is/too/long/for/this/terminal/of/sixty/columns");
	await terminal.shows(/client|GET.*…/);
	terminal.press("C-c");
	await terminal.shows(/^code 0$/m);
	const lines = terminal.screen.split("\n").filter((line) => line.includes("GET "));
	assert.equal(lines.length, 2, terminal.screen);
	assert.ok(
		lines.every((line) => /^\d\d:.*\/a\/path.*… +200 +[0-9.]+ [mu]?s$/.test(line)),
		terminal.screen,
	);
});
