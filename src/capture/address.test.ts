import assert from "node:assert/strict";
import { test } from "node:test";
import { peerText } from "./address.js";

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));

test("peers as text", () => {
	assert.equal(peerText(bytes("00000000000000000000ffff0a000009"), 80), "10.0.0.9:80");
	assert.equal(peerText(bytes("20010db8000000000000000000000001"), 443), "[2001:db8::1]:443");
	assert.equal(peerText(bytes("00000000000000000000000000000001"), 8080), "[::1]:8080");
	assert.equal(peerText(bytes("00000000000000000000000000000000"), 1), "[::]:1");
	assert.equal(peerText(bytes("fe80000000000000021122fffe334455"), 5), "[fe80::211:22ff:fe33:4455]:5");
});
