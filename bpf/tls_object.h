/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* tls_object.h: how what is known of a TLS library's object begins, when its socket is found, and ends, when that is gone. */
#ifndef HTTPEEK_TLS_OBJECT_H
#define HTTPEEK_TLS_OBJECT_H

#include "begin.h"
#include "exchange.h"

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
		end_exchanges(c, c->is_pipelined ? bpf_map_lookup_elem(&tls_pipelines, &key) : 0, UNANSWERED_ENDED, 0,
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
		if (t->connection.mode == MODE_UNDECIDED)
			count(COUNTER_TLS_UNREAD); /* the socket was handed on to a child, with a copy of the object */
		end_tls_exchanges(key->object, key->tgid, 0);
		bpf_map_delete_elem(&tls_connections, key);
	}
	t = find_kept(&tls_connections, key, BPF_SK_STORAGE_GET_F_CREATE);
	if (!t)
		count(COUNTER_TLS_FULL);
	return t;
}

/*
 * An object's socket is found: `end` is that, `role` its own. `is_new`: no data has passed, so both directions begin;
 * otherwise they wait for a request: meet_plaintext(). Returns the link's generation, 0 if there is none.
 */
static __always_inline u64 connect_object(const struct tls_key *key, const struct tls_end *end, u8 role, bool is_new)
{
	struct tls_connection *t = new_tls_connection(key);
	struct connection *plain;

	if (!t)
		return 0;
	t->generation = bpf_ktime_get_ns() << 32 | key->tgid;
	t->local_port = end->local_port;
	t->remote_port = end->remote_port;
	__builtin_memcpy(t->peer, end->peer, sizeof(t->peer));
	plain = &t->connection;
	plain->owner = end->owner;
	plain->flags = CONNECTION_TLS;
	plain->cell = SLOT_NONE;
	if (role != ROLE_UNKNOWN)
		take_role(plain, role, role == ROLE_SERVER ? t->local_port : t->remote_port, t->peer);
	if (role != ROLE_UNKNOWN && is_new) {
		begin_stream(plain, true, first_position(0), STREAM_START);
		begin_stream(plain, false, first_position(0), STREAM_START);
	}
	keep_order(); /* written before the mode that shows it */
	plain->mode = MODE_UNDECIDED;
	return t->generation;
}

#endif
