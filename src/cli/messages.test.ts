import assert from "node:assert/strict";
import { test } from "node:test";
import { displayWidth } from "../base/width.js";
import { countingLine, countingText } from "./messages.js";

test("the line that says what is counted stays one short line, whatever the command is", () => {
	assert.equal(countingLine("curl -s http://127.0.0.1/"), "httpeek: counting curl -s http://127.0.0.1/\n");
	const script = countingLine(`node -e ${"\nx();".repeat(200)}`);
	assert.match(script, /^httpeek: counting node -e \\x0ax\(\);.*…\n$/);
	assert.ok(displayWidth(script.trimEnd()) <= 120);
});

test("that TLS is not read is said behind the line that scripts wait for, in one line whatever the reason holds", () => {
	const text = countingText({ description: "all", tlsProblem: "no\u001b[2J\nhttpeek: counting" });
	const [first, second, ...others] = text.split("\n");
	assert.equal(first, "httpeek: counting all");
	assert.match(second ?? "", /^httpeek: TLS is not read: no\\x1b\[2J/);
	assert.deepEqual(others, [""]);
	assert.equal(countingText({ description: "all" }), "httpeek: counting all\n");
});
