/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * exchange.h: pairing. Responses answer requests in order (RFC 9112 section 9.3.2), so a connection keeps a queue of
 * the requests that have no response yet: one writer (the request direction), one reader (the response direction).
 */
#ifndef HTTPEEK_EXCHANGE_H
#define HTTPEEK_EXCHANGE_H

#include "stats.h"

enum {
	STATUS_CONTINUE = 100,
	STATUS_SWITCHING_PROTOCOLS = 101,
	STATUS_OK = 200,
	STATUS_NO_CONTENT = 204,
	STATUS_NOT_MODIFIED = 304,
};

static __always_inline u64 pending_entry(u32 endpoint, u32 flags, u64 ns)
{
	return ns >> PENDING_TIME_UNIT_SHIFT << PENDING_TIME_SHIFT | flags << PENDING_FLAGS_SHIFT | endpoint;
}

/* From the request's first byte to `ns`; exact to 16 ns. A clock read on another CPU may be a little behind: then 0. */
static __always_inline u64 pending_age_ns(u64 entry, u64 ns)
{
	u64 age = (pending_entry(0, 0, ns) - (entry >> PENDING_TIME_SHIFT << PENDING_TIME_SHIFT)) >> PENDING_TIME_SHIFT;

	return age >> 43 ? 0 : age << PENDING_TIME_UNIT_SHIFT;
}

static __always_inline u32 pending_requests(const struct connection *c)
{
	return c->pending_tail - c->pending_head + c->overflow_tail - c->overflow_head;
}

/* Forgets requests whose responses can no longer be told apart, each of them a loss. */
static __always_inline void drop_pending(struct connection *c)
{
	u32 i;

	for (i = 0; i < PENDING_SLOTS; i++) {
		if (c->pending_head == c->pending_tail)
			break;
		count_start(c->pending[c->pending_head & PENDING_MASK] & (LIMIT_ENDPOINTS - 1), -1ull);
		c->pending_head++;
		count(COUNTER_RESPONSE_GAP);
	}
	c->overflow_head = c->overflow_tail;
}

/* A request head is complete: it waits for its response. */
static __always_inline void request_complete(struct connection *c)
{
	const struct stream *s = &c->request;
	u32 flags = s->method == METHOD_HEAD ? PENDING_HEAD : s->method == METHOD_CONNECT ? PENDING_CONNECT : 0;

	if (unlikely(c->overflow_tail != c->overflow_head || c->pending_tail - c->pending_head >= PENDING_SLOTS)) {
		u64 bit = 1ull << (c->overflow_tail % OVERFLOW_SLOTS);

		count(COUNTER_REQUEST_OVERFLOW);
		c->overflow_heads = flags & PENDING_HEAD ? c->overflow_heads | bit : c->overflow_heads & ~bit;
		c->overflow_tail++;
		return;
	}
	c->pending[c->pending_tail & PENDING_MASK] = pending_entry(s->endpoint, flags, s->started_ns);
	c->pending_tail++;
	count_start(s->endpoint, 1);
}

/*
 * A response head is complete and ends at position `end`: counts the exchange and says what follows the head (RFC 9112
 * section 6.3). Returns false if the connection has left HTTP.
 */
static __always_inline bool response_complete(struct connection *c, u64 end)
{
	struct stream *s = &c->response;
	u32 status = s->status, flags = 0;

	if (status < STATUS_OK && status != STATUS_SWITCHING_PROTOCOLS) {
		count(COUNTER_INFORMATIONAL);
		s->next = end;
		s->state = STREAM_START;
		return true;
	}
	if (likely(c->pending_head != c->pending_tail)) {
		u64 entry = c->pending[c->pending_head & PENDING_MASK];

		c->pending_head++;
		flags = entry >> PENDING_FLAGS_SHIFT & 15;
		count_exchange(c, entry & (LIMIT_ENDPOINTS - 1), status, OUTCOME_RESPONSE,
			       pending_age_ns(entry, s->started_ns));
	} else if (c->overflow_head != c->overflow_tail) {
		if (c->overflow_heads >> (c->overflow_head % OVERFLOW_SLOTS) & 1)
			flags = PENDING_HEAD;
		c->overflow_head++;
	} else {
		count(COUNTER_RESPONSE_UNPAIRED);
	}
	if (status == STATUS_SWITCHING_PROTOCOLS ||
	    (flags & PENDING_CONNECT && status >= STATUS_OK && status < STATUS_OK + 100))
		return false;
	if (flags & PENDING_HEAD || status == STATUS_NO_CONTENT || status == STATUS_NOT_MODIFIED) {
		s->next = end;
		s->state = STREAM_START;
		return true;
	}
	frame_body(s, end, true);
	return true;
}

/* Ends one request that was not answered. */
VERIFIED_ONCE int end_exchange(struct connection *c, u64 entry, u32 outcome, u64 now_ns)
{
	if (c)
		count_exchange(c, entry & (LIMIT_ENDPOINTS - 1), 0, outcome, pending_age_ns(entry, now_ns));
	return 0;
}

/* The connection is over, as far as responses go: what still waits for one will not get it. */
static __always_inline void end_exchanges(struct connection *c)
{
	bool is_server_end = c->role == ROLE_SERVER, ended_here = c->flags & CONNECTION_ENDED_HERE;
	u32 outcome = ended_here == is_server_end ? OUTCOME_SERVER_CLOSED : OUTCOME_CLIENT_CLOSED, i;
	u64 now_ns;

	if (c->mode != MODE_HTTP || !pending_requests(c))
		return;
	now_ns = bpf_ktime_get_ns();
	for (i = 0; i < PENDING_SLOTS; i++) {
		if (c->pending_head == c->pending_tail)
			break;
		end_exchange(c, c->pending[c->pending_head & PENDING_MASK], outcome, now_ns);
		c->pending_head++;
	}
	c->overflow_head = c->overflow_tail;
}

#endif
