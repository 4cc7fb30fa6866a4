/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * tls_link.h: which socket a TLS library's object belongs to, from the packets' side; and the end of the connection.
 *
 * An application that works on an object (handshakes, reads, writes) makes its library produce records, and the same thread
 * sends them: inside of the call, or right behind it if the library writes to memory (Node, asyncio, nginx's QUIC). So the
 * uprobes note for each thread the object without a socket that it worked on last, and the first records that the thread
 * sends on an encrypted socket without an object make the two a pair. That needs no offset in any library, no descriptor
 * and no lookup of sockets.
 */
#ifndef HTTPEEK_TLS_LINK_H
#define HTTPEEK_TLS_LINK_H

#include "begin.h"
#include "exchange.h"

enum {
	LINK_TRIES = 64,  /* packets that look for an object; of later ones every LINK_EVERY-th does */
	LINK_EVERY = 16,  /* a power of two */
	FIRST_FLIGHT = 1, /* packets sent: a link found with these is there before any data */
};

static __always_inline struct tls_key tls_key_of(const struct connection *c)
{
	struct tls_key key = { .object = c->pending[TLS_SLOT_OBJECT], .tgid = c->pending[TLS_SLOT_GENERATION] };

	return key;
}

/* The requests of an object without a response have ended, because its socket has: `flags` are the socket's. */
__noinline __weak int end_tls_exchanges(u64 object, u32 tgid, u32 flags)
{
	struct tls_key key = { .object = object, .tgid = tgid };
	struct tls_connection *t = bpf_map_lookup_elem(&tls_connections, &key);
	struct connection *c;

	if (!t)
		return 0;
	c = &t->connection;
	c->flags |= flags & (CONNECTION_ENDED_HERE | CONNECTION_ENDED_THERE);
	if (c->mode == MODE_HTTP)
		end_exchanges(c, c->is_pipelined ? bpf_map_lookup_elem(&tls_pipelines, &key) : 0, UNANSWERED_ENDED,
			      &key, HOOK_TLS);
	bpf_map_delete_elem(&tls_pipelines, &key);
	bpf_map_delete_elem(&tls_request_carries, &key);
	bpf_map_delete_elem(&tls_response_carries, &key);
	if (cfg_watch)
		bpf_map_delete_elem(&tls_targets, &key);
	return 0;
}

/* The entry for an object whose socket was just found, empty; 0 if the object has a socket already, or there is no room. */
static __always_inline struct tls_connection *new_tls_connection(const struct tls_key *key)
{
	struct tls_connection *t = bpf_map_lookup_elem(&tls_connections, key);

	if (t && !t->is_freed)
		return 0;
	if (t) { /* its socket is still there, but the address serves another connection now */
		end_tls_exchanges(key->object, key->tgid, 0);
		bpf_map_delete_elem(&tls_connections, key);
	}
	t = find_kept(&tls_connections, key, BPF_SK_STORAGE_GET_F_CREATE);
	if (!t)
		count(COUNTER_TLS_FULL);
	return t;
}

/*
 * A packet with records leaves a socket whose object is not known: if the thread that sends it has worked on one without a
 * socket, it is that one. With the context alone, every kernel verifies it once.
 */
__noinline __weak int link_tls(struct __sk_buff *skb)
{
	struct bpf_sock *sk = full_socket(skb);
	struct tls_key *mark, key;
	struct connection *c, *plain;
	struct tls_connection *t;
	u64 task;

	if (!sk)
		return 0;
	c = bpf_sk_storage_get(&connections, sk, 0, 0);
	if (!c || c->flags & CONNECTION_RELEASED)
		return 0; /* what the kernel still sends is nobody's any more, and nothing would end the link */
	if (++c->tries > LINK_TRIES && c->tries & (LINK_EVERY - 1))
		return 0;
	task = bpf_get_current_task();
	mark = bpf_map_lookup_elem(&tls_tasks, &task);
	if (!mark)
		return 0;
	key = *mark;
	bpf_map_delete_elem(&tls_tasks, &task);
	t = new_tls_connection(&key);
	if (!t)
		return 0;
	t->generation = bpf_ktime_get_ns() << 32 | key.tgid;
	t->local_port = sk->src_port;
	t->remote_port = bpf_ntohs(sk->dst_port);
	read_peer(sk, t->peer);
	plain = &t->connection;
	plain->owner = c->owner;
	plain->flags = CONNECTION_TLS;
	plain->cell = SLOT_NONE;
	if (c->role != ROLE_UNKNOWN)
		take_role(plain, c->role, c->role == ROLE_SERVER ? t->local_port : t->remote_port, t->peer);
	if (c->role != ROLE_UNKNOWN && c->tries <= FIRST_FLIGHT) {
		begin_stream(&plain->request, first_position(0), STREAM_START);
		begin_stream(&plain->response, first_position(0), STREAM_START);
	}
	c->pending[TLS_SLOT_OBJECT] = key.object;
	c->pending[TLS_SLOT_GENERATION] = t->generation;
	asm volatile("" : : : "memory"); /* written before the mode that shows it */
	plain->mode = MODE_UNDECIDED;
	c->mode = MODE_TLS_READ;
	return 1;
}

/* The socket of an encrypted connection is gone. */
static __always_inline void end_tls(struct connection *c)
{
	struct tls_key key = tls_key_of(c);
	struct tls_connection *t;

	if (c->mode == MODE_TLS) {
		if (c->tries > FIRST_FLIGHT && !(c->flags & CONNECTION_TUNNEL))
			count(COUNTER_TLS_UNREAD);
		return;
	}
	t = bpf_map_lookup_elem(&tls_connections, &key);
	if (!t || t->generation != c->pending[TLS_SLOT_GENERATION])
		return; /* the object serves another socket by now, which has ended what waited here */
	end_tls_exchanges(key.object, key.tgid, c->flags);
	bpf_map_delete_elem(&tls_connections, &key);
}

#endif
