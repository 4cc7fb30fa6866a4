import assert from "node:assert/strict";
import { test } from "node:test";
import { displayWidth } from "../base/width.js";
import { countingLine } from "./messages.js";

test("the line that says what is counted stays one short line, whatever the command is", () => {
	assert.equal(countingLine("curl -s http://127.0.0.1/"), "httpeek: counting curl -s http://127.0.0.1/\n");
	const script = countingLine(`node -e ${"\nx();".repeat(200)}`);
	assert.match(script, /^httpeek: counting node -e \\x0ax\(\);.*…\n$/);
	assert.ok(displayWidth(script.trimEnd()) <= 120);
});
