/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * exchange.h: pairing. Responses answer requests in order (RFC 9112 section 9.3.2), so a connection keeps a queue of
 * the requests that have no response yet: one writer (the request direction), one reader (the response direction).
 */
#ifndef HTTPEEK_EXCHANGE_H
#define HTTPEEK_EXCHANGE_H

#include "watch_end.h"

enum {
	STATUS_CONTINUE = 100,
	STATUS_SWITCHING_PROTOCOLS = 101,
	STATUS_OK = 200,
	STATUS_NO_CONTENT = 204,
	STATUS_NOT_MODIFIED = 304,
};

/* A request head is complete: it waits for its response. */
static __always_inline void request_complete(source *src, struct connection *c, struct workspace *ws)
{
	u32 endpoint = c->request.what;

	/* first, because an atomic operation waits for what came before it, and the lines of the queue may be far away */
	count_start(endpoint, 1);
	if (likely(!c->is_pipelined && has_inline_room(c)))
		push_inline(c, request_entry(c));
	else if (!push_pipelined(src, c, ws))
		count_start(endpoint, -1ull);
}

/*
 * A response head is complete and ends at position `end`: counts the exchange and says what follows the head (RFC 9112
 * section 6.3). Returns false if the connection has left HTTP.
 */
static __always_inline bool response_complete(source *src, struct connection *c, struct workspace *ws, u64 end)
{
	struct stream *s = &c->response;
	u32 status = s->what, flags = 0;
	u64 entry;

	if (status < STATUS_OK && status != STATUS_SWITCHING_PROTOCOLS) {
		count(COUNTER_INFORMATIONAL);
		s->next = end;
		s->state = STREAM_START;
		return true;
	}
	entry = pop_inline(c);
	if (unlikely(!entry && c->is_pipelined)) {
		pop_pipelined(src, c, ws);
		entry = ws->entry;
	}
	flags = pending_flags(entry);
	if (unlikely(!entry)) {
		count(COUNTER_RESPONSE_UNPAIRED);
	} else if (likely(!(flags & PENDING_OVERFLOW))) {
		if (cfg_watch)
			watch_response(src, entry, status, s->started_ns);
		count_exchange(c, pending_endpoint(entry), status, OUTCOME_RESPONSE,
			       pending_age_ns(entry, s->started_ns));
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
		count_exchange(c, pending_endpoint(entry), 0, outcome, pending_age_ns(entry, now_ns));
	return 0;
}

/* Which of the requests without a response may have been answered by what was not seen. */
enum unseen {
	UNSEEN_NONE = 0,
	UNSEEN_OLDER = 1, /* all but the newest */
	UNSEEN_ALL = 2,
};

/* Why requests get no answer. */
enum unanswered {
	UNANSWERED_ENDED = 0,  /* the connection is over, as far as responses go */
	UNANSWERED_UNSENT = 1, /* nobody has received them: they are taken back */
};

/*
 * Whether the newest request may have been answered by what was not seen. `received`: what the client's TCP expects next,
 * or 0; a FIN takes a number of its own. What the client had when it asked was for others.
 */
static __always_inline bool is_answer_unseen(const struct connection *c, u32 received)
{
	const struct stream *s = &c->response;

	if (c->responses != RESPONSES_CERTAIN)
		return c->responses == RESPONSES_UNSEEN;
	if (!received || position_of(s, received) <= s->next + 1)
		return false;
	return !is_behind(s, c->request.ack) || position_of(s, received) > position_of(s, c->request.ack) + 1;
}

/*
 * What still waits for a response will not get one. Of what has been answered by bytes that were not seen, only the newest
 * can still be waiting: see catch_up() in resume.h. `p`: the connection's pipeline, or 0; `received`: see above;
 * `ctx` and `hook`: for watch_end().
 */
static __always_inline void end_exchanges(struct connection *c, struct pipeline *p, u32 why, u32 received, void *ctx,
					  enum hook hook)
{
	bool is_server_end = c->role == ROLE_SERVER, ended_here = c->flags & CONNECTION_ENDED_HERE;
	u32 outcome = ended_here == is_server_end ? OUTCOME_SERVER_CLOSED : OUTCOME_CLIENT_CLOSED, i;
	u32 unseen = is_answer_unseen(c, received)	     ? UNSEEN_ALL :
		     is_behind(&c->response, c->request.ack) ? UNSEEN_OLDER :
							       UNSEEN_NONE;
	u64 now_ns = bpf_ktime_get_ns();

	for (i = 0; i < PENDING_SLOTS; i++) {
		u64 entry = take_pending(c, p);

		if (!entry || pending_flags(entry) & PENDING_OVERFLOW)
			break;
		if (likely(why == UNANSWERED_ENDED && !(unseen && (unseen == UNSEEN_ALL || pending_requests(c, p))))) {
			if (cfg_watch)
				watch_end(ctx, hook, entry, outcome << 16, now_ns);
			end_exchange(c, entry, outcome, now_ns);
			continue;
		}
		count_start(pending_endpoint(entry), -1ull);
		if (why == UNANSWERED_ENDED)
			count(COUNTER_RESPONSE_GAP);
	}
	if (p)
		p->overflow_head = p->overflow_tail;
}

#endif
