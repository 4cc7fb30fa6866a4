import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { LOAD_ADDRESS, type MadeSection, makeElf, symbolSections, writeMade } from "../../test/support/made-elf.js";
import { makeGo } from "../../test/support/made-go.js";
import { findTlsLibraries, type TlsLibrary } from "./libraries.js";

const { node_shared_openssl: isOpensslShared } = process.config.variables as { node_shared_openssl?: boolean };
const symbols = (...names: string[]) => names.map((name, index) => ({ name, address: LOAD_ADDRESS + 16 * index }));
const programsOf = (library: TlsLibrary | undefined) =>
	library?.points.map(({ program, offset, atReturn }) => `${program} ${offset}${atReturn ? " return" : ""}`);

test("finds the OpenSSL in node's own program", () => {
	const [library, ...others] = findTlsLibraries(process.execPath);
	assert.deepEqual(others, []);
	// a distribution's node may use the distribution's OpenSSL
	if (isOpensslShared) return assert.equal(library, undefined);
	assert.equal(library?.kind, "openssl");
	assert.equal(library.problem, undefined);
	// as process.versions has it, which may add a build's name
	assert.ok(process.versions.openssl.startsWith(library.version ?? "(none)"));
	for (const program of ["tls_read", "tls_end", "tls_write", "tls_free"]) {
		assert.ok(library.points.some((point) => point.program === program && point.atReturn === program.endsWith("_end")));
	}
});

for (const [where, options] of [
	["exported, with a hash table", { isDynamic: true, hasHashes: true }],
	["exported, without", { isDynamic: true }],
	["kept in the full table", { isDynamic: false }],
] as const) {
	test(`OpenSSL ${where}: entries and returns of the functions that are there`, (context) => {
		const sections = symbolSections(
			[
				{ name: "SSL_read", address: 0, isDefined: false },
				{ name: "SSL_write", address: LOAD_ADDRESS + 8, isFunction: false },
				...symbols("SSL_read_ex", "my_SSL_free", "SSL_write_ex2", "SSL_write_ex", "SSL_clear"),
				{ name: "SSL_free", address: LOAD_ADDRESS + 2 ** 30 },
			],
			options,
		);
		const [library, ...others] = findTlsLibraries(writeMade(context, makeElf(sections)));
		assert.deepEqual(others, []);
		assert.deepEqual(
			{ ...library, points: programsOf(library) },
			{
				kind: "openssl",
				version: undefined,
				points: ["tls_read_ex 0", "tls_end 0 return", "tls_write_ex2 32", "tls_end 32 return", "tls_free 64"],
				problem: undefined,
			},
		);
	});
}

test("a program that only uses a library, or has half of one, holds none", (context) => {
	const found = (sections: MadeSection[]) => findTlsLibraries(writeMade(context, makeElf(sections)));
	const used = ["SSL_read", "SSL_write"].map((name) => ({ name, address: 0, isDefined: false }));
	for (const hasHashes of [true, false])
		assert.deepEqual(found(symbolSections(used, { isDynamic: true, hasHashes })), []);
	assert.deepEqual(found(symbolSections(symbols("SSL_read", "SSL_free"), { isDynamic: true })), []);
	assert.deepEqual(found(symbolSections(symbols("SSL_write", "SSL_free"), { isDynamic: false })), []);
	assert.deepEqual(found(symbolSections(symbols("xSSL_read", "xSSL_write"), { isDynamic: false })), []);
	assert.deepEqual(found([]), []);
});

test("a function of the interface goes before one that a source keeps to itself", (context) => {
	const sections = symbolSections(
		[
			{ name: "SSL_write", address: LOAD_ADDRESS + 16, isLocal: true },
			...symbols("SSL_read"),
			{ name: "SSL_write", address: LOAD_ADDRESS + 32 },
		],
		{ isDynamic: false },
	);
	const [library] = findTlsLibraries(writeMade(context, makeElf(sections)));
	assert.ok(programsOf(library)?.includes("tls_write 32"));
});

test("tells BoringSSL from OpenSSL by what only the one has", (context) => {
	const sections = symbolSections(symbols("SSL_read", "SSL_write", "SSL_CTX_set_custom_verify"), { isDynamic: false });
	assert.equal(findTlsLibraries(writeMade(context, makeElf(sections)))[0]?.kind, "boringssl");
});

test("GnuTLS: of a function that only calls another, the other is hooked", (context) => {
	const points = (send: number, ...more: string[]) => {
		const made = symbols("gnutls_record_recv", "gnutls_record_send", ...more);
		const sized = made.map((symbol) => ({ ...symbol, sizeBytes: symbol.name === "gnutls_record_send" ? send : 900 }));
		const sections = symbolSections(sized, { isDynamic: true, hasHashes: true });
		const [library] = findTlsLibraries(writeMade(context, makeElf(sections)));
		return library?.points.filter(({ program }) => program === "tls_write").map(({ symbol }) => symbol);
	};
	assert.deepEqual(points(10, "gnutls_record_send2"), ["gnutls_record_send2"]);
	assert.deepEqual(points(900, "gnutls_record_send2"), ["gnutls_record_send", "gnutls_record_send2"]);
	assert.deepEqual(points(10), ["gnutls_record_send"]);
});

test("what is no program holds no library", (context) => {
	const folder = dirname(writeMade(context, Buffer.alloc(0)));
	for (const text of ["", "text", "\x7fELF", `\x7fELF\x02\x01${"\0".repeat(100)}`]) {
		assert.deepEqual(findTlsLibraries(writeMade(context, Buffer.from(text, "latin1"))), []);
	}
	assert.deepEqual(findTlsLibraries(folder), []);
	assert.deepEqual(findTlsLibraries("/dev/null"), []);
	assert.throws(() => findTlsLibraries(join(folder, "missing")), { code: "ENOENT" });
});

test("nothing that is done to a file makes it throw, hang, or give places outside the file", (context) => {
	const openssl = makeElf([
		...symbolSections(symbols("SSL_read", "SSL_write", "SSL_free"), { isDynamic: true, hasHashes: true }),
		...symbolSections(symbols("SSL_read", "SSL_write"), { isDynamic: false }),
		{ name: ".rodata", bytes: Buffer.from("OpenSSL 3.0.1 1 Jan 2026\0") },
	]);
	const go = makeGo({
		functions: { "crypto/tls.(*Conn).Read": [0xc3], "crypto/tls.(*Conn).Write": [0xc3], end: [0xc3] },
		isRelocated: true,
	});
	const change = fc.record({
		at: fc.nat({ max: 2 ** 20 }),
		bytes: fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 8 }), fc.constant(new Uint8Array(8).fill(0xff))),
	});
	const path = writeMade(context, Buffer.alloc(0));
	fc.assert(
		fc.property(
			fc.constantFrom(openssl, go.bytes),
			fc.array(change, { minLength: 1, maxLength: 6 }),
			fc.option(fc.nat({ max: 2 ** 12 })),
			(original, changes, cutAt) => {
				const bytes = Buffer.from(original.subarray(0, cutAt ?? original.length));
				for (const { at, bytes: put } of changes)
					if (bytes.length > 0) bytes.set(put.subarray(0, 1), at % bytes.length);
				for (const { at, bytes: put } of changes) if (bytes.length > 8) bytes.set(put, at % (bytes.length - 8));
				writeFileSync(path, bytes);
				for (const { points } of findTlsLibraries(path)) {
					for (const { offset } of points) assert.ok(offset >= 0 && offset < bytes.length);
				}
			},
		),
		{ numRuns: 600 },
	);
});
