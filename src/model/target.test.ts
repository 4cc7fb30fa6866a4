import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isSecretName, looksLikeToken, shownTarget } from "./target.js";

const JWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N";

test("paths are shown as they are, without the query", () => {
	for (const path of [
		"/",
		"*",
		"",
		"db.example:5432",
		"/users/4711",
		"/api/v2/orders/2024-05-17/items",
		"/assets/index-production-bundle.min.js",
		"/blog/how-to-configure-nginx-in-10-minutes-2024",
		"/a b/\u001b[2J",
		"/~user/.well-known/openid-configuration",
	]) {
		assert.equal(shownTarget(path), path);
		assert.equal(shownTarget(`${path}?a=b`), path);
		assert.equal(shownTarget(`${path}?`), path);
	}
});

test("segments that look like tokens are templated unless they are wanted raw", () => {
	for (const [path, shown] of [
		["/u/0123456789abcdef", "/u/:id"],
		["/u/550e8400-e29b-41d4-a716-446655440000/x", "/u/:id/x"],
		[`/reset/${JWT}`, "/reset/:token"],
		["/s/AKIAIOSFODNN7EXAMPLE1", "/s/:token"],
		["/invite/Zx81kQ_9fLmT-3vbW7yA", "/invite/:token"],
		["/dl/aGVsbG8gd29ybGQgZnJvbSBoZXJl", "/dl/:token"],
		["/webhook/xoxb%2D123456789012-aBcDeFgHiJ", "/webhook/:token"],
		["/4711471147114711", "/4711471147114711"],
	] as const) {
		assert.equal(shownTarget(path), shown);
		assert.equal(shownTarget(path, { raw: true }), path);
	}
});

test("a query is shown on request, without the values of secrets", () => {
	const show = (target: string) => shownTarget(target, { query: true });
	for (const [target, shown] of [
		["/a?x=1&y=2", "/a?x=1&y=2"],
		["/a?token=t&x=1", "/a?token=[redacted]&x=1"],
		["/a?x=1;API_KEY=k", "/a?x=1;API_KEY=[redacted]"],
		["/a?%74oken=t", "/a?%74oken=[redacted]"],
		["/a?user[password]=p&user%5Bname%5D=n", "/a?user[password]=[redacted]&user%5Bname%5D=n"],
		["/a?X-Amz-Signature=0f&X-Amz-Date=20240101", "/a?X-Amz-Signature=[redacted]&X-Amz-Date=20240101"],
		["/a?token=", "/a?token="],
		["/a?token", "/a?token"],
		["/a?a=b?token=t", "/a?a=b?token=t"],
		["/a?token=a=b=c", "/a?token=[redacted]"],
		[`/a?next=${JWT}`, "/a?next=:token"],
		["/a?&&", "/a?&&"],
	] as const) {
		assert.equal(show(target), shown);
	}
	assert.equal(
		shownTarget("/a?token=t&x=0123456789abcdef", { query: true, raw: true }),
		"/a?token=[redacted]&x=0123456789abcdef",
	);
});

test("parameters of segments, and who connects", () => {
	assert.equal(shownTarget("/cart;jsessionid=1A2B/x"), "/cart;jsessionid=[redacted]/x");
	assert.equal(shownTarget("/map;lat=1;long=2", { raw: true }), "/map;lat=1;long=2");
	assert.equal(shownTarget("joe:geheim@db.example:443"), "[redacted]@db.example:443");
	assert.equal(shownTarget("/@joe/a"), "/@joe/a");
});

test("names that stand for secrets", () => {
	for (const name of "token access_token id-token apikey api_key X-API-Key key password passwd PASSWORD secret client_secret signature sig code session session_id sid auth authorization jwt otp hmac X-Amz-Security-Token state".split(
		" ",
	)) {
		assert.ok(isSecretName(name), name);
	}
	for (const name of "q page keyword monkey sort codec signal design author passenger tokens_used_by statement id".split(
		" ",
	)) {
		assert.ok(!isSecretName(name), name);
	}
});

test("words and numbers are no tokens", () => {
	for (const text of [
		"internationalization",
		"someVeryLongCamelCaseIdentifierName",
		"getUserNotificationSettings",
		"12345678901234567890123",
		"a-rather-long-title-with-many-words",
		"com.example.application.MainActivity",
		"2024-05-17T12_30_00-report-final",
	]) {
		assert.ok(!looksLikeToken(text), text);
	}
});

test("whatever comes in: nothing is thrown, nothing of a secret is left, and showing twice is showing once", () => {
	const piece = fc.oneof(
		fc.constantFrom("/", "?", "&", ";", "=", "%", "%2", "%3D", "token", "@", ":", "geheim", JWT, "0123456789abcdef"),
		fc.string({ unit: "binary" }),
	);
	fc.assert(
		fc.property(fc.array(piece), fc.boolean(), fc.boolean(), (pieces, query, raw) => {
			const shown = shownTarget(pieces.join(""), { query, raw });
			assert.equal(shownTarget(shown, { query, raw }), shown);
		}),
		{ numRuns: 2000 },
	);
	fc.assert(
		fc.property(fc.array(piece), fc.array(piece), (before, after) => {
			const shown = shownTarget(`/${before.join("")}?a=1&token=verysecret&${after.join("")}`, { query: true });
			assert.ok(!shown.includes("verysecret"));
		}),
		{ numRuns: 2000 },
	);
});
