import assert from "node:assert/strict";
import { test } from "node:test";
import { readCapabilities } from "./capabilities.js";

test("tells what is missing", () => {
	const all = ["CAP_BPF", "CAP_NET_ADMIN", "CAP_PERFMON"];
	const cases: [string, string[], boolean][] = [
		["000001ffffffffff", [], false],
		["0000000000000000", all, true],
		["000000c000001000", [], true],
		["0000008000001000", ["CAP_PERFMON"], true],
		["0000000000280000", [], false],
		["00000000a80425fb", all, true],
	];
	for (const [bits, missing, lacksNames] of cases) {
		assert.deepEqual(readCapabilities(`Name:\tx\nCapEff:\t${bits}\n`), { missing, lacksNames }, bits);
	}
	assert.deepEqual(readCapabilities(""), { missing: all, lacksNames: true });
});
