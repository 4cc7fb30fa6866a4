/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * start_line.h (pure): the first line of an HTTP/1.x message (RFC 9112 sections 3 and 4). Every parser takes a window and
 * the number of bytes in it, touches nothing else, and tells "not this" from "cannot tell yet", because a segment may end
 * anywhere.
 */
#ifndef HTTPEEK_START_LINE_H
#define HTTPEEK_START_LINE_H

#include "window.h"
#include "wire.h"

enum {
	METHOD_TOKEN_BYTES = 20, /* longest method token believed; registered ones have at most 17 */
	SCHEME_BYTES = 8,	 /* absolute-form: "https://" */
	AUTHORITY_BYTES = 300,	 /* absolute-form: longest "host:port" believed; a DNS name has at most 253 */
	STATUS_LINE_BYTES = 12,	 /* "HTTP/1.1 200" */
	VERSION_BYTES = 8,	 /* "HTTP/1.1" */
};

/* Answers of the parsers; offsets are positive. */
enum {
	PARSE_MORE = 0,		/* cannot tell: the bytes end too early */
	PARSE_NO = -1,		/* not HTTP/1.x */
	PARSE_UNSUPPORTED = -2, /* HTTP, but a version that is not read: 0.9, 2 */
};

struct request_line {
	u16 target;  /* offset of the path, or of what stands for it */
	u8 method;   /* enum method */
	u8 protocol; /* enum protocol */
	u8 form;     /* enum target_form */
	u8 complete; /* the line's end was seen: next is the offset after it */
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
WINDOW_FUNCTION(int, parse_token, (u32 total), (total))
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

/*
 * Absolute form, "http://host/path" in the range: the offset of the path, or of what ends the authority where there is
 * none; PARSE_MORE or PARSE_NO (RFC 9112 section 3.2.2).
 */
WINDOW_FUNCTION(int, parse_authority, (u32 from_to), (from_to))
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
WINDOW_FUNCTION_TO(int, parse_request_line, (u32 total, u32 is_whole), (total, is_whole), struct request_line, line)
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
	u32 known = total < 5 ? total : 5, status;
	u8 a, b, c, after;

	if (total < 7) { /* "HTTP/" may still become a version that is not read */
		u64 mask = (1ull << (known * 8)) - 1;

		return (word & mask) == (expected & mask) ? PARSE_MORE : PARSE_NO;
	}
	if (word << 8 != expected << 8)
		return word << 24 == WORD("HTTP/") << 24 ? PARSE_UNSUPPORTED : PARSE_NO;
	if (total <= STATUS_LINE_BYTES)
		return PARSE_MORE;
	a = byte_at(w, 9) - '0';
	b = byte_at(w, 10) - '0';
	c = byte_at(w, 11) - '0';
	after = byte_at(w, STATUS_LINE_BYTES);
	if ((u8)((word >> 56) - '0') > 9 || byte_at(w, 8) != ' ' || a > 9 || b > 9 || c > 9 ||
	    (after != ' ' && after != '\r' && after != '\n'))
		return PARSE_NO;
	status = a * 100 + b * 10 + c;
	return status >= 100 ? (int)status : PARSE_NO;
}

#endif
