import assert from "node:assert/strict";
import { test } from "node:test";
import { countsOf, isProbed, machineArgument } from "./whole-host.js";

test("a script's map is summed up, whichever way its version writes a status", () => {
	const output = "Attaching 1 probe...\n\n\n@status[404]: 3\n@status[200 ]: 20709\n@other[200]: 5\n";
	assert.equal(countsOf(output), 20712);
	assert.equal(countsOf("Attaching 1 probe...\n\n"), 0);
});

test("a probe counts when it is listed and armed", () => {
	const line = "ffffffffb9d17364  k  tcp_sendmsg+0x4    [FTRACE]\n";
	assert.equal(isProbed(line), true);
	assert.equal(isProbed(line.replace("0x4", "0x0")), true);
	assert.equal(isProbed(line.replace("[FTRACE]", "[DISABLED][FTRACE]")), false);
	assert.equal(isProbed(line.replace("tcp_sendmsg", "tcp_sendmsg_locked")), false);
	assert.equal(isProbed(""), false);
});

test("no machine but an emulated one is watched as a whole", () => {
	assert.equal(machineArgument("quiet httpeek.run=/x.js httpeek.argument=6,3"), "6,3");
	assert.throws(() => machineArgument("BOOT_IMAGE=/boot/vmlinuz quiet"), { code: "HTTPEEK_USAGE" });
});
