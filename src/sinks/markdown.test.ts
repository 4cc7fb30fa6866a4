import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { makeLosses, makeRow, makeSnapshot } from "../model/testing.js";
import { codeSpan, formatMarkdown } from "./markdown.js";

test("served and called are tables of their own, failures are bold, and nothing is lost in silence", () => {
	const snapshot = makeSnapshot(
		[
			makeRow({ route: "/users/:id", count: 12, inFlight: 1 }),
			makeRow({ route: "/pay", status: 503, method: "POST", count: 2 }),
			makeRow({ route: "/stock", role: "client", status: 0, count: 1, peer: "10.0.0.9:80" }),
		],
		{
			connections: [{ service: "curl", role: "client", peer: "10.0.0.9:81", outcome: "refused", count: 3 }],
			losses: makeLosses({ requests: 1, detail: { request_gap: 1 } }),
		},
	);
	assert.equal(
		formatMarkdown(snapshot, { title: "npm test" }),
		[
			"**httpeek** `npm test`: 15 exchanges in 10.0 s (1.50/s), 3 errors (20 %), 1 unanswered, 1 in flight, p50 1.02 ms, p99 1.06 ms",
			"",
			"**Served (requests that came in)**",
			"",
			"| Service | Port | Method | Endpoint | Status | Count | p50 | p99 |",
			"| --- | ---: | --- | --- | ---: | ---: | ---: | ---: |",
			"| `shop` | 8080 | `GET` | `/users/:id` | 200 | 12 | 1.02 ms | 1.06 ms |",
			"| `shop` | 8080 | `POST` | `/pay` | **503** | 2 | 1.02 ms | 1.06 ms |",
			"",
			"**Called (requests that went out)**",
			"",
			"| Service | Peer | Method | Endpoint | Status | Count | p50 | p99 |",
			"| --- | --- | --- | --- | ---: | ---: | ---: | ---: |",
			"| `shop` | `10.0.0.9:80` | `GET` | `/stock` | **client closed** | 1 | - | - |",
			"",
			"**Connections that failed**",
			"",
			"| Service | Role | Peer | How | Count |",
			"| --- | --- | --- | --- | ---: |",
			"| `curl` | client | `10.0.0.9:81` | **refused** | 3 |",
			"",
			"**Not all was counted:** `LOST up to 1 requests and 0 responses: request_gap 1 (docs/losses.md)`",
			"",
		].join("\n"),
	);
	assert.match(formatMarkdown(makeSnapshot()), /^\*\*httpeek\*\*: 0 exchanges in .*\n$/);
	assert.match(formatMarkdown(snapshot, { limit: 1 }), /\n… and 1 more rows\n/);
});

test("a code span holds what it is given", () => {
	assert.equal(codeSpan("/a"), "`/a`");
	assert.equal(codeSpan("a`b``c"), "```a`b``c```");
	assert.equal(codeSpan("`"), "`` ` ``");
	assert.equal(codeSpan(" "), "` `");
	assert.equal(codeSpan(" a"), "`  a `");
	assert.equal(codeSpan("a`"), "`` a` ``");
	assert.equal(codeSpan(""), "(empty)");
	assert.equal(codeSpan("a\n\u202e\u001b[2J"), "`a\\x0a\\u{202e}\\x1b[2J`");
	assert.equal(codeSpan("x".repeat(500)).length, 122);
});

test("property: no text ends its span, and every row has the cells of its header", () => {
	const mischief = fc.string({ unit: fc.constantFrom("`", "|", "\\", " ", "\n", "<b>", "@me", "#1", "-", "\u202e") });
	fc.assert(
		fc.property(mischief, mischief, (route, service) => {
			const span = codeSpan(route);
			const fence = /^`+/.exec(span)?.[0] ?? "";
			const inside = span.slice(fence.length, span.length - fence.length);
			assert.ok(span === "(empty)" || !new RegExp(`(?<!\`)${fence}(?!\`)`).test(inside.slice(0, -1)), span);
			const rows = formatMarkdown(makeSnapshot([makeRow({ route, service })]))
				.split("\n")
				.filter((line) => line.startsWith("|"));
			const cells = rows.map((row) => row.replace(/\\[\\|]/g, "").split("|").length);
			assert.deepEqual(new Set(cells), new Set([10]), rows.join("\n"));
		}),
	);
});
