import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { parseTcpInodes, readTcpInodes } from "./tcp-table.js";

test("keeps the sockets that can carry an exchange and that a process holds", () => {
	const table = [
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
		"   0: 00000000:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1161 1 0 100 0 0 10 0",
		"   1: 0100007F:07E8 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 1162 1 0 20 4 30 10 -1",
		"   2: 0100007F:D431 0100007F:07E8 06 00000000:00000000 03:00000C8B 00000000     0        0 0 3 0",
		"   3: 0100007F:D433 0100007F:07E8 02 00000001:00000000 01:00000C8B 00000000     0        0 1163 2 0",
		"   4: 0100007F:D435 0100007F:07E8 07 00000000:00000000 00:00000000 00000000     0        0 1164 2 0",
		"   5: 0100007F:D437 0100007F:07E8 08 00000000:00000000 00:00000000 00000000     0        0 1165 2 0",
		"1234: 0100007F:D439 0100007F:07E8 01 00000000:00000000 00:00000000 00000000     0        0 0 2 0",
		"cut off",
		"",
	].join("\n");
	assert.deepEqual(parseTcpInodes(table), ["1161", "1162", "1163", "1165"]);
	assert.deepEqual(parseTcpInodes(""), []);
});

test("finds a listener of this process", async () => {
	const before = readTcpInodes(process.pid);
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, "::1", resolve));
	const added = [...readTcpInodes(process.pid)].filter((inode) => !before.has(inode));
	server.close();
	assert.notEqual(added.length, 0);
	assert.equal(readTcpInodes(2 ** 22 + 1).size, 0);
});
