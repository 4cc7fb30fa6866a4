/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * framing_line.h (pure): a header line that says how the body is framed: told from others, and its value (RFC 9112 sections
 * 5 and 6).
 */
#ifndef HTTPEEK_FRAMING_LINE_H
#define HTTPEEK_FRAMING_LINE_H

#include "window.h"

enum {
	NUMBER_DIGITS = 18,	 /* a Content-Length of more digits than this is refused: 10^18 bytes */
	LONGEST_NAME_BYTES = 18, /* "Transfer-Encoding:": that many bytes tell whether a line matters */
	CHUNKED_BYTES = 7,	 /* "chunked" */
	BLANK_BYTES = 16,	 /* spaces and tabs believed around a value */
	SHORT_NUMBER_DIGITS = 5, /* a number of up to so many is read at once */
};

enum framing_flags {
	FRAMING_LENGTH = 1,  /* a Content-Length was seen */
	FRAMING_CHUNKED = 2, /* Transfer-Encoding ends in "chunked" */
	FRAMING_CODING = 4,  /* a Transfer-Encoding was seen */
	FRAMING_BROKEN = 8,  /* contradictory or unreadable */
};

/* What read_lines() stopped at. */
enum lines_kind {
	LINES_END = 0,	 /* no further complete line; `line` is where the incomplete one starts */
	LINES_BLANK = 1, /* the empty line that ends the head; `line` is behind it */
	LINES_MORE = 2,	 /* there is more than is looked at in one go: again from `line` */
};

/* What a header line says of the body. */
enum line_kind {
	LINE_OTHER = 0,
	LINE_LENGTH = 1,    /* a Content-Length line */
	LINE_CODING = 2,    /* a Transfer-Encoding line */
	LINE_AMBIGUOUS = 3, /* a line of one of these names, with white space behind it */
};

/* The lines of a head that have been read. */
struct head_lines {
	u64 length;  /* of the body, if FRAMING_LENGTH */
	u32 framing; /* enum framing_flags; both are read and added to */
	u32 line;
	u32 skipping; /* `line` is inside a line that does not matter, not at a start */
	u32 kind;
	u32 plain; /* with any of `framing`: where the first line that says something of the body begins */
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

	if ((u8)head != 'c' && (u8)head != 't')
		return LINE_OTHER;
	if (head == (WORD("content-") | WORD_LOWERCASE) &&
	    (word_at(w, line + 6) | WORD_LOWERCASE) == (WORD("t-length") | WORD_LOWERCASE)) {
		after = byte_at(w, line + 14);
		kind = LINE_LENGTH;
	} else if (head == (WORD("transfer") | WORD_LOWERCASE) &&
		   (word_at(w, line + 8) | WORD_LOWERCASE) == (WORD("-encodin") | WORD_LOWERCASE) &&
		   (byte_at(w, line + 16) | 0x20) == 'g') {
		after = byte_at(w, line + 17);
		kind = LINE_CODING;
	} else {
		return LINE_OTHER;
	}
	if (after == ':')
		return kind;
	return after == ' ' || after == '\t' ? LINE_AMBIGUOUS : LINE_OTHER;
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

/*
 * A number that is written and ends as nearly all do, " 1234" CR LF, all within the first `to` bytes; ~0 for any other. All
 * digits at once: each length is as quick, and no jump can be guessed wrong. Eight digits in three multiplications:
 * https://lemire.me/blog/2022/01/21/swar-explained-parsing-eight-digits/
 */
static __always_inline u64 short_number(const struct window *w, u32 from, u32 to)
{
	u64 word = word_at(w, from), digits = word >> 8 ^ WORD_ONES * '0', others;
	u32 bits;

	others = (((digits & ~WORD_HIGHS) + WORD_ONES * (0x80 - 10)) | digits) & WORD_HIGHS;
	bits = lowest_mark(others) * 8; /* the highest byte is none: there is always a mark */
	if ((u8)word != ' ' || !bits || bits > SHORT_NUMBER_DIGITS * 8 ||
	    (u16)(word >> 8 >> bits) != ('\r' | '\n' << 8) || !is_before(from + bits / 8 + 2, to))
		return ~0ull;
	digits <<= 64 - bits;
	digits = digits * 10 + (digits >> 8);
	return ((digits & 0xff000000ffull) * 0xf424000000064ull +
		(digits >> 16 & 0xff000000ffull) * 0x271000000001ull) >>
	       32;
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

/* A line that says something of the body begins at `line`. */
static __always_inline void note_framing(struct head_lines *head, u32 line)
{
	if (!head->framing)
		head->plain = line;
}

/* Takes in a Content-Length line. */
static __always_inline void frame_length(struct head_lines *head, u64 value)
{
	if (value == ~0ull || (head->framing & FRAMING_CODING) ||
	    ((head->framing & FRAMING_LENGTH) && head->length != value))
		head->framing |= FRAMING_BROKEN;
	head->framing |= FRAMING_LENGTH;
	head->length = value;
}

/* Takes in a Transfer-Encoding line; the codings of several lines are one list, so the last line decides. */
static __always_inline void frame_coding(struct head_lines *head, bool is_chunked)
{
	if (head->framing & (FRAMING_LENGTH | FRAMING_CHUNKED))
		head->framing |= FRAMING_BROKEN;
	head->framing |= FRAMING_CODING | (is_chunked ? FRAMING_CHUNKED : 0);
}

/*
 * Takes in a line that matters, and is the first of the range: LINES_BLANK if it is empty, LINES_END if its end is not within
 * the range, else LINES_MORE. Also for lines that only look as if they did. Few heads have one that gets here.
 */
WINDOW_FUNCTION_TO(u32, read_line, (u32 line_to), (line_to), struct head_lines, head)
{
	u32 line = range_from(line_to), kind;
	int end;

	if (!w || !head)
		return LINES_END;
	if (byte_at(w, line) == '\n') {
		head->line = line + 1;
		return LINES_BLANK;
	}
	kind = interesting_line(w, line);
	if (kind == LINE_OTHER)
		return LINES_MORE;
	end = find_newline(w, line_to);
	if (end < 0)
		return LINES_END;
	note_framing(head, line);
	if (kind == LINE_LENGTH)
		frame_length(head, parse_number(w, line + sizeof("content-length:") - 1));
	else if (kind == LINE_CODING)
		frame_coding(head, is_chunked(w, line, end + 1));
	else
		head->framing |= FRAMING_BROKEN;
	return LINES_MORE;
}

#endif
