/** TLS libraries of this machine: where httpeek finds their functions, and where binutils do. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { findTlsLibraries, type TlsLibrary } from "../../src/tls/libraries.js";
import { disassemble, functionOffsets, systemLibrary } from "../support/binary-tools.js";

function onlyLibrary(path: string): TlsLibrary {
	const [library, ...others] = findTlsLibraries(path);
	assert.deepEqual(others, []);
	assert.ok(library);
	return library;
}

/** Of a function that has no symbol. */
const INNER = "what ";

/** What is hooked, and that each point is where readelf has the function. */
function hookedFunctions(path: string, library: TlsLibrary): string[] {
	const offsets = functionOffsets(path);
	const points = library.points.filter(({ symbol }) => !symbol.startsWith(INNER));
	for (const { symbol, offset } of points) assert.equal(offset, offsets.get(symbol), symbol);
	return [...new Set(points.map(({ symbol }) => symbol))].sort();
}

const OPENSSL_3_0 = [
	"SSL_clear",
	"SSL_do_handshake",
	"SSL_free",
	"SSL_read",
	"SSL_read_early_data",
	"SSL_read_ex",
	"SSL_sendfile",
	"SSL_write",
	"SSL_write_early_data",
	"SSL_write_ex",
];

test("libssl.so.3", async () => {
	const path = systemLibrary("libssl.so.3");
	const library = onlyLibrary(path);
	assert.equal(library.kind, "openssl");
	assert.equal(library.version, "3");
	const hooked = hookedFunctions(path, library);
	const offsets = functionOffsets(path);
	const replaced: string[] = [];
	for (const { symbol, offset, atReturn } of library.points) {
		if (!symbol.startsWith(INNER) || atReturn) continue;
		const outer = symbol.split(" ")[1] ?? "";
		for (const name of [outer, `${outer}_ex`]) {
			assert.equal(await firstCall(path, offsets.get(name) ?? 0), offset, name);
			replaced.push(name);
		}
	}
	// since 3.3
	assert.deepEqual([...hooked, ...replaced].filter((name) => name !== "SSL_write_ex2").sort(), OPENSSL_3_0);
});

/** Where the first call of a function leads, as objdump reads it. In this library addresses are offsets. */
async function firstCall(path: string, start: number): Promise<number | undefined> {
	for await (const { text } of disassemble(path, { start, end: start + 64 })) {
		const target = /^call\s+([0-9a-f]+)/.exec(text)?.[1];
		if (target !== undefined) return Number.parseInt(target, 16);
	}
	return undefined;
}

test("BoringSSL", () => {
	const path = systemLibrary("android/libssl.so.0");
	const library = onlyLibrary(path);
	assert.equal(library.kind, "boringssl");
	assert.deepEqual(hookedFunctions(path, library), [
		"SSL_clear",
		"SSL_do_handshake",
		"SSL_free",
		"SSL_read",
		"SSL_write",
	]);
});

test("libgnutls.so.30", () => {
	const path = systemLibrary("libgnutls.so.30");
	const library = onlyLibrary(path);
	assert.equal(library.kind, "gnutls");
	assert.deepEqual(hookedFunctions(path, library), [
		"gnutls_deinit",
		"gnutls_handshake",
		"gnutls_record_recv",
		"gnutls_record_send2",
		"gnutls_record_uncork",
	]);
});

test("caddy, a stripped program of Go: every return of Read that objdump sees, and no other place", async () => {
	const path = "/usr/bin/caddy";
	const library = onlyLibrary(path);
	assert.equal(library.kind, "go");
	assert.equal(library.problem, undefined);
	assert.match(library.version ?? "", /^go1\.\d+/);
	const offsetsOf = (program: string) =>
		library.points.filter((one) => one.program === program).map((one) => one.offset);
	for (const program of ["go_read", "go_write", "go_flush", "go_close"]) {
		assert.equal(offsetsOf(program).length, 1, program);
	}
	const [start = 0] = offsetsOf("go_read");
	const returns = offsetsOf("tls_end");
	assert.ok(returns.length >= 2);
	// Go programs are loaded from their beginning: addresses and offsets differ by a constant
	const base = process.arch === "x64" ? 0x400000 : 0x10000;
	const found: number[] = [];
	for await (const { address, text } of disassemble(path, {
		start: base + start,
		end: base + (returns.at(-1) ?? 0) + 4,
	})) {
		if (/^ret\b/.test(text)) found.push(address - base);
	}
	assert.deepEqual(returns, found);
});

test("libraries and programs without TLS", () => {
	for (const path of [systemLibrary("libc.so.6"), systemLibrary("libcrypto.so.3"), "/bin/sh", "/usr/bin/objdump"]) {
		assert.deepEqual(findTlsLibraries(path), [], path);
	}
	// it uses them, and defines none
	assert.deepEqual(findTlsLibraries("/usr/bin/curl"), []);
});
