/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * conversation.h: one segment's way through the parsers: load a window, read what is in it, move the stream on, until
 * the segment is used up. Here the pure parts (framing.h, header_lines.h) meet the connection (heads.h) and the packet (carry.h).
 *
 */
#ifndef HTTPEEK_CONVERSATION_H
#define HTTPEEK_CONVERSATION_H

#include "carry.h"
#include "heads.h"

enum {
	FRAMING_LINES_PER_WINDOW = 6, /* of those that take read_framing_line(); further ones wait for the next */
	/* A GSO segment of 64 KB holds at most 3,600 of the shortest requests; two short loops cost the verifier less. */
	STEPS_PER_STRIDE = 64,
	STRIDES_PER_SEGMENT = 64,
};

/*
 * Parses one window at s->next: `n` new bytes, which are those of the segment from `at` on, behind what was carried.
 * Returns 1 if there may be more to parse in this segment.
 */
static __always_inline int parse_window(source *src, struct connection *c, struct workspace *ws, struct window *w,
					u64 at_n)
{
	u32 at = at_n >> 32, n = at_n, carried, total, from = 0, line, i;
	struct segment *seg;
	struct stream *s;
	struct head_lines *head;
	u64 base;  /* position of w[0] */
	bool more; /* bytes of the segment that are not in the window */

	if (!c || !ws || !w)
		return 0;
	seg = &ws->segment;
	head = &ws->head;
	s = stream_of(c, seg->is_request);
	carried = s->carried;
	total = carried + n;
	base = s->next - carried;
	more = n < seg->bytes - at;
	if (unlikely(s->state == STREAM_CHUNK)) {
		if (frame_chunk(s, w, total))
			return 1;
		lose_framing(c, seg->is_request, seg->is_request ? COUNTER_REQUEST_FRAMING : COUNTER_RESPONSE_FRAMING);
		return 0;
	}
	if (likely(s->state == STREAM_START)) {
		int begun;

		if (likely(!carried)) {
			u8 first = byte_at(w, 0);

			if (unlikely(first == '\r' || first == '\n')) { /* RFC 9112 section 2.2 */
				s->next++;
				return 1;
			}
			s->started_ns = segment_time_ns(src, seg);
		}
		begun = seg->is_request ? begin_request(c, ws, w, total, &from) : begin_response(c, w, total, &from);
		if (unlikely(begun < 0)) {
			if (cfg_tls && c->mode != MODE_HTTP && begins_with_tls(w)) {
				become_tls(c);
				note_random(c, w, total);
			} else {
				reject(c, seg->is_request, begun);
			}
			return 0;
		}
		if (unlikely(begun == PARSE_MORE)) {
			keep_line(src, c, seg, at_n, range(0, total));
			return 0;
		}
		s->state = STREAM_HEADERS;
		s->framing = 0;
		s->length = 0;
		if (cfg_watch && seg->is_request)
			watch_request(src, c, ws, w, total);
	}
	head->length = s->length;
	head->framing = s->framing;
	for (i = 0; i < FRAMING_LINES_PER_WINDOW; i++) {
		read_lines(w, range(from, total), i ? 0 : s->skipping, head);
		if (likely(head->kind != LINES_FRAMING))
			break;
		read_framing_line(w, range(head->line, total), head);
		if (head->kind == LINES_END)
			break;
		from = head->line;
	}
	s->skipping = head->skipping;
	line = head->line;
	if (likely(s->state == STREAM_HEADERS)) {
		s->length = head->length;
		s->framing = head->framing;
	}
	if (likely(head->kind == LINES_BLANK)) {
		if (unlikely(carried))
			drop_carry(src, seg->is_request);
		s->carried = 0;
		if (likely(s->state == STREAM_HEADERS))
			return head_complete(src, c, ws, base + line);
		s->state = STREAM_START;
		s->next = base + line;
		return 1;
	}
	if (unlikely(head->kind == LINES_MORE)) {
		s->carried = 0;
		s->next = base + line;
		return 1;
	}
	if (!s->skipping && line != total) {
		if (more && line) { /* the unfinished line goes on in this segment: begin there */
			s->carried = 0;
			s->next = base + line;
			return 1;
		}
		if (may_matter(w, line, total - line)) {
			if (total - line < WINDOW_BYTES) {
				keep_line(src, c, seg, at_n, range(line, total));
				return 0;
			}
			s->framing |= FRAMING_BROKEN; /* a length or coding too long to read */
		}
		s->skipping = 1;
	}
	s->carried = 0;
	s->next += n;
	return more;
}

/* One step through a segment: loads the window at s->next and parses it. Returns 1 while there may be more. */
SEGMENT_FUNCTION(step)
{
	struct segment *seg;
	struct stream *s;
	struct window *w;
	u32 carried;
	u64 at, n;

	if (source_missing(src) || !c || !ws)
		return 0;
	seg = &ws->segment;
	s = stream_of(c, seg->is_request);
	if (c->mode >= MODE_OPAQUE || s->state >= STREAM_UNTIL_CLOSE || s->state == STREAM_UNKNOWN)
		return 0;
	at = s->next - seg->pos;
	if (at >= seg->bytes)
		return 0;
	n = seg->bytes - at;
	carried = s->carried;
	if (likely(!carried)) {
		if (s->state == STREAM_CHUNK && n > CHUNK_LINE_BYTES)
			n = CHUNK_LINE_BYTES;
		if (n > WINDOW_BYTES)
			n = WINDOW_BYTES;
		if (!load_payload(src, seg, at, ws->window.bytes, n))
			return 0;
		w = &ws->window;
	} else {
		struct carry *carry = find_carry(src, seg->is_request, 0);

		if (!carry || carried >= WINDOW_BYTES) {
			lose_framing(c, seg->is_request, COUNTER_CARRY_REFUSED);
			return 0;
		}
		if (n > WINDOW_BYTES - carried)
			n = WINDOW_BYTES - carried;
		forget_bounds(carried, WINDOW_MASK);
		if (!load_payload(src, seg, at, carry->bytes + carried, n))
			return 0;
		w = carried_window(ws, carry);
	}
	return parse_window(src, c, ws, w, at << 32 | n);
}

/* Steps until the segment is used up. Returns 1 if the steps were used up first. */
SEGMENT_FUNCTION(stride)
{
	u32 i;

	struct stream *s;

	if (source_missing(src) || !c || !ws)
		return 0;
	s = stream_of(c, ws->segment.is_request);
	for (i = 0; i < STEPS_PER_STRIDE; i++)
		if (!step(src, c, ws) || s->next - ws->segment.pos >= ws->segment.bytes)
			return 0;
	return 1;
}

#endif
