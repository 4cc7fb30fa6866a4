/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* watch_end.h: from the hook that sees an exchange end to what a watcher is sent of it (watch.h). */
#ifndef HTTPEEK_WATCH_END_H
#define HTTPEEK_WATCH_END_H

#include "watch.h"

/* Where the end of an exchange is seen. */
enum hook {
	HOOK_PACKET,  /* a packet: struct __sk_buff */
	HOOK_STATE,   /* a change of the TCP state: struct bpf_sock_ops */
	HOOK_RELEASE, /* the socket's end: struct bpf_sock */
	HOOK_TLS,     /* of a connection that is read before it is encrypted: struct tls_key */
};

/*
 * A function for each hook, which has its context and else only numbers: these are verified once on every kernel, and
 * what is in them is a lot where it is looked at for each of the requests that a connection leaves behind.
 */
#define WATCH_FUNCTION(name, context, socket)                                                                          \
	__noinline __weak int name(context *ctx, u64 entry, u32 status_outcome, u64 ended_ns)                          \
	{                                                                                                              \
		struct bpf_sock *sk = socket;                                                                          \
		struct connection *c;                                                                                  \
		if (!sk)                                                                                               \
			return 0;                                                                                      \
		c = bpf_sk_storage_get(&connections, sk, 0, 0);                                                        \
		if (c && watches_connection(c))                                                                        \
			watch_exchange(c, bpf_sk_storage_get(&targets, sk, 0, 0), entry, status_outcome, ended_ns);    \
		return 0;                                                                                              \
	}
#ifndef HTTPEEK_SOURCE_USER
WATCH_FUNCTION(watch_packet_end, struct __sk_buff, ctx->sk)
WATCH_FUNCTION(watch_state_end, struct bpf_sock_ops, ctx->sk)
WATCH_FUNCTION(watch_release_end, struct bpf_sock, ctx)
#endif

/* Of a TLS connection, the object and process of its key. */
__noinline __weak int watch_tls_end(u64 object, u32 tgid, u64 entry, u32 status_outcome, u64 ended_ns)
{
	struct tls_key key = { .object = object, .tgid = tgid };
	struct tls_connection *t = bpf_map_lookup_elem(&tls_connections, &key);

	if (t && watches_connection(&t->connection))
		watch_exchange(&t->connection, bpf_map_lookup_elem(&tls_targets, &key), entry, status_outcome,
			       ended_ns);
	return 0;
}

/* An exchange ends, and is not counted yet. `hook` is a constant; `ctx` is what its programs are given. */
static __always_inline void watch_end(void *ctx, enum hook hook, u64 entry, u32 status_outcome, u64 ended_ns)
{
	if (hook == HOOK_TLS)
		watch_tls_end(((struct tls_key *)ctx)->object, ((struct tls_key *)ctx)->tgid, entry, status_outcome,
			      ended_ns);
#ifndef HTTPEEK_SOURCE_USER
	else if (hook == HOOK_PACKET)
		watch_packet_end(ctx, entry, status_outcome, ended_ns);
	else if (hook == HOOK_STATE)
		watch_state_end(ctx, entry, status_outcome, ended_ns);
	else
		watch_release_end(ctx, entry, status_outcome, ended_ns);
#endif
}

/* The end of an exchange that the source itself shows. */
static __always_inline void watch_response(source *src, u64 entry, u32 status, u64 ended_ns)
{
#ifdef HTTPEEK_SOURCE_USER
	watch_end(&src->key, HOOK_TLS, entry, status, ended_ns);
#else
	watch_end(src, HOOK_PACKET, entry, status, ended_ns);
#endif
}

#endif
