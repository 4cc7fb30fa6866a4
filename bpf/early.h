/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * early.h: data that arrives with the last packet of the handshake (TCP_DEFER_ACCEPT, fast clients, a lost ACK). The
 * ingress hook sees it while skb->sk is still the listener; the child socket is made right after, in the same softirq on
 * the same CPU, and announces itself by PASSIVE_ESTABLISHED. So the request is parsed into a connection in a slot of
 * this CPU, and the child takes it over from there. If no child comes of it (accept queue full: the client will send
 * again), the slot's requests are taken back when the slot is used next.
 */
#ifndef HTTPEEK_EARLY_H
#define HTTPEEK_EARLY_H

#include "begin.h"
#include "exchange.h"

/* Takes back what was counted for a request whose socket never came. Without arguments, every kernel verifies it once. */
__noinline __weak int discard_early(void)
{
	struct early *early = early_slot();

	if (!early || !early->is_waiting)
		return 0;
	opaque(early); /* the additions stay behind the test */
	early->is_waiting = 0;
	end_exchanges(&early->connection, &early->pipeline, UNANSWERED_UNSENT, 0, 0, HOOK_PACKET);
	return 0;
}

/* The connection that a segment which belongs to no socket yet is to be parsed into, and its place in it. */
static __always_inline struct connection *begin_early(const struct connection *listener, const struct bpf_sock *sk,
						      struct segment *seg)
{
	struct early *early = early_slot();
	struct connection *c;

	if (!early)
		return 0;
	discard_early();
	c = &early->connection;
	c->owner = listener->owner;
	begin_connection(c);
	__builtin_memset(&early->pipeline, 0, sizeof(early->pipeline));
	set_role(c, sk, ROLE_SERVER);
	begin_stream(c, true, first_position(seg->seq), STREAM_START);
	begin_stream(c, false, first_position(seg->ack), STREAM_START);
	early->seq = seg->seq;
	early->remote_port = seg->remote_port;
	early->is_waiting = 1;
	seg->is_early = true;
	seg->is_request = true;
	seg->pos = c->request.next;
	c->request.top = seg->pos + seg->bytes;
	c->request.ack = seg->ack;
	return c;
}

/*
 * A head that is not whole cannot wait: its carry would belong to the listener. Called when the data has been parsed.
 */
static __always_inline void check_early(struct connection *c)
{
	struct early *early = early_slot();

	if (!early || !c->request.carried)
		return;
	discard_early();
	count(COUNTER_LISTENER_DATA);
}

/*
 * Moves what waits on this CPU into the new socket's storage, if it is this socket's. Where responses begin, the socket
 * knows: data on a SYN (TCP Fast Open) acknowledges nothing.
 */
static __always_inline bool take_early(struct bpf_sock *sk, struct connection *c, u32 first_seq, u32 response_seq,
				       u32 remote_port)
{
	struct early *early = early_slot();
	struct pipeline *p;
	u16 owner = c->owner;

	if (!early || !early->is_waiting)
		return false;
	if (early->seq != first_seq || early->remote_port != remote_port) {
		discard_early();
		return false;
	}
	if (early->connection.is_pipelined) {
		p = bpf_sk_storage_get(&pipelines, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
		if (!p) {
			count(COUNTER_CONNECTION_UNTRACKED);
			discard_early();
			return false;
		}
		*p = early->pipeline;
	}
	early->is_waiting = 0;
	*c = early->connection;
	c->owner = owner;
	begin_stream(c, false, first_position(response_seq), STREAM_START);
	return true;
}

#endif
