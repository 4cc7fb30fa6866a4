/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* traffic.h: from a packet to its connection: when one begins, which way the packet goes, and who has to look at it. */
#ifndef HTTPEEK_TRAFFIC_H
#define HTTPEEK_TRAFFIC_H

#include "config.h"

#include "early.h"
#include "owners.h"
#include "segments.h"
#include "tls_link.h"

enum { SOCKET_RAW = 3 }; /* SOCK_RAW, whose header is not for BPF */

/*
 * The storage of a socket that has none: it is older than the programs, and user space has not seeded it. With a scope
 * of processes that means it is not in scope. What a raw socket sends may look like TCP, but is no connection, nor is a
 * connection that is still being made, or in TIME_WAIT. Returns 1 if there is one now.
 */
__noinline __weak int adopt(struct __sk_buff *skb)
{
	struct bpf_sock *sk = full_socket(skb);
	struct owner_key key = {};
	struct connection *c;

	if (!sk || cfg_scope_pids || sk->type == SOCKET_RAW)
		return 0;
	c = bpf_sk_storage_get(&connections, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!c) {
		count(COUNTER_CONNECTION_UNTRACKED);
		return 0;
	}
	key.cgroup_id = bpf_skb_cgroup_id(skb);
	c->owner = find_owner(&key, 0);
	return 1;
}

/* A RST came in. What it means, the socket hooks know when the connection's state changes; here it is remembered. */
__noinline __weak int note_reset(struct __sk_buff *skb)
{
	struct bpf_sock *sk = full_socket(skb);
	struct connection *c;

	if (!sk)
		return 0;
	c = bpf_sk_storage_get(&connections, sk, 0, 0);
	if (c && !(c->flags & CONNECTION_RELEASED))
		c->flags |= CONNECTION_RESET;
	return 0;
}

/*
 * Data of a connection of which nothing is known but the owner. Returns 1 if it has begun now; data for a listener is
 * dealt with here.
 */
__noinline __weak int begin_with_data(struct __sk_buff *skb)
{
	struct bpf_sock *sk = full_socket(skb);
	struct segment seg = {};
	struct connection *c;

	if (!sk)
		return 0;
	c = bpf_sk_storage_get(&connections, sk, 0, 0);
	if (!c)
		return 0;
	if (sk->state != BPF_TCP_LISTEN) {
		begin_connection(c);
		count(COUNTER_CONNECTIONS);
		return 1;
	}
	if (!find_payload(skb, &seg))
		return 0;
	c = begin_early(c, sk, &seg);
	if (!c)
		return 0;
	follow(skb, c, &seg);
	check_early(c);
	return 0;
}

/* A packet of an encrypted connection whose object is not known leaves. */
static __always_inline void look_for_object(struct __sk_buff *skb, const struct connection *c, u32 payload_offset)
{
	if (unlikely(c->flags & CONNECTION_TUNNEL && !c->tries))
		note_tunnel(skb, payload_offset);
	link_tls(skb);
}

/*
 * Which way a packet goes: what comes in has come through some interface, be it the loopback (skb_iif, set where a packet
 * enters the stack); what a socket sends has not yet, and is never a packet that came in: those are not sent on with a socket.
 */
static __always_inline bool is_going_out(const struct __sk_buff *skb)
{
	return !skb->ingress_ifindex;
}

/*
 * Whether a segment that is_answer() knows nothing of belongs to a connection whose data is followed. What else has to be done
 * about others is done here.
 */
static __always_inline bool is_followed(struct __sk_buff *skb, struct connection *c, struct segment *seg)
{
	if (c->mode >= MODE_OPAQUE) {
		if (cfg_tls && c->mode == MODE_TLS && seg->is_egress)
			look_for_object(skb, c, seg->offset);
		return false;
	}
	if (unlikely(c->flags & CONNECTION_SYN_SENT))
		begin_on_syn(c, seg->seq, seg->is_egress, seg->is_syn);
	if (unlikely(c->mode == MODE_NONE) && !begin_with_data(skb))
		return false;
	return true;
}

static __always_inline int watch_packet(struct __sk_buff *skb, bool is_egress)
{
	struct bpf_sock *sk = skb->sk;
	struct segment seg = {};
	struct connection *c;
	bool is_known;

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
		if (!adopt(skb))
			return PASS;
		c = bpf_sk_storage_get(&connections, sk, 0, 0);
		if (!c)
			return PASS;
	}
	is_known = is_answer(c, &seg);
	if (!is_known && !is_followed(skb, c, &seg))
		return PASS;
	if (is_known || has_direction(skb, c, &seg))
		watch_segment(skb, c, &seg);
	if (cfg_tls && !is_known && unlikely(c->mode == MODE_TLS)) {
		if (is_going_out(skb))
			link_tls(skb);
		else
			note_hello(skb);
	}
	return PASS;
}

#endif
