/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * window.h (pure): the piece of a byte stream that the parsers look at, and word-at-a-time searching in it.
 *
 * A source (source_skb.h) fills the window; the parsers read it through the functions below, whose masks tell the
 * verifier that no access leaves it. Whether an offset is within the bytes that were filled is the parser's business:
 * bytes past the end are stale or zero, never foreign memory.
 */
#ifndef HTTPEEK_WINDOW_H
#define HTTPEEK_WINDOW_H

#include "base.h"

enum {
	WINDOW_BYTES = 1024, /* parsed at once: most heads whole */
	WINDOW_SLACK = 32,   /* loads at the last offsets run into this */
	WINDOW_MASK = WINDOW_BYTES - 1,
};
_Static_assert((WINDOW_BYTES & WINDOW_MASK) == 0, "masks need a power of two");

#ifdef __bpf__
typedef u64 __attribute__((may_alias)) unaligned_u64;
#endif

struct window {
	u8 bytes[WINDOW_BYTES + WINDOW_SLACK];
} __attribute__((aligned(8)));

static __always_inline u8 byte_at(const struct window *w, u32 at)
{
	return w->bytes[at & WINDOW_MASK];
}

/*
 * Eight bytes, the first one lowest (little-endian hosts only, as the generated layouts are). One load: of a memcpy() from
 * an address that may be odd, clang makes eight loads for BPF and puts them together, though both processors that are
 * supported load from any address and verifiers of their kernels allow it.
 */
static __always_inline u64 load_word(const u8 *bytes)
{
#ifdef __bpf__
	return *(const unaligned_u64 *)bytes;
#else
	u64 word;

	__builtin_memcpy(&word, bytes, sizeof(word));
	return word;
#endif
}

static __always_inline void store_word(u8 *bytes, u64 word)
{
#ifdef __bpf__
	*(unaligned_u64 *)bytes = word;
#else
	__builtin_memcpy(bytes, &word, sizeof(word));
#endif
}

static __always_inline u64 word_at(const struct window *w, u32 at)
{
	return load_word(w->bytes + (at & WINDOW_MASK));
}

/* A range of the window, packed for functions that take few arguments. */
static __always_inline u32 range(u32 from, u32 to)
{
	return from | to << 16;
}

static __always_inline u32 range_from(u32 packed)
{
	return packed & 0xffff;
}

static __always_inline u32 range_to(u32 packed)
{
	return packed >> 16;
}

/* Whether a < b, of offsets; tells the verifier nothing of either, so that the states of a loop stay alike. */
static __always_inline bool is_before(u64 a, u64 b)
{
	u64 less = a - b;

	opaque(less);
	return (s64)less < 0;
}

/* A literal of up to eight characters as the word that word_at() would give for it. */
#define WORD_CHAR(s, i) ((i) < sizeof(s) - 1 ? (u64)(u8)(s)[(i) < sizeof(s) - 1 ? (i) : 0] << (8 * (i)) : 0)
#define WORD(s)                                                                                                        \
	(WORD_CHAR(s, 0) | WORD_CHAR(s, 1) | WORD_CHAR(s, 2) | WORD_CHAR(s, 3) | WORD_CHAR(s, 4) | WORD_CHAR(s, 5) |   \
	 WORD_CHAR(s, 6) | WORD_CHAR(s, 7))

#define WORD_ONES 0x0101010101010101ull
#define WORD_HIGHS 0x8080808080808080ull
#define WORD_LOWERCASE 0x2020202020202020ull /* or-ed onto letters makes them lower case */
#define WORD_NEWLINES (WORD_ONES * '\n')

/* The high bit of every byte of `word` that is a newline (exact: no carry runs from one byte into the next). */
static __always_inline u64 newline_marks(u64 word)
{
	u64 x = word ^ WORD_NEWLINES;

	return ~(((x & ~WORD_HIGHS) + ~WORD_HIGHS) | x | ~WORD_HIGHS);
}

/* Index of the lowest marked byte; marks is not 0. */
static __always_inline u32 lowest_mark(u64 marks)
{
	return ((((marks & -marks) - 1) & WORD_ONES) * WORD_ONES >> 56) - 1;
}

/* Index of the highest one. */
static __always_inline u32 highest_mark(u64 marks)
{
	u64 upto = marks >> 7;

	upto |= upto >> 8;
	upto |= upto >> 16;
	upto |= upto >> 32;
	return (upto * WORD_ONES >> 56) - 1;
}

/* Offset of the first newline of the range, or -1 if there is none. */
WINDOW_FUNCTION(int, find_newline, (u32 from_to), (from_to))
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

#endif
