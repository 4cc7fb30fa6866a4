/** What others put into a path comes out escaped in every format, and stays one field of one line. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { skipReason } from "../support/capture.js";
import { Conversation, client, Peer, server } from "../support/conversation.js";
import { linesOf, Stage } from "../support/httpeek.js";

/** A path as its bytes on the wire (latin1), and the route as people see it. */
const PATHS: readonly [wire: string, shown: string][] = [
	["/esc\u001b[31mred", "/esc\\x1b[31mred"],
	["/quote\"'`", "/quote\"'`"],
	["/comma,Status-Code:,Count:", "/comma,Status-Code:,Count:"],
	["/percent%0aEndpoint:%20/x", "/percent%0aEndpoint:%20/x"],
	["/bytes\x80\xff\xfe", "/bytes\\x80\\xff\\xfe"],
	["/utf8\xc3\xa9", "/utf8\u00e9"],
	["/c1\xc2\x9b31m", "/c1\\u{9b}31m"],
	["/bidi\xe2\x80\xae", "/bidi\\u{202e}"],
	["/controls\x7f\x01", "/controls\\x7f\\x01"],
	["/back\\x1b", "/back\\\\x1b"],
	["/=cmd|x!a", "/=cmd|x!a"],
];

const FORMATS = ["lines", "table", "wide", "json", "csv"] as const;

function routesOfJson(text: string): string[] {
	const { endpoints } = JSON.parse(text) as { endpoints: { role: string; route: string }[] };
	return endpoints.filter(({ role }) => role === "server").map(({ route }) => route);
}

/** The fields of a CSV record (RFC 4180). */
function fieldsOf(record: string): string[] {
	return [...record.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
		([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "",
	);
}

test("hostile paths", { skip: skipReason }, async (context) => {
	const stage = await Stage.set(context);
	const programs = await Promise.all(FORMATS.map((format) => stage.watching("stat", "-o", format, "--color", "never")));
	const [clientPeer, serverPeer] = [await Peer.start(stage.watched), await Peer.start(stage.watched)];
	const talk = await Conversation.open(clientPeer, serverPeer);
	for (const [wire] of PATHS) {
		await talk.play([client(`GET ${wire} HTTP/1.1\r\n\r\n`), server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")]);
	}
	await Promise.all(programs.map((program) => stage.interrupted(program)));
	const written = new Map(FORMATS.map((format, i) => [format, programs[i]?.stdout ?? ""]));
	const shown = PATHS.map(([, text]) => text).sort();

	for (const [format, text] of written) {
		// biome-ignore lint/suspicious/noControlCharactersInRegex: there must be none but the ends of lines
		assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\ufffd]/, format);
		assert.match(programs[FORMATS.indexOf(format)]?.stderr ?? "", / 11 exchanges, 0 errors, 0 lost$/m);
	}
	assert.deepEqual(
		linesOf(written.get("lines") ?? "").sort(),
		shown.map((route) => `Endpoint: ${route}, Status Code: 200, Count: 1`).sort(),
	);
	for (const format of ["table", "wide"] as const) {
		const text = written.get(format) ?? "";
		for (const route of shown) assert.ok(text.includes(route), `${format} has ${route}:\n${text}`);
	}
	const [, ...records] = linesOf(written.get("csv") ?? "");
	const routes = records.map(fieldsOf).filter((fields) => fields[2] === "server");
	assert.ok(routes.every((fields) => fields.length === 18));
	assert.deepEqual(routes.map((fields) => fields[8]).sort(), shown);

	// JSON has its own escapes: what is valid text comes back as it was, other bytes as they are shown
	const fromJson = routesOfJson(written.get("json") ?? "").sort();
	const expected = PATHS.map(([wire, text]) =>
		wire.startsWith("/bytes") ? text : Buffer.from(wire, "latin1").toString("utf8"),
	);
	assert.deepEqual(fromJson, expected.sort());
	assert.equal(linesOf(written.get("json") ?? "").length, 1);
});
