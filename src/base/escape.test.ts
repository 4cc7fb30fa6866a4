import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { csvField, escapeMessage, escapeText, escapeWord, toJson, wireText } from "./escape.js";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

test("bytes beside what is printed for them", () => {
	for (const [wire, text] of [
		[bytes(0x2f, 0x61), "/a"],
		[bytes(0x2f, 0x0a), "/\\x0a"],
		[bytes(0x1b, 0x5b, 0x32, 0x4a), "\\x1b[2J"],
		[bytes(0x7f, 0x00), "\\x7f\\x00"],
		[bytes(0x5c, 0x78, 0x30, 0x61), "\\\\x0a"],
		[bytes(0xff, 0xfe), "\\xff\\xfe"],
		[bytes(0x2f, 0xc3, 0xa9), "/é"],
		[bytes(0x2f, 0xc3, 0x28), "/\\xc3("],
		[bytes(0xc0, 0x80), "\\xc0\\x80"],
		[bytes(0xed, 0xa0, 0x80), "\\xed\\xa0\\x80"],
		[bytes(0xe2, 0x82), "\\xe2\\x82"],
		[bytes(0xc2, 0x9b, 0x33), "\\u{9b}3"],
		[bytes(0xe2, 0x80, 0xae), "\\u{202e}"],
		[bytes(0xe2, 0x80, 0x8b), "\\u{200b}"],
		[bytes(0xef, 0xbb, 0xbf), "\\u{feff}"],
		[bytes(0xe2, 0x80, 0xa8), "\\u{2028}"],
		[bytes(0xc2, 0xa0), "\\u{a0}"],
		[bytes(0xf3, 0xa0, 0x81, 0x81), "\\u{e0041}"],
		[bytes(0xf0, 0x9f, 0x98, 0x80), "😀"],
		[bytes(0x61, 0x20, 0x62), "a b"],
	] as const) {
		assert.equal(escapeText(wireText(wire)), text);
	}
});

test("a space ends a word, so words have none", () => {
	assert.equal(escapeWord("/a, Status Code: 200"), "/a,\\x20Status\\x20Code:\\x20200");
});

test("messages keep their lines and are not escaped twice", () => {
	assert.equal(escapeMessage("one\n\ttwo \x1b[31m \\x00"), "one\n\\x09two \\x1b[31m \\x00");
	assert.equal(escapeMessage(escapeMessage("\x07\\")), "\\x07\\");
});

test("JSON is ASCII where it could do harm, and holds no lone surrogate", () => {
	assert.equal(toJson({ a: "\x1b\u009b\u202e\u{e0041}" }), '{"a":"\\u001b\\u009b\\u202e\\udb40\\udc41"}');
	assert.equal(toJson(wireText(bytes(0x2f, 0xff))), '"/\\\\xff"');
	assert.equal(toJson("\ud800"), '"\ufffd"');
	assert.equal(toJson('"\\'), '"\\"\\\\"');
});

test("CSV fields are quoted where they must be, on one line, and never a formula", () => {
	for (const [text, field] of [
		["/a", "/a"],
		["/a,b", '"/a,b"'],
		['/"', '"/"""'],
		["/\r\n", "/\\x0d\\x0a"],
		["=1+1", "'=1+1"],
		["@x,", `"'@x,"`],
		[" x", '" x"'],
	] as const) {
		assert.equal(csvField(text), field);
	}
});

const hostile = fc.uint8Array({ maxLength: 40 });

test("property: nothing printed holds a control or an invisible character, whatever the bytes", () => {
	fc.assert(
		fc.property(hostile, (wire) => {
			const text = wireText(wire);
			for (const printed of [escapeText(text), escapeWord(text), toJson(text), csvField(text)]) {
				assert.ok(!/(?! )[\p{C}\p{Z}]/u.test(printed), printed);
			}
		}),
	);
});

test("property: different bytes are printed differently", () => {
	fc.assert(
		fc.property(hostile, hostile, (a, b) => {
			assert.equal(Buffer.compare(a, b) === 0, escapeText(wireText(a)) === escapeText(wireText(b)));
		}),
	);
});

test("property: JSON of valid text reads back as it was", () => {
	fc.assert(
		fc.property(fc.string({ unit: "binary" }), (text) => {
			assert.equal(JSON.parse(toJson(text)), text);
		}),
	);
});
