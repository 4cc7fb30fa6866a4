import assert from "node:assert/strict";
import { test } from "node:test";
import { type GuestResult, readGuestResult } from "./result.js";

const RESULT: GuestResult = { kernel: "6.12.1", tools: [] };

test("a result is one line, which a terminal may end its own way", () => {
	assert.deepEqual(readGuestResult(`${JSON.stringify(RESULT)}\n`), RESULT);
	assert.deepEqual(readGuestResult(`${JSON.stringify(RESULT)}\r\n`), RESULT);
});

test("a machine that was ended before has no result", () => {
	assert.equal(readGuestResult(""), undefined);
	assert.equal(readGuestResult('{"kernel":"6.12.1","to'), undefined);
});
