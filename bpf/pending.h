/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * pending.h: the requests of a connection that have no response yet, in order. One writer, the request direction, and
 * one reader, the response direction, which may run at the same time on another CPU.
 *
 * The oldest one waits in the connection itself, further ones in a pipeline (maps.h) that is made when it is needed. A request
 * goes into the connection only while the pipeline is empty. A slot is written before the running number that shows it; a
 * response cannot pass before its request has, so what the reader finds missing is not there yet.
 */
#ifndef HTTPEEK_PENDING_H
#define HTTPEEK_PENDING_H

#include "kept.h"
#include "stats.h"

static __always_inline u64 pending_entry(u32 endpoint, u32 flags, u64 ns)
{
	return ns >> PENDING_TIME_UNIT_SHIFT << PENDING_TIME_SHIFT | flags << PENDING_FLAGS_SHIFT | endpoint;
}

static __always_inline u32 pending_endpoint(u64 entry)
{
	return entry & (LIMIT_ENDPOINTS - 1);
}

static __always_inline u32 pending_flags(u64 entry)
{
	return entry >> PENDING_FLAGS_SHIFT & PENDING_FLAGS_MASK;
}

/* From the request's first byte to `ns`; exact to 16 ns. A clock read on another CPU may be a little behind: then 0. */
static __always_inline u64 pending_age_ns(u64 entry, u64 ns)
{
	u64 age = (pending_entry(0, 0, ns) - (entry >> PENDING_TIME_SHIFT << PENDING_TIME_SHIFT)) >> PENDING_TIME_SHIFT;

	return age >> 43 ? 0 : age << PENDING_TIME_UNIT_SHIFT;
}

/* Requests without a response; `p` may be 0. */
static __always_inline u32 pending_requests(const struct connection *c, const struct pipeline *p)
{
	u64 waiting = c->pending;

	opaque(waiting); /* 1 if it is not 0, without a jump: the loops around this multiply what the verifier looks at */
	waiting = (waiting | -waiting) >> 63;
	opaque(waiting);

	return p ? waiting + p->tail - p->head + p->overflow_tail - p->overflow_head : waiting;
}

/* Whether the connection itself has room. */
static __always_inline bool has_inline_room(struct connection *c)
{
	return !*(volatile u64 *)&c->pending;
}

static __always_inline void push_inline(struct connection *c, u64 entry)
{
	*(volatile u64 *)&c->pending = entry;
}

/* What waits of the request whose head is complete. */
static __always_inline u64 request_entry(const struct connection *c)
{
	const struct stream *s = &c->request;
	u32 flags = PENDING_USED;

	if (unlikely(s->method == METHOD_HEAD))
		flags |= PENDING_HEAD;
	else if (unlikely(s->method == METHOD_CONNECT))
		flags |= PENDING_CONNECT;
	return pending_entry(s->what, flags, s->started_ns);
}

/*
 * A request that is one of many in flight. Returns whether it will be paired; what goes too deep is a loss of which only
 * the framing of its response is kept.
 */
SEGMENT_FUNCTION(push_pipelined)
{
	struct pipeline *p;
	u64 entry, bit;

	if (source_missing(src) || !c || !ws)
		return 0;
	p = find_pipeline(src, ws->segment.is_early, BPF_SK_STORAGE_GET_F_CREATE);
	if (!p) {
		count(COUNTER_CONNECTION_UNTRACKED);
		c->responses = RESPONSES_UNSEEN;
		return 0;
	}
	c->is_pipelined = 1;
	entry = request_entry(c);
	if (p->tail == p->head && p->overflow_tail == p->overflow_head && has_inline_room(c)) {
		push_inline(c, entry);
		return 1;
	}
	if (likely(p->overflow_tail == p->overflow_head && pending_requests(c, p) < PENDING_SLOTS)) {
		p->pending[p->tail & PENDING_MASK] = entry;
		keep_order();
		p->tail++;
		return 1;
	}
	count(COUNTER_REQUEST_OVERFLOW);
	bit = 1ull << (p->overflow_tail % OVERFLOW_SLOTS);
	p->overflow_heads = pending_flags(entry) & PENDING_HEAD ? p->overflow_heads | bit : p->overflow_heads & ~bit;
	p->overflow_tail++;
	return 0;
}

static __always_inline u64 pop_inline(struct connection *c)
{
	u64 entry = *(volatile u64 *)&c->pending;

	if (!entry)
		return 0;
	*(volatile u64 *)&c->pending = 0;
	return entry;
}

/* The oldest request of a pipeline: an entry, PENDING_OVERFLOW and PENDING_HEAD for one that went too deep, or 0. */
static __always_inline u64 pop_from(struct pipeline *p)
{
	u32 flags = PENDING_OVERFLOW;

	if (p->head != p->tail)
		return p->pending[p->head++ & PENDING_MASK];
	if (p->overflow_head == p->overflow_tail)
		return 0;
	if (p->overflow_heads >> (p->overflow_head % OVERFLOW_SLOTS) & 1)
		flags |= PENDING_HEAD;
	p->overflow_head++;
	return pending_entry(0, flags, 0);
}

/* The oldest request of the pipeline, into the workspace. */
SEGMENT_FUNCTION(pop_pipelined)
{
	struct pipeline *p;

	if (source_missing(src) || !c || !ws)
		return 0;
	p = find_pipeline(src, ws->segment.is_early, 0);
	ws->entry = p ? pop_from(p) : 0;
	return 0;
}

/* The oldest request without a response, or 0; `p` may be 0. For when nothing else runs in the connection. */
static __always_inline u64 take_pending(struct connection *c, struct pipeline *p)
{
	u64 entry = pop_inline(c);

	return entry || !p ? entry : pop_from(p);
}

/*
 * Forgets requests whose responses can no longer be told apart, each of them a loss. Called for a request it forgets all
 * that were there before; for a response all but the newest.
 */
SEGMENT_FUNCTION(drop_pending)
{
	struct pipeline *p = 0;
	u32 kept, i;

	if (source_missing(src) || !c || !ws)
		return 0;
	kept = !ws->segment.is_request;
	if (c->is_pipelined)
		p = find_pipeline(src, ws->segment.is_early, 0);
	for (i = 0; i < PENDING_SLOTS; i++) {
		u64 entry;

		if (pending_requests(c, p) <= kept)
			return 0;
		entry = take_pending(c, p);
		if (!entry || pending_flags(entry) & PENDING_OVERFLOW)
			break;
		count_start(pending_endpoint(entry), -1ull);
		count(COUNTER_RESPONSE_GAP);
	}
	if (p)
		p->overflow_head = p->overflow_tail;
	return 0;
}

#endif
