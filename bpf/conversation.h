/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * conversation.h: one segment's way through the parsers: load a window, read what is in it, move the stream on, until
 * the segment is used up. Here the pure parts (framing.h, header_lines.h) meet the connection (heads.h) and the packet (carry.h).
 */
#ifndef HTTPEEK_CONVERSATION_H
#define HTTPEEK_CONVERSATION_H

#include "carry.h"
#include "recall.h"

enum {
	/* A GSO segment of 64 KB holds at most 3,600 of the shortest requests; two short loops cost the verifier less. */
	STEPS_PER_STRIDE = 64,
	STRIDES_PER_SEGMENT = 64,
};

/* What parse_start() says of the window; parse_lines() one of the first two. */
enum parsed {
	PARSED_STOP = 0,  /* nothing more of this segment */
	PARSED_MORE = 1,  /* there may be more, from s->next on */
	PARSED_LINES = 2, /* header lines begin in the window at ws->head.line */
};

/* A message's first line, or what stands in a body between chunks: up to the header lines of the window. */
static __always_inline int parse_start(source *src, struct connection *c, struct workspace *ws)
{
	struct segment *seg = &ws->segment;
	bool is_request = seg->is_request;
	struct stream *s = stream_of(c, is_request);
	u32 total = read_back(ws->total), from = 0;
	struct window *w = &ws->window;

	if (unlikely(s->state == STREAM_CHUNK)) {
		if (frame_chunk(s, w, total))
			return PARSED_MORE;
		lose_framing(c, is_request, is_request ? COUNTER_REQUEST_FRAMING : COUNTER_RESPONSE_FRAMING);
		return PARSED_STOP;
	}
	if (likely(s->state == STREAM_START)) {
		int begun;

		if (likely(!s->carried)) {
			u8 first = byte_at(w, 0);

			if (unlikely(first == '\r' || first == '\n')) { /* RFC 9112 section 2.2 */
				s->next++;
				return PARSED_MORE;
			}
			s->started_ns = segment_time_ns(src, seg);
		}
		begun = is_request ? begin_request(c, ws, w, total, &from) : begin_response(c, w, total, &from);
		if (unlikely(begun < 0)) {
			if (cfg_tls && c->mode != MODE_HTTP && begins_with_tls(w)) {
				become_tls(c);
				note_random(c, w, total);
			} else {
				reject(c, is_request, begun);
			}
			return PARSED_STOP;
		}
		if (unlikely(begun == PARSE_MORE)) {
			keep_line(src, c, ws, range(0, total));
			return PARSED_STOP;
		}
		s->state = STREAM_HEADERS;
		s->framing = 0;
		s->length = 0;
		if (cfg_watch && is_request)
			watch_request(src, c, ws, w, total);
	}
	ws->head.line = from;
	ws->lines = from;
	return PARSED_LINES;
}

/*
 * The header lines of the window, and what follows them. Everything that it needs is read from memory, as in a function of its
 * own, so that the verifier looks at it once, however the lines were reached; but calls are expensive.
 */
static __always_inline int parse_lines(source *src, struct connection *c, struct workspace *ws, bool recalls)
{
	struct head_lines *head = &ws->head;
	struct segment *seg = &ws->segment;
	struct window *w = &ws->window;
	u32 n, carried, total, line, recalled;
	struct stream *s;
	u64 base;  /* position of w[0] */
	bool more; /* bytes of the segment that are not in the window */

	s = stream_of(c, seg->is_request);
	recalled = recalls ? recalled_of(ws) : RECALLED_NOTHING;
	if (recalled == RECALLED_NOTHING) {
		head->length = s->length;
		head->framing = s->framing;
		head->skipping = s->skipping;
		if (recalls && ws->is_whole && !s->skipping && recall_lines(ws))
			recalled = RECALLED_ALL;
	}
	if (recalled != RECALLED_ALL)
		read_lines(w, read_back(ws->total), head);
	s = stream_of(c, read_back(seg->is_request));
	n = ws->bytes;
	total = ws->total;
	carried = s->carried;
	base = s->next - carried;
	more = n < seg->bytes - ws->at;
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
		if (likely(s->state == STREAM_HEADERS)) {
			if (recalls && ws->is_whole && unlikely(recalled_of(ws) != RECALLED_ALL))
				meet_stranger(src, c, ws);
			return head_complete(src, c, ws, base + line);
		}
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
				keep_line(src, c, ws, range(line, total));
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

/*
 * Loads what was carried of a line, and behind it what comes next in the segment. Returns how many bytes of the segment are in
 * the window, 0 if it cannot go on.
 */
SEGMENT_FUNCTION(load_carried)
{
	struct segment *seg;
	struct carry *carry;
	struct stream *s;
	u32 carried;
	u64 at, n;

	if (source_missing(src) || !c || !ws)
		return 0;
	seg = &ws->segment;
	s = stream_of(c, seg->is_request);
	carried = s->carried;
	carry = find_carry(src, seg->is_request, 0);
	if (!carry || carried >= WINDOW_BYTES) {
		lose_framing(c, seg->is_request, COUNTER_CARRY_REFUSED);
		return 0;
	}
	at = s->next - seg->pos;
	n = seg->bytes - at;
	if (n > WINDOW_BYTES - carried)
		n = WINDOW_BYTES - carried;
	forget_bounds(carried, WINDOW_MASK);
	if (!load_payload(src, seg, at, carry->bytes + carried, n))
		return 0;
	__builtin_memcpy(ws->window.bytes, carry->bytes, WINDOW_BYTES);
	return n;
}

/*
 * One step through a segment of HTTP: loads the window at s->next and parses it. Returns 1 while there may be more.
 * `recalls`: heads may be known.
 */
static __always_inline int take_step(source *src, struct connection *c, struct workspace *ws, bool recalls)
{
	struct segment *seg;
	struct stream *s;
	u32 recalled = RECALLED_NOTHING;
	u64 at, n;
	int parsed;

	seg = &ws->segment;
	s = stream_of(c, seg->is_request);
	if (s->state >= STREAM_UNTIL_CLOSE || s->state == STREAM_UNKNOWN)
		return 0;
	at = s->next - seg->pos;
	if (at >= seg->bytes)
		return 0;
	n = seg->bytes - at;
	if (likely(!s->carried)) {
		if (s->state == STREAM_CHUNK && n > CHUNK_LINE_BYTES)
			n = CHUNK_LINE_BYTES;
		if (n > WINDOW_BYTES)
			n = WINDOW_BYTES;
		if (!load_payload(src, seg, at, ws->window.bytes, n))
			return 0;
	} else {
		n = load_carried(src, c, ws);
		if (!n)
			return 0;
	}
	ws->at = at;
	ws->bytes = n;
	ws->total = s->carried + n;
	if (recalls) {
		ws->is_whole = s->state == STREAM_START && !s->carried;
		recalled = ws->is_whole ? recall(src, c, ws) : RECALLED_NOTHING;
		ws->recalled = recalled;
	}
	if (recalled == RECALLED_NOTHING) {
		parsed = parse_start(src, c, ws);
		if (unlikely(parsed != PARSED_LINES))
			return parsed;
	}
	return parse_lines(src, c, ws, recalls);
}

/* The same, of another segment or another step than the first one. */
SEGMENT_FUNCTION(step)
{
	if (source_missing(src) || !c || !ws)
		return 0;
	if (c->mode >= MODE_OPAQUE) /* since the step before */
		return 0;
	return take_step(src, c, ws, false);
}

/*
 * The first step, which is the only one of most segments, without a call: where a kernel has to keep a processor from guessing
 * where functions return to, each return waits. Only here heads are recalled. The verifiers of old kernels would have too much to
 * look at.
 */
static __always_inline int take_first_step(source *src, struct connection *c, struct workspace *ws)
{
#ifdef HTTPEEK_COMPAT
	return step(src, c, ws);
#else
	return take_step(src, c, ws, true);
#endif
}

/* Steps until the segment is used up. Returns 1 if the steps were used up first. */
SEGMENT_FUNCTION(stride)
{
	struct stream *s;
	u32 i;

	if (source_missing(src) || !c || !ws)
		return 0;
	s = stream_of(c, ws->segment.is_request);
	for (i = 0; i < STEPS_PER_STRIDE; i++)
		if (!step(src, c, ws) || s->next - ws->segment.pos >= ws->segment.bytes)
			return 0;
	return 1;
}

#endif
