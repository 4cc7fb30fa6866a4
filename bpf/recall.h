/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * recall.h: heads that are known. Clients and servers repeat themselves: a head is often the same bytes as one before it, or
 * begins like it. Comparing takes a fraction of what reading takes, and only what is the same byte for byte is taken for known,
 * so that nothing is believed that reading would not say as well.
 *
 * Each workspace knows one head of each direction. Another one takes its place only after some strangers in a row: where heads
 * of two kinds come in turn, or all differ, replacing the known one with each would only cost.
 */
#ifndef HTTPEEK_RECALL_H
#define HTTPEEK_RECALL_H

#include "heads.h"

enum { STRANGERS_MASK = 7 }; /* of strangers in a row, every eighth is kept */
_Static_assert((STRANGERS_MASK & (STRANGERS_MASK + 1)) == 0, "masks need a power of two");

/* What of a head was known. */
enum recalled {
	RECALLED_NOTHING = 0,
	RECALLED_START = 1, /* the start line, and maybe header lines */
	RECALLED_ALL = 2,
};

#ifndef HTTPEEK_COMPAT

/* Whether a block of the window differs from one of the known head. */
static __always_inline bool differs(const struct window *w, u64 at, const struct known_head *known, u64 known_at)
{
	const u8 *a = w->bytes + (at & WINDOW_MASK), *b = known->window.bytes + (known_at & WINDOW_MASK);

	return (load_word(a) ^ load_word(b)) | (load_word(a + 8) ^ load_word(b + 8)) |
	       (load_word(a + 16) ^ load_word(b + 16)) | (load_word(a + 24) ^ load_word(b + 24));
}

/*
 * How many bytes are the same, from w[from] and the known head's `known_from` on, or at least so many: all that the one or the
 * other has if they do not differ, and less than a block is none. The window has `total` bytes.
 */
static __always_inline u64 common_bytes(const struct window *w, u64 from, const struct known_head *known,
					u64 known_from, u64 total)
{
	u64 at = opaque_zero, bytes = read_back(known->bytes) - known_from, last;
	u32 i;

	if (is_before(total - from, bytes))
		bytes = total - from;
	if (is_before(bytes, BLOCK_BYTES))
		return 0;
	last = bytes - BLOCK_BYTES;
	forget_bounds(last, WINDOW_MASK);
	for (i = 0; i < WINDOW_BYTES / BLOCK_BYTES; i++) {
		if (differs(w, from + at, known, known_from + at))
			return at;
		if (at == last)
			return bytes;
		at += BLOCK_BYTES;
		if (is_before(last, at)) /* the last block ends where the bytes do, and may overlap the one before */
			at = last;
		forget_bounds(at, WINDOW_MASK);
	}
	return 0;
}

/* Where reading goes on behind so many common bytes of header lines, of which the first begins at `from`. */
static __always_inline u32 unknown_line(struct window *w, const struct known_head *known, u32 from, u64 common)
{
	u64 plain = read_back(known->plain_bytes);

	return is_before(common, plain) ? last_line(w, range(from, from + common)) : from + plain;
}

/* The header lines are the known ones; the first begins at `from`, the head ends at `end`. */
static __always_inline void take_lines(struct head_lines *head, const struct known_head *known, u32 from, u32 end)
{
	head->length = known->length;
	head->framing = known->framing;
	head->plain = from + known->plain_bytes;
	head->line = end;
	head->skipping = 0;
	head->kind = LINES_BLANK;
}

/*
 * Takes what is known of the head whose first byte is the window's: enum recalled. If its start line is known but not all of it,
 * the header lines are passed over that are the same and say nothing of the body.
 */
static __always_inline u32 recall(source *src, struct connection *c, struct workspace *ws)
{
	struct segment *seg = &ws->segment;
	u32 is_request = read_back(seg->is_request) & 1;
	struct known_head *known = &ws->known[is_request];
	struct head_lines *head = &ws->head;
	u64 common, lines;
	struct stream *s;

	if (is_request &&
	    (cfg_watch || known->base_hash != c->base_hash)) /* watchers are shown what was read of the line */
		return RECALLED_NOTHING;
	common = common_bytes(&ws->window, 0, known, 0, read_back(ws->total));
	lines = read_back(known->lines);
	if (!is_before(lines, common))
		return RECALLED_NOTHING;
	if (is_request || !c->serves) /* as in begin_response() */
		become_http(c);
	s = stream_of(c, is_request);
	s->started_ns = segment_time_ns(src, seg);
	s->what = known->what;
	s->method = known->method;
	s->state = STREAM_HEADERS;
	ws->lines = lines;
	if (likely(common == known->bytes)) {
		take_lines(head, known, lines, common);
		if (unlikely(known->strangers))
			known->strangers = 0;
		return RECALLED_ALL;
	}
	head->length = 0;
	head->framing = 0;
	head->line = unknown_line(&ws->window, known, lines, common - lines);
	head->skipping = 0;
	return RECALLED_START;
}

/* How many bytes of header lines the window, and the known head of its direction, have in common. */
VERIFIED_ONCE u32 common_lines(struct workspace *ws)
{
	struct known_head *known;

	if (!ws)
		return 0;
	known = &ws->known[ws->segment.is_request & 1];
	return common_bytes(&ws->window, read_back(ws->lines), known, read_back(known->lines), read_back(ws->total));
}

/*
 * The header lines of a head whose start line is not the known one: as above. Returns whether all are the known ones.
 */
static __always_inline bool recall_lines(struct workspace *ws)
{
	const struct known_head *known = &ws->known[read_back(ws->segment.is_request) & 1];
	u32 from = read_back(ws->lines), lines = read_back(known->lines), common;

	if (differs(&ws->window, from, known, lines)) /* without a call */
		return false;
	common = common_lines(ws);
	if (!common)
		return false;
	if (common == known->bytes - lines) {
		take_lines(&ws->head, known, from, from + common);
		return true;
	}
	ws->head.line = unknown_line(&ws->window, known, from, common);
	return false;
}

/* The head with which the window begins, and which has been read to its end at ws->head.line, becomes the known one. */
SEGMENT_FUNCTION(keep_head)
{
	u64 at = opaque_zero, bytes;
	struct known_head *known;
	const struct stream *s;
	u32 is_request, i;

	if (source_missing(src) || !c || !ws)
		return 0;
	is_request = read_back(ws->segment.is_request) & 1;
	known = &ws->known[is_request];
	s = stream_of(c, is_request);
	bytes = read_back(ws->head.line);
	/* a request of "(other)" may have an endpoint of its own the next time */
	if (bytes < BLOCK_BYTES || (is_request && s->what < LIMIT_OTHER_ENDPOINTS))
		return 0;
	for (i = 0; i < WINDOW_BYTES / 8; i++) {
		store_word(known->window.bytes + (at & WINDOW_MASK), word_at(&ws->window, at));
		at += 8;
		forget_bounds(at, WINDOW_BYTES * 2 - 1);
		if (!is_before(at, bytes))
			break;
	}
	known->bytes = bytes;
	known->lines = ws->lines;
	known->plain_bytes = (s->framing ? ws->head.plain : bytes) - ws->lines;
	known->base_hash = is_request ? c->base_hash : 0;
	known->what = s->what;
	known->method = s->method;
	known->length = s->length;
	known->framing = s->framing;
	return 0;
}

/* A head has been read that is not wholly the known one. */
static __always_inline void meet_stranger(source *src, struct connection *c, struct workspace *ws)
{
	struct known_head *known = &ws->known[read_back(ws->segment.is_request) & 1];

	if (!(++known->strangers & STRANGERS_MASK) || !known->bytes)
		keep_head(src, c, ws);
}

static __always_inline u32 recalled_of(struct workspace *ws)
{
	return read_back(ws->recalled);
}

#else /* the verifiers of old kernels would have too much to look at */

static __always_inline u32 recall(source *src, struct connection *c, struct workspace *ws)
{
	return RECALLED_NOTHING;
}

static __always_inline u32 recalled_of(struct workspace *ws)
{
	return RECALLED_NOTHING;
}

static __always_inline bool recall_lines(struct workspace *ws)
{
	return false;
}

static __always_inline void meet_stranger(source *src, struct connection *c, struct workspace *ws)
{
}

#endif
#endif
