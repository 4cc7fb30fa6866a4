/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* tls_wait.h: sockets that wait in tls_hellos for their object, under the random of the ClientHello that has passed them. */
#ifndef HTTPEEK_TLS_WAIT_H
#define HTTPEEK_TLS_WAIT_H

#include "tls_object.h"
#include "tls_records.h"

/* The socket as a link needs it. */
static __always_inline void describe_end(struct bpf_sock *sk, const struct connection *c, struct tls_end *end)
{
	__builtin_memset(end, 0, sizeof(*end));
	end->ns = bpf_ktime_get_ns();
	end->local_port = sk->src_port;
	end->remote_port = bpf_ntohs(sk->dst_port);
	end->owner = c->owner;
	end->is_there = 1;
	read_peer(sk, end->peer);
}

/* Where the connection's socket waits for its object, or 0. */
static __always_inline struct tls_end *waiting_end(const struct connection *c)
{
	u64 random = c->endpoint_hash;
	struct tls_hello *hello = random ? bpf_map_lookup_elem(&tls_hellos, &random) : 0;

	if (!hello)
		return 0;
	return c->role == ROLE_SERVER ? &hello->server : &hello->client;
}

/* Where a ClientHello passes two sockets of one role, as through a proxy, only the first can be found by it. */
static __always_inline bool is_end(const struct tls_end *there, u16 remote_port, const u32 *peer)
{
	return there->is_there && there->remote_port == remote_port && there->peer[3] == peer[3] &&
	       there->peer[2] == peer[2] && there->peer[1] == peer[1] && there->peer[0] == peer[0];
}

/* The socket waits no longer. */
static __always_inline void forget_end(const struct connection *c, struct tls_end *there)
{
	u64 random = c->endpoint_hash;
	struct tls_hello *hello;

	there->is_there = 0;
	hello = bpf_map_lookup_elem(&tls_hellos, &random);
	if (hello && !hello->client.is_there && !hello->server.is_there)
		bpf_map_delete_elem(&tls_hellos, &random);
}

static __always_inline void show_link(struct connection *c, u64 object, u64 generation)
{
	c->holes[TLS_SLOT_OBJECT] = object;
	c->holes[TLS_SLOT_GENERATION] = generation;
	keep_order(); /* written before the mode that shows it */
	c->mode = MODE_TLS_READ;
}

/* Notes that the socket waits for the object with its random, or takes the object that was found. Returns true if it has. */
static __always_inline bool wait_for_object(struct connection *c, const struct tls_end *end)
{
	u64 random = c->endpoint_hash;
	struct tls_hello *hello;
	struct tls_end *there;

	if (!random || c->role == ROLE_UNKNOWN)
		return false;
	hello = find_kept(&tls_hellos, &random, BPF_SK_STORAGE_GET_F_CREATE);
	if (!hello) {
		count(COUNTER_TLS_FULL);
		return false;
	}
	opaque(hello); /* the additions stay behind the test */
	there = c->role == ROLE_SERVER ? &hello->server : &hello->client;
	if (!there->is_there) {
		*there = *end;
		return false;
	}
	if (!is_end(there, end->remote_port, end->peer))
		return false;
	if (!there->tgid)
		there->tgid = end->tgid;
	if (!there->object)
		return false;
	show_link(c, there->object, there->generation);
	forget_end(c, there);
	return true;
}

/* A ClientHello came in. */
__noinline __weak int note_hello(struct __sk_buff *skb)
{
	struct bpf_sock *sk = full_socket(skb);
	struct connection *c;
	struct tls_end end;

	if (!sk)
		return 0;
	c = bpf_sk_storage_get(&connections, sk, 0, 0);
	if (!c || c->flags & CONNECTION_RELEASED)
		return 0;
	describe_end(sk, c, &end);
	wait_for_object(c, &end);
	return 0;
}

/*
 * The first records leave through a tunnel, whose socket was one of plain HTTP before: if they begin with a ClientHello, the
 * socket waits as any other. Behind the proxy the same one passes sockets again, later.
 */
__noinline __weak int note_tunnel(struct __sk_buff *skb, u32 payload_offset)
{
	struct bpf_sock *sk = full_socket(skb);
	struct connection *c;
	u8 hello[HELLO_RANDOM_END];

	if (!sk)
		return 0;
	c = bpf_sk_storage_get(&connections, sk, 0, 0);
	if (!c || bpf_skb_load_bytes(skb, payload_offset, hello, sizeof(hello)))
		return 0; /* too short for one */
	if (hello[0] == TLS_HANDSHAKE && hello[HELLO_TYPE_AT] == HELLO_CLIENT)
		__builtin_memcpy(&c->endpoint_hash, hello + HELLO_RANDOM_AT, sizeof(c->endpoint_hash));
	return 0;
}

#endif
