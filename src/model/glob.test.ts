import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { globMatcher } from "./glob.js";

test("patterns beside paths", () => {
	for (const [pattern, path, matches] of [
		["/users", "/users", true],
		["/users", "/users/", false],
		["/users/*", "/users/:id", true],
		["/users/*", "/users/:id/orders", false],
		["/users/*", "/users", false],
		["/users/**", "/users/:id/orders", true],
		["/users/**", "/users/", true],
		["**/orders", "/users/:id/orders", true],
		["/*/:id", "/users/:id", true],
		["/api/v?/x", "/api/v2/x", true],
		["/api/v?/x", "/api/v/x", false],
		["/?", "//", false],
		["*", "a", true],
		["*", "/", false],
		["**", "", true],
		["***", "a/b", true],
		["/a*b*c", "/aXbYc", true],
		["/a*b*c", "/aXbYd", false],
		["/[a]+.x", "/[a]+.x", true],
		["/?", "/😀", true],
		["", "", true],
		["", "a", false],
	] as const) {
		assert.equal(globMatcher(pattern)(path), matches, `${pattern} on ${path}`);
	}
});

test("a pattern made to be slow is not", () => {
	const started = performance.now();
	assert.equal(globMatcher("*a".repeat(30) + "**b".repeat(30))("a".repeat(5000)), false);
	assert.ok(performance.now() - started < 5000);
});

test("property: agrees with a regular expression of the same meaning", () => {
	const pattern = fc.string({ unit: fc.constantFrom("a", "b", "/", "*", "?"), maxLength: 8 });
	const path = fc.string({ unit: fc.constantFrom("a", "b", "/"), maxLength: 8 });
	fc.assert(
		fc.property(pattern, path, (glob, text) => {
			const expression = glob.replace(/\*{2,}|\*|\?/g, (star) =>
				star === "?" ? "[^/]" : star === "*" ? "[^/]*" : ".*",
			);
			assert.equal(globMatcher(glob)(text), new RegExp(`^${expression}$`).test(text));
		}),
		{ numRuns: 1000 },
	);
});
