/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * traffic.h: from a packet to its connection and stream: when a connection begins, which way the packet goes, whether it
 * is the next, an old or an early one.
 */
#ifndef HTTPEEK_TRAFFIC_H
#define HTTPEEK_TRAFFIC_H

#include "config.h"

#include "begin.h"
#include "conversation.h"
#include "early.h"
#include "lease.h"
#include "owners.h"
#include "resume.h"
#include "tls_link.h"

enum { SOCKET_RAW = 3 }; /* SOCK_RAW, whose header is not for BPF */

/*
 * The storage of a socket that has none: it is older than the programs, and user space has not seeded it. With a scope
 * of processes that means it is not in scope. What a raw socket sends may look like TCP, but is no connection.
 */
static __always_inline struct connection *adopt(struct __sk_buff *skb, struct bpf_sock *sk)
{
	struct owner_key key = {};
	struct connection *c;

	if (cfg_scope_pids || sk->type == SOCKET_RAW)
		return 0;
	c = bpf_sk_storage_get(&connections, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!c) {
		count(COUNTER_CONNECTION_UNTRACKED);
		return 0;
	}
	key.cgroup_id = bpf_skb_cgroup_id(skb);
	c->owner = find_owner(&key, 0);
	return c;
}

/*
 * A segment beyond the next position. What is missing comes again if the receiver lacks it too; if framing arrives at
 * bytes that passed before their turn, nobody can look at them any more. Bodies may be skipped over in any order.
 */
static __always_inline void note_hole(struct connection *c, struct stream *s, const struct segment *seg)
{
	u64 start = position_of(s, s->hole_seq), end = seg->pos + seg->bytes, hole_end = start + s->hole_bytes;

	if (!s->hole_bytes || s->next >= hole_end) {
		s->hole_seq = seg->seq;
		s->hole_bytes = seg->bytes;
		return;
	}
	if (s->next >= start) {
		lose_framing(c, seg->is_request, seg->is_request ? COUNTER_REQUEST_GAP : COUNTER_RESPONSE_GAP);
		return;
	}
	if (seg->pos < start) {
		s->hole_seq = seg->seq;
		start = seg->pos;
	}
	s->hole_bytes = (end > hole_end ? end : hole_end) - start;
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

/* Whether the segment is the one to look at now. */
static __always_inline bool is_next(struct connection *c, struct stream *s, const struct segment *seg)
{
	u32 ack;

	if (likely(s->state != STREAM_LOST)) {
		if (seg->pos + seg->bytes <= s->next)
			return false; /* another CPU was faster */
		if (likely(seg->pos <= s->next))
			return true;
		ack = seg->is_request ? c->response.ack : c->request.ack;
		if (is_behind(s, ack)) /* if it is no late copy of what was received, framing may go on: catch_up() */
			return seg->pos + seg->bytes > position_of(s, ack);
		note_hole(c, s, seg);
	}
	return s->state == STREAM_LOST && seg->is_request; /* it may go on with this one: resume_requests() */
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
	begin_stream(&c->request, first_position(seg->seq), STREAM_START);
	begin_stream(&c->response, first_position(seg->ack), STREAM_START);
	become_http(c);
	set_role(c, sk, seg->is_egress ? ROLE_CLIENT : ROLE_SERVER);
	return 1;
}

/* The connection's first sight of a packet in the middle of its life: meet() in a workspace of its own. */
static __always_inline bool introduce(struct __sk_buff *skb, struct connection *c, const struct segment *seg)
{
	struct workspace *ws = take_workspace();
	bool met;

	if (!ws)
		return false;
	ws->segment = *seg;
	met = meet(skb, c, ws);
	release_workspace(ws);
	return met;
}

/* A segment of a connection: which way it goes, and into the parsers if it holds bytes that have to be looked at. */
static __always_inline void watch_segment(struct __sk_buff *skb, struct connection *c, struct segment *seg)
{
	struct stream *s;

	if (unlikely(c->role == ROLE_UNKNOWN) && !introduce(skb, c, seg))
		return;
	seg->is_request = (c->role == ROLE_SERVER) == !seg->is_egress;
	s = stream_of(c, seg->is_request);
	if (is_passed(s, seg))
		return;
	if (seg->is_egress) { /* under the socket's lock: one at a time */
		if (is_next(c, s, seg))
			follow(skb, c, seg);
		return;
	}
	for (u32 i = 0; i < BUSY_SPINS; i++) {
		if (try_lock(&s->busy)) {
			if (is_next(c, s, seg))
				follow(skb, c, seg);
			unlock(&s->busy);
			return;
		}
	}
	count(COUNTER_BUSY);
}

/* A RST came in. What it means, the socket hooks know when the connection's state changes; here it is remembered. */
static __always_inline void note_reset(struct __sk_buff *skb)
{
	struct bpf_sock *sk = full_socket(skb);
	struct connection *c;

	if (!sk)
		return;
	c = bpf_sk_storage_get(&connections, sk, 0, 0);
	if (c && !(c->flags & CONNECTION_RELEASED))
		c->flags |= CONNECTION_RESET;
}

/*
 * Which way a packet goes: what comes in has come through some interface, be it the loopback (skb_iif, set where a packet
 * enters the stack); what a socket sends has not yet, and is never a packet that came in: those are not sent on with a socket.
 */
static __always_inline bool is_going_out(const struct __sk_buff *skb)
{
	return !skb->ingress_ifindex;
}

static __always_inline int watch_packet(struct __sk_buff *skb, bool is_egress)
{
	struct bpf_sock *sk = skb->sk;
	struct segment seg = {};
	struct connection *c;

	if (!find_payload(skb, &seg)) {
		if (unlikely(seg.is_reset && !is_egress))
			note_reset(skb);
		return PASS;
	}
	seg.is_egress = is_egress;
	if (!sk)
		return PASS;
	c = bpf_sk_storage_get(&connections, sk, 0, 0);
	if (unlikely(!c)) {
		sk = bpf_sk_fullsock(sk);
		if (!sk)
			return PASS; /* a connection that is still being made, or in TIME_WAIT */
		c = adopt(skb, sk);
		if (!c)
			return PASS;
	}
	if (c->mode >= MODE_OPAQUE) {
		if (cfg_tls && c->mode == MODE_TLS && is_egress) {
			if (unlikely(c->flags & CONNECTION_TUNNEL && !c->tries))
				note_tunnel(skb, seg.offset);
			link_tls(skb);
		}
		return PASS;
	}
	if (unlikely(c->flags & CONNECTION_SYN_SENT))
		begin_on_syn(c, &seg);
	if (unlikely(c->mode == MODE_NONE)) {
		sk = full_socket(skb);
		if (!sk)
			return PASS;
		if (sk->state == BPF_TCP_LISTEN) {
			c = begin_early(c, sk, &seg);
			if (c) {
				seg.is_early = true;
				watch_segment(skb, c, &seg);
				check_early(c);
			}
			return PASS;
		}
		begin_connection(c);
		count(COUNTER_CONNECTIONS);
	}
	watch_segment(skb, c, &seg);
	if (cfg_tls && unlikely(c->mode == MODE_TLS)) {
		if (is_egress)
			link_tls(skb);
		else
			note_hello(skb);
	}
	return PASS;
}

#endif
