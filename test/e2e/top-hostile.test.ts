/** What others put into a path cannot move the cursor, change the title or break the table. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { recordingLine } from "../../src/model/recording.js";
import { makeRow, makeSnapshot } from "../../src/model/testing.js";
import { skipReason } from "../support/capture.js";
import { Conversation, client, Peer, server } from "../support/conversation.js";
import { HTTPEEK, Stage } from "../support/httpeek.js";
import { noTerminal, TestTerminal } from "../support/terminal.js";

/** A path as its bytes on the wire (latin1), and how it is shown. */
const PATHS: readonly (readonly [wire: string, shown: string])[] = [
	["/clear\u001b[2J\u001b[H", "/clear\\x1b[2J\\x1b[H"],
	["/title\u001b]0;owned\u0007", "/title\\x1b]0;owned\\x07"],
	["/link\u001b]8;;http:x\u001b\\here", "/link\\x1b]8;;http:x\\x1b\\\\here"],
	["/bell\u0007\u0007", "/bell\\x07\\x07"],
	["/c1\xc2\x9b2J", "/c1\\u{9b}2J"],
	["/bytes\x9b\xff", "/bytes\\x9b\\xff"],
	["/wide\xe6\xbc\xa2\xe5\xad\x97", "/wide漢字"],
	["/accent\xc3\xa9", "/accenté"],
	["/combined-e\xcc\x81\xcc\x81", "/combined-e\\u{301}\\u{301}"],
	["/rtl\xd7\xa9\xd7\x9c", "/rtl\\u{5e9}\\u{5dc}"],
	["/override\xe2\x80\xae", "/override\\u{202e}"],
	["/family\xf0\x9f\x91\xa9\xe2\x80\x8d", "/family\\u{1f469}\\u{200d}"],
	["/charset\u000e\u001b(0", "/charset\\x0e\\x1b(0"],
	["/reset\u001bc", "/reset\\x1bc"],
];

/** Every row has its numbers in the same columns, the last one is on the screen, and no line is a stranger. */
function checkTable(terminal: TestTerminal, columns: number): void {
	const { lines } = terminal;
	const header = lines.findIndex((line) => line.includes("ENDPOINT"));
	// the column of the arrow as well, which says that it is sorted by: a rate of 0 stands there alone
	const rate = (lines[header] ?? "").indexOf("REQ/S▼") + "REQ/S▼".length;
	const rows = lines.slice(header + 1).filter((line) => line.includes(" GET ") || line.includes("/"));
	for (const row of rows.slice(0, PATHS.length)) {
		const cells = cellsOf(row);
		assert.match(cells.slice(rate - 6, rate).join(""), /^ *[\d.<]+$/, row);
		assert.ok(cells.length <= columns, row);
	}
}

/** The characters of a line by their column: behind a wide one there is an empty place. */
function cellsOf(line: string): string[] {
	return [...line].flatMap((character) => (/[\u4e00-\u9fff]/.test(character) ? [character, ""] : [character]));
}

test("live, raw bytes from the wire", { skip: skipReason || noTerminal }, async (context) => {
	const stage = await Stage.set(context);
	const size = { columns: 140, rows: 30 };
	const terminal = new TestTerminal(context, size);
	const title = terminal.title;
	terminal.run(`echo $$ > ${stage.own}/cgroup.procs`);
	terminal.run(`${process.execPath} ${HTTPEEK} top -i 200ms --role server --cgroup ${stage.watched}; echo "code $?"`);
	await terminal.isTakenOver();
	const [clientPeer, serverPeer] = [await Peer.start(stage.watched), await Peer.start(stage.watched)];
	const talk = await Conversation.open(clientPeer, serverPeer);
	for (const [wire] of PATHS) {
		await talk.play([client(`GET ${wire} HTTP/1.1\r\n\r\n`), server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")]);
	}
	for (const [, shown] of PATHS)
		await terminal.until((screen) => screen.includes(`${shown} `), `${shown} is on the screen`);
	checkTable(terminal, size.columns);
	assert.equal(terminal.title, title);
	assert.equal(terminal.isGivenBack, false, "it is on its own screen still");

	terminal.press("G", "Enter");
	await terminal.shows(/^Esc back/m);
	terminal.press("Escape", "3", "2", "1", "/");
	terminal.type("title\\");
	await terminal.until((screen) => screen.includes("/title\\\\_"), "what was typed is shown");
	terminal.press("Escape", "q");
	await terminal.shows(/^code 0$/m);
	assert.ok(terminal.isGivenBack);
	assert.equal(terminal.title, title);
});

test("a recording from a stranger: names of services, peers and what was watched", {
	skip: noTerminal,
}, async (context) => {
	const folder = mkdtempSync(join(tmpdir(), "httpeek-test-"));
	context.after(() => rmSync(folder, { recursive: true }));
	const hostile = "x\u001b[2J\u001b]0;owned\u0007\u009b2J\u202e\u05e9e\u0301";
	const shown = "x\\x1b[2J\\x1b]0;owned\\x07\\u{9b}2J\\u{202e}\\u{5e9}e\\u{301}";
	const rows = [makeRow({ service: hostile, role: "client", peer: hostile, route: hostile, status: 404 })];
	const connections = [{ service: hostile, role: "client", peer: hostile, outcome: "timeout", count: 3 }] as const;
	const snapshot = makeSnapshot(rows, { connections });
	const path = join(folder, "x.jsonl");
	writeFileSync(
		path,
		recordingLine({ kind: "start", description: hostile, version: "1" }) +
			recordingLine({ kind: "snapshot", snapshot }),
	);
	const terminal = new TestTerminal(context, { columns: 240, rows: 30, folder });
	const title = terminal.title;
	terminal.run(`cat x.jsonl | ${process.execPath} ${HTTPEEK} top --input -; echo "code $?"`);
	await terminal.isTakenOver();
	await terminal.until((screen) => screen.includes(`: ${shown}, a recording`), "what was watched");
	for (const view of ["1", "2", "3", "4", "5"]) {
		terminal.press(view);
		await terminal.shows(new RegExp(`\\[${view} `));
		await terminal.until((screen) => screen.includes("x\\x1b[2J\\x1b]0;"), `the name is in view ${view}`);
	}
	terminal.press("3", "Enter");
	await terminal.until((screen) => screen.includes(`${shown}, http/1.1`), "the endpoint's peer");
	assert.equal(terminal.title, title);
	terminal.press("q");
	await terminal.shows(/^code 0$/m);
	assert.ok(terminal.isGivenBack);
	assert.equal(terminal.title, title);
});

test("a recording is played on a terminal, its end is told, keys work on", { skip: noTerminal }, async (context) => {
	const folder = mkdtempSync(join(tmpdir(), "httpeek-test-"));
	context.after(() => rmSync(folder, { recursive: true }));
	const lines = [1, 2, 4].map((durationSeconds) =>
		recordingLine({
			kind: "snapshot",
			snapshot: makeSnapshot([makeRow({ route: `/after-${durationSeconds}`, count: 5 })], { durationSeconds }),
		}),
	);
	writeFileSync(join(folder, "x.jsonl"), lines.join(""));
	const terminal = new TestTerminal(context, { columns: 100, rows: 20, folder });
	const began = performance.now();
	terminal.run(`${process.execPath} ${HTTPEEK} top --input x.jsonl; echo "code $?"`);
	await terminal.shows(/\/after-4 [\s\S]*^the recording has ended$/m);
	assert.ok(performance.now() - began >= 3_000, "as slowly as it was recorded");
	terminal.press("2");
	await terminal.shows(/\[2 services\]/);
	terminal.press("q");
	await terminal.shows(/^httpeek: 5 exchanges, 0 errors, 0 lost\ncode 0$/m);
	assert.ok(terminal.isGivenBack);
});
