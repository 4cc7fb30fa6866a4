/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * tls_link.h: which socket a TLS library's object belongs to, from the packets' side; and the end of the connection. No
 * offset in any library, no descriptor and no lookup of sockets is needed. There are three kinds of evidence:
 *
 * - The library sends by itself, inside of a call: then the thread that sends records on an encrypted socket without an
 *   object is in a call on the object that the socket belongs to. Certain.
 * - The library writes to memory, and the application sends that when it likes, from any thread (asyncio, uvloop, Twisted,
 *   Node): every ClientHello has 32 random bytes, and the library keeps them in its object. So sockets that have seen one
 *   wait in tls_hellos until the object is found that holds it: tls_hello.h. Certain as well.
 * - The connection is older than httpeek, so its ClientHello was not seen, or the object does not hold it (is_unfindable()):
 *   the object that the thread has worked on last, if it was the only one since the thread has sent anything. Go, which
 *   notes its work right before it sends, is told by the thread as well.
 */
#ifndef HTTPEEK_TLS_LINK_H
#define HTTPEEK_TLS_LINK_H

#include "tls_object.h"
#include "tls_records.h"

enum {
	LINK_TRIES = 64,  /* packets that look for an object; of later ones those of a thread with work, and */
	LINK_EVERY = 16,  /* one in so many; a power of two */
	FIRST_FLIGHT = 1, /* packets sent: a link found with these is there before any data */
};

static __always_inline struct tls_key tls_key_of(const struct connection *c)
{
	struct tls_key key = { .object = c->holes[TLS_SLOT_OBJECT], .tgid = c->holes[TLS_SLOT_GENERATION] };

	return key;
}

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
	asm volatile("" : : : "memory"); /* written before the mode that shows it */
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

/*
 * Whether the object does not hold the random, or only behind a pointer (OpenSSL 1.1, BoringSSL). A server's has it when the first call
 * ends, whose end is its second search; a client's, which makes it, when the next one begins.
 */
static __always_inline bool is_unfindable(const struct connection *c, const struct tls_work *work)
{
	return work->searches >= (c->role == ROLE_SERVER ? 2 : 3);
}

/*
 * The object that the thread which sends works on, if it has to be this socket's. What it worked on before, and may have
 * left in memory, is told by the ClientHello if that is known. `tgid`: the process that sends, 0 if the kernel does not say:
 * what one that is gone has left behind was of another thread with the same address.
 */
static __always_inline bool take_work(const struct connection *c, u32 tgid, struct tls_key *key)
{
	struct tls_work *work = thread_work();
	u64 task = bpf_get_current_task();
	bool is_certain;

	if (!work)
		return false;
	*key = work->key;
	if (work->is_go) /* it notes nothing for its ClientHello: what is there is another connection's */
		is_certain = c->role != ROLE_CLIENT || c->tries > FIRST_FLIGHT;
	else
		is_certain = work->depth || (!work->is_ambiguous && (!c->endpoint_hash || is_unfindable(c, work)));
	if (tgid && tgid != key->tgid)
		is_certain = false;
	bpf_map_delete_elem(&tls_tasks, &task);
	return is_certain;
}

/*
 * A packet with records leaves a socket whose object is not known. With the context alone, every kernel verifies it once.
 */
__noinline __weak int link_tls(struct __sk_buff *skb)
{
	struct bpf_sock *sk = full_socket(skb);
	struct tls_end end, *there;
	struct connection *c;
	struct tls_key key;
	u64 generation;

	if (!sk)
		return 0;
	c = bpf_sk_storage_get(&connections, sk, 0, 0);
	if (!c || c->flags & CONNECTION_RELEASED)
		return 0; /* what the kernel still sends is nobody's any more, and nothing would end the link */
	if (!++c->tries)
		c->tries = LINK_TRIES; /* it is no new connection again */
	/* a thread with work is asked at each packet: what one leaves is another's doubt */
	if (c->tries > LINK_TRIES && c->tries & (LINK_EVERY - 1) && !thread_work())
		return 0;
	describe_end(sk, c, &end);
	if (cfg_packet_process)
		end.tgid = bpf_get_current_pid_tgid() >> 32; /* handshakes are sent in calls */
	if (wait_for_object(c, &end) || !take_work(c, end.tgid, &key))
		return 0;
	generation = connect_object(&key, &end, c->role, c->tries <= FIRST_FLIGHT);
	if (!generation)
		return 0;
	there = waiting_end(c);
	if (there && is_end(there, end.remote_port, end.peer))
		forget_end(c, there);
	show_link(c, key.object, generation);
	return 1;
}

/* The socket of an encrypted connection is gone. */
static __always_inline void end_tls(struct bpf_sock *sk, struct connection *c)
{
	struct tls_end *there = c->mode == MODE_TLS ? waiting_end(c) : 0;
	struct tls_connection *t;
	struct tls_key key;
	u32 peer[4];

	if (there)
		read_peer(sk, peer);
	if (there && is_end(there, bpf_ntohs(sk->dst_port), peer)) {
		if (there->object)
			show_link(c, there->object, there->generation);
		forget_end(c, there);
	}
	if (c->mode == MODE_TLS) {
		if (c->tries > FIRST_FLIGHT && !(c->flags & CONNECTION_TUNNEL))
			count(COUNTER_TLS_UNREAD);
		return;
	}
	key = tls_key_of(c);
	t = bpf_map_lookup_elem(&tls_connections, &key);
	if (!t || t->generation != c->holes[TLS_SLOT_GENERATION])
		return; /* the object serves another socket by now, which has ended what waited here */
	/* the object was found, but no request after that: all had passed before, or through the copy of a forked child */
	if (t->connection.request.state == STREAM_UNKNOWN ||
	    (t->connection.mode == MODE_UNDECIDED && bpf_get_current_pid_tgid() >> 32 != key.tgid))
		count(COUNTER_TLS_UNREAD);
	end_tls_exchanges(key.object, key.tgid, c->flags);
	bpf_map_delete_elem(&tls_connections, &key);
}

#endif
