/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * segments.h: from a segment to its stream: which way it goes, whether it is the next, an old or an early one, and into the
 * parsers with it.
 */
#ifndef HTTPEEK_SEGMENTS_H
#define HTTPEEK_SEGMENTS_H

#include "begin.h"
#include "conversation.h"
#include "lease.h"
#include "resume.h"

/*
 * A segment beyond the next position. What is missing comes again if the receiver lacks it too; if framing arrives at
 * bytes that passed before their turn, nobody can look at them any more. Bodies may be skipped over in any order.
 */
static __always_inline void note_hole(struct connection *c, struct stream *s, const struct segment *seg)
{
	u64 *hole = &c->holes[seg->is_request & 1];
	u32 seq = *hole >> 32, bytes = *hole;
	u64 start = position_of(s, seq), end = seg->pos + seg->bytes, hole_end = start + bytes;

	if (!bytes || s->next >= hole_end) {
		*hole = (u64)seg->seq << 32 | seg->bytes;
		return;
	}
	if (s->next >= start) {
		lose_framing(c, seg->is_request, seg->is_request ? COUNTER_REQUEST_GAP : COUNTER_RESPONSE_GAP);
		return;
	}
	if (seg->pos < start) {
		seq = seg->seq;
		start = seg->pos;
	}
	*hole = (u64)seq << 32 | (u32)((end > hole_end ? end : hole_end) - start);
}

/*
 * Whether the segment has nothing that has to be looked at: it lies in a body, or was seen before. The cheap way out for
 * bodies. It needs no lock: the next position only grows, so what is behind it now stays behind it.
 */
static __always_inline bool is_passed(struct stream *s, struct segment *seg)
{
	u64 end;

	seg->pos = position_of(s, seg->seq);
	end = seg->pos + seg->bytes;
	s->ack = seg->ack;
	if (end > s->top)
		s->top = end;
	return likely(s->state != STREAM_LOST) && end <= s->next;
}

/* Whether a segment begins at the next position, or before it and goes beyond. */
static __always_inline bool is_next(const struct stream *s, const struct segment *seg)
{
	return s->state != STREAM_LOST && seg->pos <= s->next && seg->pos + seg->bytes > s->next;
}

/* Whether a segment that is not simply the next one is the one to look at now. */
static __always_inline bool is_next_after_all(struct connection *c, struct stream *s, const struct segment *seg)
{
	u32 ack;

	if (s->state != STREAM_LOST) {
		if (seg->pos + seg->bytes <= s->next)
			return false; /* another CPU was faster */
		ack = seg->is_request ? c->response.ack : c->request.ack;
		if (is_behind(s, ack)) /* if it is no late copy of what was received, framing may go on: catch_up() */
			return seg->pos + seg->bytes > position_of(s, ack);
		note_hole(c, s, seg);
	}
	return s->state == STREAM_LOST && seg->is_request; /* it may go on with this one: resume_requests() */
}

/* The first step through the segment in the workspace, which is not simply the next one. */
SEGMENT_FUNCTION(step_after_all)
{
	struct segment *seg;

	if (source_missing(src) || !c || !ws)
		return 0;
	seg = &ws->segment;
	return is_next_after_all(c, stream_of(c, seg->is_request), seg) && goes_on(src, c, ws) && step(src, c, ws);
}

/*
 * A connection met in the middle: waits for a segment that begins with a whole request line. That tells the role, and
 * the request's acknowledgement number tells where the response direction stands.
 * Returns 1 if the segment begins a request.
 */
SEGMENT_FUNCTION(meet)
{
	struct segment *seg;
	struct bpf_sock *sk;

	if (source_missing(src) || !c || !ws)
		return 0;
	seg = &ws->segment;
	sk = full_socket(src);
	if (!sk)
		return 0;
	if (!begins_with_request(src, ws)) {
		if (cfg_tls && begins_with_tls(&ws->window))
			become_tls(c);
		else if (++c->tries >= ADOPT_TRIES)
			become_opaque(c, COUNTER_NOT_HTTP);
		return 0;
	}
	count(COUNTER_ADOPTED);
	begin_stream(c, true, first_position(seg->seq), STREAM_START);
	begin_stream(c, false, first_position(seg->ack), STREAM_START);
	become_http(c);
	set_role(c, sk, seg->is_egress ? ROLE_CLIENT : ROLE_SERVER);
	c->serves = c->role == ROLE_SERVER;
	return 1;
}

/* The connection's first sight of a packet in the middle of its life: meet() in a workspace of its own. */
OUT_OF_LINE int introduce(source *src, struct connection *c, u64 seq_ack, u64 offset_bytes, u32 is_egress)
{
	struct segment seg = {
		.seq = seq_ack >> 32,
		.ack = seq_ack,
		.offset = offset_bytes >> 32,
		.bytes = offset_bytes,
		.is_egress = is_egress,
	};
	struct workspace *ws;
	int met;

	if (source_missing(src) || !c)
		return 0;
	ws = take_workspace();
	if (!ws)
		return 0;
	ws->segment = seg;
	met = meet(src, c, ws);
	release_workspace(ws);
	return met;
}

/*
 * Whether a segment is of a server's response. Says so without a look at the connection's first line: see connection.h. With a
 * second way into the parsers the verifiers of old kernels would have too much to look at.
 */
static __always_inline bool is_answer(const struct connection *c, const struct segment *seg)
{
#ifdef HTTPEEK_COMPAT
	return false;
#else
	return seg->is_egress && c->serves;
#endif
}

/* Which way any other segment goes. False if nobody can tell yet. */
static __always_inline bool has_direction(struct __sk_buff *skb, struct connection *c, struct segment *seg)
{
	if (unlikely(c->role == ROLE_UNKNOWN) &&
	    !introduce(skb, c, (u64)seg->seq << 32 | seg->ack, (u64)seg->offset << 32 | seg->bytes, seg->is_egress))
		return false;
	seg->is_request = (c->role == ROLE_SERVER) == !seg->is_egress;
	return true;
}

/* A lock that another CPU has: whether it was given back before long. */
static __always_inline bool wait_for(u32 *lock)
{
	u32 i;

	for (i = 0; i < BUSY_SPINS; i++)
		if (try_lock(lock))
			return true;
	return false;
}

/*
 * A segment of a connection: into the parsers if it holds bytes that have to be looked at. Behind the first step nothing is
 * used but what lies in the workspace, so that the verifier takes all segments for alike.
 */
static __always_inline void watch_segment(struct __sk_buff *skb, struct connection *c, struct segment *seg)
{
	struct stream *s = stream_of(c, seg->is_request);
	struct workspace *ws;

	if (is_passed(s, seg))
		return;
	/* on the way out it is under the socket's lock: one at a time */
	if (!seg->is_egress && unlikely(!try_lock(&s->busy)) && !wait_for(&s->busy)) {
		count(COUNTER_BUSY);
		return;
	}
	ws = take_workspace_for(c, seg);
	if (unlikely(!ws)) {
		if (!seg->is_egress)
			unlock(&s->busy);
		return;
	}
	if (likely(is_next(s, seg)) ? take_first_step(skb, c, ws) : step_after_all(skb, c, ws))
		follow_rest(skb, c, ws);
	seg = &ws->segment; /* which says the same, but nothing had to be kept for it */
	if (!seg->is_egress)
		unlock(&stream_of(c, seg->is_request)->busy);
	release_workspace(ws);
}

#endif
