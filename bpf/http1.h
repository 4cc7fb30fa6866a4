/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * http1.h (pure): the lines of an HTTP/1.x head (RFC 9112). Every parser takes a window and the number of bytes in it,
 * touches nothing else, and tells "not this" from "cannot tell yet", because a segment may end anywhere.
 */
#ifndef HTTPEEK_HTTP1_H
#define HTTPEEK_HTTP1_H

#include "window.h"
#include "wire.h"

enum {
	METHOD_TOKEN_BYTES = 20, /* longest method token believed; registered ones have at most 17 */
	SCHEME_BYTES = 8,	 /* absolute-form: "https://" */
	AUTHORITY_BYTES = 300,	 /* absolute-form: longest "host:port" believed; a DNS name has at most 253 */
	STATUS_LINE_BYTES = 12,	 /* "HTTP/1.1 200" */
	VERSION_BYTES = 8,	 /* "HTTP/1.1" */
	NUMBER_DIGITS = 18,	 /* a Content-Length of more digits than this is refused: 10^18 bytes */
	LONGEST_NAME_BYTES = 18, /* "Transfer-Encoding:": that many bytes tell whether a line matters */
	CHUNKED_BYTES = 7,	 /* "chunked" */
	BLANK_BYTES = 16,	 /* spaces and tabs believed around a value */
	SCAN_LINES = 48,	 /* lines of a window that are looked at in one go */
	CHUNK_LINE_BYTES = 24,	 /* bytes of a chunk-size line parsed at once; it resumes byte by byte */
	CHUNK_DIGITS = 15,	 /* a chunk size of more hex digits than this is refused */
};

/* Answers of the parsers; offsets are positive. */
enum {
	PARSE_MORE = 0,	       /* cannot tell: the bytes end too early */
	PARSE_NO = -1,	       /* not HTTP/1.x */
	PARSE_UNSUPPORTED = -2, /* HTTP, but a version that is not read: 0.9, 2 */
};

struct request_line {
	u16 target;   /* offset of the path, or of what stands for it */
	u8 method;    /* enum method */
	u8 protocol;  /* enum protocol */
	u8 form;      /* enum target_form */
	u8 complete;  /* the line's end was seen: next is the offset after it */
	u16 next;
};

enum target_form {
	TARGET_PATH = 0,      /* "/a/b", also out of "http://host/a/b" */
	TARGET_NO_PATH = 1,   /* "http://host" */
	TARGET_ASTERISK = 2,  /* "*" */
	TARGET_AUTHORITY = 3, /* "host:443", CONNECT only */
};

/* tchar of RFC 9110 section 5.6.2 */
static __always_inline bool is_token(u8 c)
{
	if ((u8)((c | 0x20) - 'a') < 26 || (u8)(c - '0') < 10)
		return true;
	return c == '-' || c == '_' || c == '.' || c == '!' || c == '#' || c == '$' || c == '%' || c == '&' ||
	       c == '\'' || c == '*' || c == '+' || c == '^' || c == '`' || c == '|' || c == '~';
}

/* Any other token at the window's start: the offset after the space behind it, PARSE_MORE or PARSE_NO. */
VERIFIED_ONCE int parse_token(struct window *w, u32 total)
{
	u32 i;

	if (!w)
		return PARSE_NO;
	for (i = 0; i <= METHOD_TOKEN_BYTES; i++) {
		u8 c;

		if (i >= total)
			return PARSE_MORE;
		c = byte_at(w, i);
		if (c == ' ')
			return i ? (int)i + 1 : PARSE_NO;
		if (!is_token(c))
			return PARSE_NO;
	}
	return PARSE_NO;
}

/*
 * The method at the window's start. Returns the offset after the space behind it, PARSE_MORE or PARSE_NO. Methods are
 * case-sensitive: "get" is METHOD_OTHER.
 */
static __always_inline int parse_method(struct window *w, u32 total, u8 *method)
{
	u64 word = word_at(w, 0);
	u32 low = word;

	if (total >= 8) {
		*method = METHOD_GET;
		if (low == (u32)WORD("GET "))
			return 4;
		*method = METHOD_POST;
		if (word << 24 == WORD("POST ") << 24)
			return 5;
		*method = METHOD_HEAD;
		if (word << 24 == WORD("HEAD ") << 24)
			return 5;
		*method = METHOD_PUT;
		if (low == (u32)WORD("PUT "))
			return 4;
		*method = METHOD_DELETE;
		if (word << 8 == WORD("DELETE ") << 8)
			return 7;
		*method = METHOD_OPTIONS;
		if (word == WORD("OPTIONS "))
			return 8;
		*method = METHOD_CONNECT;
		if (word == WORD("CONNECT "))
			return 8;
		*method = METHOD_PATCH;
		if (word << 16 == WORD("PATCH ") << 16)
			return 6;
		*method = METHOD_TRACE;
		if (word << 16 == WORD("TRACE ") << 16)
			return 6;
	}
	*method = METHOD_OTHER;
	return parse_token(w, total);
}

/*
 * The version that ends the request line whose newline is at w[newline]: PROTOCOL_*, PARSE_UNSUPPORTED for HTTP/2 and
 * for a line without version (HTTP/0.9), PARSE_NO for another protocol.
 */
static __always_inline int parse_version(const struct window *w, u32 target, u32 newline)
{
	u32 end = newline;
	u64 version;

	if (end > target && byte_at(w, end - 1) == '\r')
		end--;
	if (end < target + 1 + VERSION_BYTES || byte_at(w, end - VERSION_BYTES - 1) != ' ')
		return PARSE_UNSUPPORTED;
	version = word_at(w, end - VERSION_BYTES);
	if (version == WORD("HTTP/1.1"))
		return PROTOCOL_HTTP_1_1;
	if (version == WORD("HTTP/1.0"))
		return PROTOCOL_HTTP_1_0;
	if (version << 8 >> 8 == WORD("HTTP/1.")) /* 1.2 and up are to be read as 1.1: RFC 9110 section 6.2 */
		return (u8)((version >> 56) - '2') < 8 ? PROTOCOL_HTTP_1_1 : PARSE_NO;
	return version << 24 == WORD("HTTP/") << 24 ? PARSE_UNSUPPORTED : PARSE_NO;
}

/* Offset of the first newline of the range, or -1 if there is none. */
VERIFIED_ONCE int find_newline(struct window *w, u32 from_to)
{
	u64 zero = opaque_zero, at = zero, marks;
	u32 from = range_from(from_to), to = range_to(from_to), i;

	if (!w)
		return -1;
	at = from & ~7u & WINDOW_MASK;
	marks = newline_marks(word_at(w, at)) & (~0ull << ((from & 7) * 8));
	for (i = 0; i < WINDOW_BYTES / 8; i++) {
		if (marks) {
			u32 newline = at + lowest_mark(marks);

			return newline < to ? (int)newline : -1;
		}
		at += 8;
		forget_bounds(at, WINDOW_BYTES * 2 - 1);
		if (at >= to)
			break;
		marks = newline_marks(word_at(w, at));
	}
	return -1;
}

/*
 * Absolute form, "http://host/path" in the range: the offset of the path, or of what ends the authority where there is
 * none; PARSE_MORE or PARSE_NO (RFC 9112 section 3.2.2).
 */
VERIFIED_ONCE int parse_authority(struct window *w, u32 from_to)
{
	u64 zero = opaque_zero, at = zero;
	u32 to = range_to(from_to), i;
	u8 c = 0;

	if (!w)
		return PARSE_NO;
	at += range_from(from_to);
	forget_bounds(at, WINDOW_BYTES * 2 - 1);
	for (i = 0; i < SCHEME_BYTES; i++) {
		if (at >= to)
			return PARSE_MORE;
		c = byte_at(w, at);
		if ((u8)((c | 0x20) - 'a') >= 26)
			break;
		at++;
		forget_bounds(at, WINDOW_BYTES * 2 - 1);
	}
	if (c != ':' || !i)
		return PARSE_NO;
	if (at + 2 >= to)
		return PARSE_MORE;
	if (byte_at(w, at + 1) != '/' || byte_at(w, at + 2) != '/')
		return PARSE_NO;
	at += 3;
	for (i = 0; i < AUTHORITY_BYTES; i++) {
		if (at >= to)
			return PARSE_MORE;
		c = byte_at(w, at);
		if (c == '/' || c == ' ' || c == '?' || c == '#' || c == '\r' || c == '\n')
			return at;
		at++;
		forget_bounds(at, WINDOW_BYTES * 2 - 1);
	}
	return PARSE_NO;
}

/* The target behind the method: what form it has and where its path begins. Returns 1, PARSE_MORE or PARSE_NO. */
static __always_inline int parse_target(struct window *w, u32 total, u32 at, struct request_line *line)
{
	int path;
	u8 c;

	line->target = at;
	line->form = TARGET_PATH;
	if (at >= total)
		return PARSE_MORE;
	c = byte_at(w, at);
	if (c == '/')
		return 1;
	if (line->method == METHOD_CONNECT) {
		line->form = TARGET_AUTHORITY;
		return is_token(c) || c == '[' ? 1 : PARSE_NO;
	}
	if (c == '*') {
		line->form = TARGET_ASTERISK;
		if (at + 1 >= total)
			return PARSE_MORE;
		return byte_at(w, at + 1) == ' ' ? 1 : PARSE_NO;
	}
	path = parse_authority(w, range(at, total));
	if (path <= 0)
		return path;
	line->target = path;
	if (byte_at(w, path) != '/')
		line->form = TARGET_NO_PATH;
	return 1;
}

/*
 * The request line at the window's start. `is_whole` says that nothing can be appended to the window: a line that does
 * not end in it is then taken as HTTP/1.1 on the strength of its method and target. Returns 1, PARSE_MORE, PARSE_NO or
 * PARSE_UNSUPPORTED.
 */
VERIFIED_ONCE int parse_request_line(struct window *w, u32 total, u32 is_whole, struct request_line *line)
{
	u64 start = opaque_zero;
	int at, newline, version;

	if (!w || !line)
		return PARSE_NO;
	line->complete = 0;
	line->next = 0;
	line->protocol = PROTOCOL_HTTP_1_1;
	line->target = 0;
	line->form = TARGET_PATH;
	at = parse_method(w, total, &line->method);
	if (at <= 0)
		return at;
	start += at;
	forget_bounds(start, WINDOW_BYTES * 2 - 1);
	newline = find_newline(w, range(start, total));
	at = parse_target(w, total, start, line);
	if (at < 0)
		return at;
	if (newline < 0) {
		if (!is_whole)
			return PARSE_MORE;
		return at == PARSE_MORE ? PARSE_NO : 1;
	}
	if (at == PARSE_MORE)
		return PARSE_NO;
	version = parse_version(w, line->target, newline);
	if (version < 0)
		return version;
	line->protocol = version;
	line->complete = 1;
	line->next = newline + 1;
	return 1;
}

/* The status code of the status line at the window's start, PARSE_MORE, PARSE_NO or PARSE_UNSUPPORTED. */
static __always_inline int parse_status_line(const struct window *w, u32 total)
{
	u64 word = word_at(w, 0), expected = WORD("HTTP/1.");
	u32 known = total < 7 ? total : 7, status;
	u8 a, b, c;

	if (known < 7) {
		u64 mask = (1ull << (known * 8)) - 1;

		return (word & mask) == (expected & mask) ? PARSE_MORE : PARSE_NO;
	}
	if (word << 8 != expected << 8)
		return word << 24 == WORD("HTTP/") << 24 ? PARSE_UNSUPPORTED : PARSE_NO;
	if (total < STATUS_LINE_BYTES)
		return PARSE_MORE;
	a = byte_at(w, 9) - '0';
	b = byte_at(w, 10) - '0';
	c = byte_at(w, 11) - '0';
	if (byte_at(w, 8) != ' ' || a > 9 || b > 9 || c > 9)
		return PARSE_NO;
	status = a * 100 + b * 10 + c;
	return status >= 100 ? (int)status : PARSE_NO;
}

/* What scan_lines() stopped at. */
enum scan_kind {
	SCAN_END = 0,	 /* no further complete line; `line` is where the incomplete one starts */
	SCAN_BLANK = 1,	 /* the empty line that ends the head */
	SCAN_LENGTH = 2, /* a Content-Length line */
	SCAN_CODING = 3, /* a Transfer-Encoding line */
	SCAN_MORE = 4,	 /* the window has more lines than are looked at in one go: scan again from `line` */
};

struct scan {
	u32 line;     /* start of the line that was stopped at */
	u32 next;     /* start of the line after it; 0 with SCAN_END and SCAN_MORE */
	u32 skipping; /* SCAN_END: still inside a line whose start was not looked at */
	u32 kind;
};

/* "content-length:" and "transfer-encoding:" in any case, by two overlapping words each. */
static __always_inline u32 interesting_line(const struct window *w, u32 line)
{
	u64 head = word_at(w, line) | WORD_LOWERCASE;

	if (head == (WORD("content-") | WORD_LOWERCASE) &&
	    (word_at(w, line + 7) | WORD_LOWERCASE) == (WORD("-length:") | WORD_LOWERCASE))
		return SCAN_LENGTH;
	if (head == (WORD("transfer") | WORD_LOWERCASE) &&
	    (word_at(w, line + 8) | WORD_LOWERCASE) == (WORD("-encodin") | WORD_LOWERCASE) &&
	    (byte_at(w, line + 16) | 0x20) == 'g' && byte_at(w, line + 17) == ':')
		return SCAN_CODING;
	return SCAN_END;
}

/*
 * Goes through the header lines of the range to the first one that matters. `skipping` says that the range begins in the
 * middle of a line that does not matter. Newlines are found eight bytes at a time.
 */
VERIFIED_ONCE int scan_lines(struct window *w, u32 from_to, u32 skipping, struct scan *result)
{
	u64 zero = opaque_zero, at = zero, line = zero, skip = skipping, marks;
	u32 from = range_from(from_to), to = range_to(from_to), i, kind = SCAN_MORE;

	if (!w || !result)
		return 0;
	result->next = 0;
	if (from >= to) { /* at the window's end the mask below would lead back to its start */
		result->line = from;
		result->skipping = skip;
		result->kind = SCAN_END;
		return 0;
	}
	line = from;
	forget_bounds(line, WINDOW_BYTES * 2 - 1);
	at = from & ~7u & WINDOW_MASK;
	marks = newline_marks(word_at(w, at)) & (~0ull << ((from & 7) * 8));
	/* each round passes a word or a newline */
	for (i = 0; i < WINDOW_BYTES / 8 + SCAN_LINES; i++) {
		u64 newline;

		if (!marks) {
			at += 8;
			forget_bounds(at, WINDOW_BYTES * 2 - 1);
			if (at >= to) {
				kind = SCAN_END;
				break;
			}
			marks = newline_marks(word_at(w, at));
			continue;
		}
		newline = at + lowest_mark(marks);
		forget_bounds(newline, WINDOW_BYTES * 2 - 1);
		marks &= marks - 1;
		if (newline >= to) {
			kind = SCAN_END;
			break;
		}
		if (!skip) {
			kind = newline == line || (newline - line == 1 && byte_at(w, line) == '\r') ?
				       SCAN_BLANK :
				       interesting_line(w, line);
			if (kind != SCAN_END) {
				result->next = newline + 1;
				break;
			}
			kind = SCAN_MORE;
		}
		skip = zero;
		line = newline + 1;
		forget_bounds(line, WINDOW_BYTES * 2 - 1);
	}
	result->line = line;
	result->skipping = skip;
	result->kind = kind;
	return 0;
}

/* The first of the next BLANK_BYTES bytes that is neither space nor tab. */
static __always_inline u64 skip_blanks(const struct window *w, u64 at)
{
	u32 i;

	for (i = 0; i < BLANK_BYTES; i++) {
		u8 c = byte_at(w, at);

		if (c != ' ' && c != '\t')
			break;
		at++;
		forget_bounds(at, WINDOW_BYTES * 2 - 1);
	}
	return at;
}

/*
 * The decimal number of a Content-Length value that starts at w[at]: returns it, or ~0 for anything but digits with
 * white space around them (RFC 9110 section 8.6; a list of equal values is legal but is refused here and counted).
 */
VERIFIED_ONCE u64 parse_number(struct window *w, u32 from)
{
	u64 zero = opaque_zero, value = zero, at = zero, digits;
	u32 i;

	if (!w)
		return ~0ull;
	at += from;
	forget_bounds(at, WINDOW_BYTES * 2 - 1);
	at = skip_blanks(w, at);
	digits = at;
	for (i = 0; i <= NUMBER_DIGITS; i++) {
		u8 digit = byte_at(w, at) - '0';

		if (digit > 9)
			break;
		value = value * 10 + digit;
		at++;
		forget_bounds(at, WINDOW_BYTES * 2 - 1);
	}
	if (at == digits || at - digits > NUMBER_DIGITS)
		return ~0ull;
	at = skip_blanks(w, at);
	return byte_at(w, at) == '\r' || byte_at(w, at) == '\n' ? value : ~0ull;
}

/* Whether "chunked" is the last transfer coding of the line that ends with the newline before w[next]. */
VERIFIED_ONCE int is_chunked(struct window *w, u32 line, u32 next)
{
	u64 zero = opaque_zero, end = zero;
	u8 before;
	u32 i;

	if (!w)
		return 0;
	end += next - 1;
	for (i = 0; i < BLANK_BYTES; i++) {
		u8 c = byte_at(w, end - 1);

		if (end <= line || (c != '\r' && c != ' ' && c != '\t'))
			break;
		end--;
		forget_bounds(end, WINDOW_BYTES * 2 - 1);
	}
	if (end < line + sizeof("transfer-encoding:") - 1 + CHUNKED_BYTES)
		return false;
	before = byte_at(w, end - CHUNKED_BYTES - 1);
	if (before != ':' && before != ',' && before != ' ' && before != '\t')
		return false;
	return (word_at(w, end - CHUNKED_BYTES) << 8 | WORD_LOWERCASE << 8) ==
	       (WORD("chunked") << 8 | WORD_LOWERCASE << 8);
}

#endif
