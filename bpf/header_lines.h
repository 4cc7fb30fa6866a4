/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * header_lines.h (pure): the lines of a head that say how its body is framed, found among all others, and their values
 * (RFC 9112 sections 5 and 6).
 */
#ifndef HTTPEEK_HEADER_LINES_H
#define HTTPEEK_HEADER_LINES_H

#include "window.h"

enum {
	NUMBER_DIGITS = 18,	 /* a Content-Length of more digits than this is refused: 10^18 bytes */
	LONGEST_NAME_BYTES = 18, /* "Transfer-Encoding:": that many bytes tell whether a line matters */
	CHUNKED_BYTES = 7,	 /* "chunked" */
	BLANK_BYTES = 16,	 /* spaces and tabs believed around a value */
	SCAN_LINES = 48,	 /* lines of a window that are looked at in one go */
};

/* What scan_lines() stopped at. */
enum scan_kind {
	SCAN_END = 0,	    /* no further complete line; `line` is where the incomplete one starts */
	SCAN_BLANK = 1,	    /* the empty line that ends the head */
	SCAN_LENGTH = 2,    /* a Content-Length line */
	SCAN_CODING = 3,    /* a Transfer-Encoding line */
	SCAN_AMBIGUOUS = 4, /* a line of one of these names, with white space behind it */
	SCAN_MORE = 5,	    /* the window has more lines than are looked at in one go: scan again from `line` */
};

struct scan {
	u32 line;     /* start of the line that was stopped at */
	u32 next;     /* start of the line after it; 0 with SCAN_END and SCAN_MORE */
	u32 skipping; /* SCAN_END: still inside a line whose start was not looked at */
	u32 kind;
};

/*
 * "content-length:" and "transfer-encoding:" in any case, by two overlapping words each. Readers do not agree on what the
 * same names with white space before the colon mean, and RFC 9112 section 5.1 has servers refuse them.
 */
static __always_inline u32 interesting_line(const struct window *w, u32 line)
{
	u64 head = word_at(w, line) | WORD_LOWERCASE;
	u32 kind;
	u8 after;

	if (likely((u8)head != 'c' && (u8)head != 't'))
		return SCAN_END;
	if (head == (WORD("content-") | WORD_LOWERCASE) &&
	    (word_at(w, line + 6) | WORD_LOWERCASE) == (WORD("t-length") | WORD_LOWERCASE)) {
		after = byte_at(w, line + 14);
		kind = SCAN_LENGTH;
	} else if (head == (WORD("transfer") | WORD_LOWERCASE) &&
		   (word_at(w, line + 8) | WORD_LOWERCASE) == (WORD("-encodin") | WORD_LOWERCASE) &&
		   (byte_at(w, line + 16) | 0x20) == 'g') {
		after = byte_at(w, line + 17);
		kind = SCAN_CODING;
	} else {
		return SCAN_END;
	}
	if (after == ':')
		return kind;
	return after == ' ' || after == '\t' ? SCAN_AMBIGUOUS : SCAN_END;
}

/*
 * Goes through the header lines of the range to the first one that matters. `skipping` says that the range begins in the
 * middle of a line that does not matter. Newlines are found eight bytes at a time.
 */
WINDOW_FUNCTION_TO(int, scan_lines, (u32 from_to, u32 skipping), (from_to, skipping), struct scan, result)
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
WINDOW_FUNCTION(u64, parse_number, (u32 from), (from))
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
WINDOW_FUNCTION(int, is_chunked, (u32 line, u32 next), (line, next))
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
