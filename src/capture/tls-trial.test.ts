import assert from "node:assert/strict";
import { test } from "node:test";
import { checkKernelIsSafe } from "./tls-trial.js";

const SAFE = [
	"5.10.223",
	"6.1.0-18-amd64",
	"6.10.14",
	"6.12.15",
	"6.12.111+deb13-amd64",
	"6.13.4",
	"6.14.0",
	"6.18.44",
	"7.2.1",
];
const DANGEROUS = ["6.11.0", "6.11.11-amd64", "6.12.0", "6.12.14+deb13-amd64", "6.13", "6.13.3"];

test("kernels that kill programs under a seccomp filter are told by their numbers", () => {
	for (const kernel of SAFE) assert.doesNotThrow(() => checkKernelIsSafe(kernel, "x64"), kernel);
	for (const kernel of DANGEROUS) {
		assert.throws(() => checkKernelIsSafe(kernel, "x64"), { code: "HTTPEEK_PLATFORM", message: /seccomp/ }, kernel);
		assert.doesNotThrow(() => checkKernelIsSafe(kernel, "arm64"), "it has no such system call");
	}
});
