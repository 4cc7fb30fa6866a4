/**
 * The one choke point for text that others wrote (paths, process names, container names). Inside httpeek such text is
 * kept as it came; whatever prints it passes it through one of these functions first.
 */

/** Where wireText() puts the bytes 0x80-0xff that are not UTF-8: lone surrogates, which valid text never contains. */
const INVALID_BYTE_BASE = 0xdc00;

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Bytes of the wire as a string, without loss: what is UTF-8 is decoded, every other byte 0xNN becomes the lone surrogate
 * U+DCNN (as Python's "surrogateescape" does), which the functions below print as `\xNN`.
 */
export function wireText(bytes: Uint8Array): string {
	try {
		return strictUtf8.decode(bytes);
	} catch {
		return decodeLeniently(bytes);
	}
}

function decodeLeniently(bytes: Uint8Array): string {
	let text = "";
	let at = 0;
	while (at < bytes.length) {
		const first = bytes[at] ?? 0;
		const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
		try {
			text += strictUtf8.decode(bytes.subarray(at, at + length));
			at += length;
		} catch {
			text += String.fromCharCode(INVALID_BYTE_BASE + first);
			at += 1;
		}
	}
	return text;
}

/**
 * What must not reach a terminal or a log as it is: controls (C0, DEL, C1), bidirectional and zero-width characters,
 * lone surrogates, unassigned and private code points, every space but U+0020, line separators.
 */
const UNSAFE = /(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/gu;
const UNSAFE_OR_BACKSLASH = /(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\\]/gu;
const LONE_SURROGATE = /\p{Cs}/gu;

function hex(value: number, digits: number): string {
	return value.toString(16).padStart(digits, "0");
}

function escapeCharacter(character: string): string {
	if (character === "\\") {
		return "\\\\";
	}
	const code = character.codePointAt(0) ?? 0;
	if (code < 0x80) {
		return `\\x${hex(code, 2)}`;
	}
	return isInvalidByte(code) ? `\\x${hex(code - INVALID_BYTE_BASE, 2)}` : `\\u{${hex(code, 2)}}`;
}

function isInvalidByte(code: number): boolean {
	return code >= INVALID_BYTE_BASE + 0x80 && code <= INVALID_BYTE_BASE + 0xff;
}

/**
 * Text for terminals and lines: one line, nothing invisible, nothing that moves a cursor. A byte is `\xNN`, a code point
 * above ASCII `\u{N}`, a backslash `\\`: no two texts look the same.
 */
export function escapeText(text: string): string {
	return text.replace(UNSAFE_OR_BACKSLASH, escapeCharacter);
}

/** As escapeText(), and spaces too (`\x20`): for formats in which a space ends the field. */
export function escapeWord(text: string): string {
	return escapeText(text).replaceAll(" ", "\\x20");
}

/**
 * A message of several lines for the terminal (the end of a verifier's log, say): each line is escaped, except that
 * backslashes stay as they are, so that escaping what is already escaped changes nothing.
 */
export function escapeMessage(text: string): string {
	return text
		.split("\n")
		.map((line) => line.replace(UNSAFE, escapeCharacter))
		.join("\n");
}

/**
 * A value as JSON on one line, in ASCII where a character could do harm on a terminal. Bytes that are not UTF-8 are the
 * four characters `\xNN`: lone surrogates are no valid JSON text for many readers.
 */
export function toJson(value: unknown): string {
	return toLosslessJson(value, (_key, item) =>
		typeof item === "string" ? item.replace(LONE_SURROGATE, escapeSurrogate) : item,
	);
}

/**
 * As toJson(), but every text comes back from JSON.parse() exactly as it was: bytes that are not UTF-8 stay the lone
 * surrogates that wireText() made of them, written as escapes. For httpeek's own readers.
 */
export function toLosslessJson(value: unknown, replacer?: (key: string, item: unknown) => unknown): string {
	return JSON.stringify(value, replacer).replace(UNSAFE, (character) =>
		Array.from({ length: character.length }, (_, unit) => `\\u${hex(character.charCodeAt(unit), 4)}`).join(""),
	);
}

function escapeSurrogate(character: string): string {
	return isInvalidByte(character.charCodeAt(0)) ? escapeCharacter(character) : "\ufffd";
}

/** A field that spreadsheets would run as a formula. */
const FORMULA = /^[=+\-@]/;

/**
 * A text field of CSV (RFC 4180): escaped as escapeText() does, so that a record is always one line; quoted where it
 * must be. A field that a spreadsheet would take for a formula gets a leading apostrophe.
 */
export function csvField(text: string): string {
	const escaped = escapeText(text);
	const inert = FORMULA.test(escaped) ? `'${escaped}` : escaped;
	return /[",]|^ | $/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
