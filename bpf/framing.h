/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * framing.h (pure): where messages begin and end in one direction of a connection.
 *
 * A stream knows the absolute position of the next byte that has to be looked at. Body bytes are never looked at: a
 * length moves the position past them. That is what keeps HTTP text inside bodies from being counted, and what makes a
 * segment of a body cost one comparison.
 *
 * Positions are 64 bits; their low half is the TCP sequence number. The high half is kept from the highest position
 * seen, so bodies of any length and wrapping sequence numbers need no special case.
 */
#ifndef HTTPEEK_FRAMING_H
#define HTTPEEK_FRAMING_H

#include "header_lines.h"
#include "start_line.h"

enum {
	CHUNK_LINE_BYTES = 24, /* bytes of a chunk-size line parsed at once; it resumes byte by byte */
	CHUNK_DIGITS = 15,     /* a chunk size of more hex digits than this is refused */
};

enum stream_state {
	STREAM_UNKNOWN = 0,	/* the position is not known: the connection is older than the program */
	STREAM_START = 1,	/* at the first byte of a message (or an empty line before it) */
	STREAM_HEADERS = 2,	/* at the start of a header line, or inside one if `skipping` */
	STREAM_CHUNK = 3,	/* in a chunk-size line */
	STREAM_TRAILERS = 4,	/* like headers, but nothing in them matters */
	STREAM_UNTIL_CLOSE = 5, /* the body ends with the connection */
	STREAM_LOST = 6,	/* framing was lost; waits for a point where it is certain again */
};

enum { CHUNK_DATA_END = 2 }; /* the line end behind a chunk's data has not passed yet */

/* One direction of a connection. */
struct stream {
	u64 next;	/* position of the next byte to look at; STREAM_UNTIL_CLOSE: beyond everything */
	u64 top;	/* highest position seen */
	u64 length;	/* Content-Length, or the chunk size read so far */
	u64 started_ns; /* when the first byte of the current head passed */
	u32 ack;	/* what this direction's last segment acknowledged of the other one; 0 = none yet */
	u32 busy;	/* a CPU is in this stream */
	u16 what;	/* the current message's: of a request the slot of its endpoint, of a response its status */
	u16 carried;	/* bytes of an unfinished line kept in the carry, all before `next` */
	u8 state;
	u8 skipping; /* inside a line that does not matter; STREAM_CHUNK: or CHUNK_DATA_END */
	u8 framing;
	u8 method; /* requests: enum method; STREAM_CHUNK: digits read so far */
};
_Static_assert(sizeof(struct stream) == 48, "struct stream: with two words beside it, a cache line");

/* The position of a sequence number: the one nearest to the highest position seen. */
static __always_inline u64 position_of(const struct stream *s, u32 seq)
{
	return s->top + (s32)(seq - (u32)s->top);
}

/*
 * Whether the receiver has bytes that had to be looked at here and never passed: no hook saw them, or one had to let
 * them go. An acknowledgement is certain: on both ends the hooks see a byte before its receiver does.
 */
static __always_inline bool is_behind(const struct stream *s, u32 ack)
{
	return ack && position_of(s, ack) > s->next;
}

/* What follows a head, from its lines (RFC 9112 section 6.3), leaving the exceptions for HEAD and so on to the caller. */
static __always_inline void frame_body(struct stream *s, u64 end, bool until_close_if_unknown)
{
	s->next = end;
	s->state = STREAM_START;
	if (s->framing & FRAMING_CHUNKED) {
		s->state = STREAM_CHUNK;
		s->length = 0;
		s->method = 0;
		s->skipping = 0;
	} else if (s->framing & FRAMING_LENGTH) {
		s->next = end + s->length;
	} else if (until_close_if_unknown) {
		s->state = STREAM_UNTIL_CLOSE;
		s->next = ~0ull;
	}
}

/*
 * Reads a chunk-size line, resuming byte by byte, so that one may be cut anywhere: [CR LF of the data before] hex digits
 * [";" extension] CR LF. The window starts at s->next. Advances s->next; returns false if the line is no chunk size.
 *
 * The state stays in memory (volatile): what is read from there is unknown to the verifier, so that its loop states
 * converge.
 */
VERIFIED_ONCE int frame_chunk(struct stream *stream, struct window *w, u32 total)
{
	volatile struct stream *s = stream;
	u32 i;

	if (!s || !w)
		return 0;
	for (i = 0; i < CHUNK_LINE_BYTES; i++) {
		u8 c, digit;

		if (i >= total)
			break;
		c = byte_at(w, i);
		if (s->skipping == CHUNK_DATA_END) {
			if (c == '\n')
				s->skipping = 0;
			else if (c != '\r')
				return 0; /* more data than the size said */
			continue;
		}
		if (c == '\n') {
			if (!s->method)
				return 0;
			s->next += i + 1;
			s->skipping = s->length ? CHUNK_DATA_END : 0;
			if (s->length)
				s->next += s->length;
			else
				s->state = STREAM_TRAILERS;
			s->length = 0;
			s->method = 0;
			return 1;
		}
		if (s->skipping)
			continue;
		if (s->method && (c == ';' || c == ' ' || c == '\t' || c == '\r')) {
			s->skipping = 1;
			continue;
		}
		digit = c - '0';
		if (digit > 9) {
			digit = (c | 0x20) - 'a';
			if (digit > 5)
				return 0;
			digit += 10;
		}
		if (s->method >= CHUNK_DIGITS)
			return 0;
		s->length = s->length << 4 | digit;
		s->method++;
	}
	s->next += i;
	return 1;
}

/*
 * Whether an unfinished header line, of which `bytes` bytes stand at w[line], could still matter. Lines that cannot are
 * skipped instead of kept.
 */
static __always_inline bool may_matter(const struct window *w, u32 line, u32 bytes)
{
	u8 first = byte_at(w, line);
	u64 head = word_at(w, line) | WORD_LOWERCASE;

	if (first == '\r')
		return bytes == 1;
	if (bytes < 8) {
		first |= 0x20;
		return first == 'c' || first == 't';
	}
	if (bytes >= LONGEST_NAME_BYTES)
		return interesting_line(w, line) != LINE_OTHER;
	return head == (WORD("content-") | WORD_LOWERCASE) || head == (WORD("transfer") | WORD_LOWERCASE);
}

#endif
