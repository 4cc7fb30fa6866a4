/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* header_lines.h (pure): going through the lines of a head, from one newline to the next, for those that matter. */
#ifndef HTTPEEK_HEADER_LINES_H
#define HTTPEEK_HEADER_LINES_H

#include "framing_line.h"

enum {
	LINES_AT_ONCE = 32, /* lines of a window that are looked at in one go */
	BLOCK_BYTES = 32,   /* that are searched at once */
};

/* Where the line begins behind the last newline of the range, or the range's start. */
WINDOW_FUNCTION(u32, last_line, (u32 from_to), (from_to))
{
	u64 zero = opaque_zero, at = zero, marks;
	u32 from = range_from(from_to), to = range_to(from_to), i;

	if (!w)
		return 0;
	at = (to - 1) & ~7u;
	forget_bounds(at, WINDOW_MASK);
	marks = newline_marks(word_at(w, at)) & ~0ull >> (56 - ((to - 1) & 7) * 8);
	for (i = 0; i < WINDOW_BYTES / 8; i++) {
		if (marks) {
			u32 line = at + highest_mark(marks) + 1;

			return line > from ? line : from;
		}
		if (at <= from)
			break;
		at -= 8;
		forget_bounds(at, WINDOW_MASK);
		marks = newline_marks(word_at(w, at));
	}
	return from;
}

/*
 * As read_line(), without a call for those that nearly all lines are: others, the empty one, and a length written as usual.
 * The line begins within the first `to` bytes.
 */
static __always_inline u32 meet_line(struct window *w, u64 line, u32 to, struct head_lines *head)
{
	u64 word = word_at(w, line), value;

	if ((u16)word == ('\r' | '\n' << 8) && is_before(line + 1, to)) {
		head->line = line + 2;
		return LINES_BLANK;
	}
	word |= WORD_LOWERCASE;
	if (word == (WORD("content-") | WORD_LOWERCASE)) {
		if ((word_at(w, line + 6) | WORD_LOWERCASE) != (WORD("t-length") | WORD_LOWERCASE))
			return LINES_MORE;
		if (likely(byte_at(w, line + 14) == ':')) {
			value = short_number(w, line + sizeof("content-length:") - 1, to);
			if (likely(value != ~0ull)) {
				note_framing(head, line);
				frame_length(head, value);
				return LINES_MORE;
			}
		}
	} else if (word != (WORD("transfer") | WORD_LOWERCASE) && likely((u8)word != ('\n' | 0x20))) {
		return LINES_MORE;
	}
	return read_line(w, range(line, to), head);
}

/*
 * As newline_marks(), of a word in which newlines have become zeroes, with constants that are at hand. Whether there is a mark,
 * and the lowest one, are right; others may be there too many.
 */
static __always_inline u64 first_newline(u64 word, u64 minus_ones, u64 highs)
{
	return (word + minus_ones) & ~word & highs;
}

/* To the end of a line of which the range begins with a part. */
static __always_inline void skip_line(struct window *w, u32 from_to, struct head_lines *head)
{
	int newline = find_newline(w, from_to);

	head->skipping = newline < 0;
	head->line = newline + 1;
	head->kind = newline < 0 ? LINES_END : LINES_MORE;
}

/*
 * Goes through the header lines from head->line on, within the first `to` bytes, up to the empty one, and takes in what they
 * say of the body. head->skipping says that they begin in the middle of a line that does not matter. Newlines are looked for
 * in blocks of four words, because what a block without one takes is mostly the turn of the loop; with constants that the
 * compiler may not make anew each time: they are large, and code that is met once in a while is slow by its size.
 */
static __always_inline void read_lines(struct window *w, u32 to, struct head_lines *head)
{
	u64 at, newlines = WORD_NEWLINES, minus_ones = -WORD_ONES, highs = WORD_HIGHS;
	u32 from, i, kind;

	from = read_back(head->line);
	forget_bounds(to, WINDOW_BYTES * 2 - 1);
	if (!is_before(from, to)) { /* at the window's end masks would lead back to its start */
		head->kind = LINES_END;
		return;
	}
	if (unlikely(head->skipping)) {
		skip_line(w, range(from, to), head);
		return;
	}
	at = from;
	forget_bounds(at, WINDOW_BYTES * 2 - 1);
	opaque(newlines);
	opaque(minus_ones);
	opaque(highs);
	kind = meet_line(w, at, to, head);
	/* each round passes a block, or a line, or what only looked like a line's end */
	for (i = 0; i < WINDOW_BYTES / BLOCK_BYTES + LINES_AT_ONCE; i++) {
		const u8 *block = w->bytes + (at & WINDOW_MASK);
		u64 first, second, word, marks;

		if (kind != LINES_MORE)
			break;
		/* wrong only of words with bytes from 0x80 on, of which a head has few */
		first = (load_word(block) ^ newlines) + minus_ones;
		first |= (load_word(block + 8) ^ newlines) + minus_ones;
		second = (load_word(block + 16) ^ newlines) + minus_ones;
		second |= (load_word(block + 24) ^ newlines) + minus_ones;
		if (!((first | second) & highs)) {
			at += BLOCK_BYTES;
			forget_bounds(at, WINDOW_BYTES * 2 - 1);
			if (is_before(at, to))
				continue;
			kind = LINES_END;
			break;
		}
		if (!(first & highs)) {
			at += BLOCK_BYTES / 2;
			block = w->bytes + (at & WINDOW_MASK);
		}
		word = load_word(block) ^ newlines;
		marks = first_newline(word, minus_ones, highs);
		if (!marks) {
			at += 8;
			word = load_word(block + 8) ^ newlines;
			marks = first_newline(word, minus_ones, highs);
		}
		at += marks ? lowest_mark(marks) + 1 : 8;
		forget_bounds(at, WINDOW_BYTES * 2 - 1);
		if (!is_before(at, to)) {
			kind = LINES_END;
			break;
		}
		if (marks)
			kind = meet_line(w, at, to, head);
	}
	head->kind = kind;
	if (unlikely(kind == LINES_MORE)) { /* somewhere in a line whose start has been looked at */
		head->line = at;
		head->skipping = 1;
	}
	if (unlikely(kind == LINES_END))
		head->line = last_line(w, range(head->line, to));
}

#endif
