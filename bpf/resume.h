/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* resume.h: where framing goes on after it was lost, and one segment's way into its stream. */
#ifndef HTTPEEK_RESUME_H
#define HTTPEEK_RESUME_H

#include "begin.h"
#include "conversation.h"
#include "lease.h"

/* Whether the segment begins with a whole request line. It is loaded into the workspace's window. */
static __always_inline bool begins_with_request(source *src, struct workspace *ws)
{
	u64 n = ws->segment.bytes;

	if (!n)
		return false;
	if (n > WINDOW_BYTES)
		n = WINDOW_BYTES;
	return load_payload(src, &ws->segment, 0, ws->window.bytes, n) &&
	       parse_request_line(&ws->window, n, n >= WINDOW_BYTES, &ws->line) == 1;
}

/*
 * A request direction whose framing was lost goes on where it is certain: nothing awaits a response, the client has
 * seen all that was answered, and the segment begins with a whole request line. Where the responses cannot be followed
 * either, the request line has to do: both go on from there, or neither would ever.
 */
SEGMENT_FUNCTION(resume_requests)
{
	struct segment *seg;
	struct pipeline *p;
	bool is_answered;

	if (source_missing(src) || !c || !ws)
		return 0;
	seg = &ws->segment;
	if (!is_in_window(src, seg))
		return 0;
	p = c->is_pipelined ? find_pipeline(src, seg->is_early, 0) : 0;
	is_answered = !pending_requests(c, p) && c->response.state == STREAM_START && (u32)c->response.next == seg->ack;
	if (!is_answered && c->response.state != STREAM_LOST && !is_behind(&c->response, seg->ack))
		return 0;
	if (seg->pos + seg->bytes <= c->request.next || !begins_with_request(src, ws))
		return 0;
	c->request.next = seg->pos;
	c->request.state = STREAM_START;
	c->request.skipping = 0;
	return 1;
}

/*
 * A segment beyond the next position, in a direction of which the receiver has bytes that never passed. A response that
 * begins where the client's request says it expects the next one is the answer to that request: a client that waits for
 * its answers had seen all others when it asked again. Returns 1 if framing goes on with the segment.
 */
SEGMENT_FUNCTION(catch_up)
{
	struct segment *seg;

	if (source_missing(src) || !c || !ws)
		return 0;
	seg = &ws->segment;
	if (seg->is_request) {
		lose_framing(c, true, COUNTER_REQUEST_GAP);
		return 0;
	}
	if (seg->seq != c->request.ack) {
		lose_framing(c, false, COUNTER_RESPONSE_GAP);
		return 0;
	}
	drop_pending(src, c, ws);
	resume_responses(c, seg->seq);
	return 1;
}

/* Whether framing goes on with the segment in the workspace. */
static __always_inline bool goes_on(source *src, struct connection *c, struct workspace *ws)
{
	struct segment *seg = &ws->segment;
	struct stream *s = stream_of(c, seg->is_request);

	if (likely(s->state != STREAM_LOST) && (likely(seg->pos <= s->next) || catch_up(src, c, ws)))
		return true;
	return s->state == STREAM_LOST && seg->is_request && resume_requests(src, c, ws);
}

/* A workspace with the segment in it. Without one the segment is lost. */
static __always_inline struct workspace *take_workspace_for(struct connection *c, const struct segment *seg)
{
	struct workspace *ws = take_workspace();

	if (likely(ws))
		ws->segment = *seg;
	else
		lose_framing(c, seg->is_request, COUNTER_WORKSPACE_REFUSED);
	return ws;
}

/* What is left of the segment in the workspace after its first step, which is the only one of most. */
static __always_inline void follow_rest(source *src, struct connection *c, struct workspace *ws)
{
	struct segment *seg = &ws->segment;
	u32 i;

	if (likely(stream_of(c, seg->is_request)->next - seg->pos >= seg->bytes))
		return;
	for (i = 0; i < STRIDES_PER_SEGMENT; i++)
		if (!stride(src, c, ws))
			return;
	lose_framing(c, seg->is_request, COUNTER_STEPS_EXHAUSTED);
}

/* Parses a segment into its stream, in a workspace of its own. Where nanoseconds count, watch_segment() does so. */
static __always_inline void follow(source *src, struct connection *c, const struct segment *seg)
{
	struct workspace *ws = take_workspace_for(c, seg);

	if (!ws)
		return;
	src = source_in(src, ws);
	if (goes_on(src, c, ws) && step(src, c, ws))
		follow_rest(src, c, ws);
	release_workspace(ws);
}

#endif
