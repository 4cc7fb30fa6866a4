/** The Markdown report in the hands of cmark-gfm, which is the parser that GitHub runs. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import fc from "fast-check";
import { escapeText, wireText } from "../../src/base/escape.js";
import { makeRow, makeSnapshot } from "../../src/model/testing.js";
import { formatMarkdown } from "../../src/sinks/markdown.js";

const ENTITIES: Readonly<Record<string, string>> = { "&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": '"' };

/** As GitHub does, with raw HTML let through: what comes out as a tag was one. */
function render(markdown: string): string {
	const words = ["--unsafe", "-e", "table", "-e", "autolink", "-e", "strikethrough", "-e", "tasklist"];
	const { status, stdout, stderr } = spawnSync("cmark-gfm", words, { input: markdown, encoding: "utf8" });
	assert.equal(status, 0, stderr);
	return stdout;
}

function codeOf(html: string): string[] {
	return [...html.matchAll(/<code>(.*?)<\/code>/g)].map(([, text = ""]) =>
		text.replace(/&(?:lt|gt|amp|quot);/g, (entity) => ENTITIES[entity] ?? entity),
	);
}

const MISCHIEF = [
	...[
		"`",
		"``",
		"|",
		"\\",
		"\\|",
		"\\`",
		" ",
		"\n",
		"\r\n\r\n",
		"\t",
		"<script>",
		"</code>",
		"<!--",
		"&amp;",
		"&#124;",
	],
	...[
		"@name",
		"#123",
		"GH-1",
		"https://a.b/",
		"www.a.b",
		":+1:",
		"$x$",
		"*a*",
		"_b_",
		"~c~",
		"[d](e)",
		"![f](g)",
		"^h",
	],
	...["---", "# ", "> ", "- [ ] ", "\u202e", "\u2066", "\u200b", "\u001b[2J", "\u0007", "\u009b", "é", "漢", "\udcff"],
];

test("property: whatever others wrote is shown as text, in its cell, and does nothing", () => {
	const text = fc.oneof(
		fc.array(fc.constantFrom(...MISCHIEF), { minLength: 1, maxLength: 6 }).map((parts) => parts.join("")),
		fc.uint8Array({ minLength: 1, maxLength: 20 }).map(wireText),
	);
	fc.assert(
		fc.property(fc.array(fc.tuple(text, text, text), { minLength: 1, maxLength: 40 }), text, (names, title) => {
			const rows = names.map(([route, service, peer]) => makeRow({ route, service, peer, role: "client" }));
			const snapshot = makeSnapshot(rows, {
				connections: names.map(([, service, peer]) => ({
					...{ service, peer, role: "client", outcome: "refused", count: 1 },
				})),
			});
			const html = render(formatMarkdown(snapshot, { title, limit: 40 }));
			const expected = [
				title,
				...snapshot.endpoints.flatMap(({ service, peer, method, route }) => [service, peer ?? "", method, route]),
				...snapshot.connections.slice(0, 20).flatMap(({ service, peer }) => [service, peer ?? ""]),
			];
			assert.deepEqual(codeOf(html), expected.map(escapeText));
			const outside = html.replace(/<code>.*?<\/code>/g, "");
			const tags = new Set([...outside.matchAll(/<\/?([^\s>]+)/g)].map(([, name]) => name));
			for (const name of ["p", "strong", "table", "thead", "tbody", "tr", "th", "td"]) tags.delete(name);
			assert.deepEqual([...tags], [], "nothing but the report's own mark-up");
			assert.doesNotMatch(outside, /[@#]/);
		}),
		{ numRuns: 200 },
	);
});
