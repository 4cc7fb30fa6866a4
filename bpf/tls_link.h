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
 *   the object that the thread has worked on last, if it was the only one since the thread has sent anything.
 *
 * Go's objects do not hold the random. They are told by the threads that have sent: tls_go.h, and, where the socket does not
 * wait in tls_hellos, by the work that is noted right before it sends.
 */
#ifndef HTTPEEK_TLS_LINK_H
#define HTTPEEK_TLS_LINK_H

#include "tls_wait.h"

enum {
	LINK_TRIES = 64,  /* packets that look for an object; of later ones those of a thread with work, and */
	LINK_EVERY = 16,  /* one in so many; a power of two */
	FIRST_FLIGHT = 1, /* packets sent: a link found with these is there before any data */
	HANDSHAKE = 4,	  /* packets sent: the handshake's are among these, a second ClientHello too */
};

static __always_inline struct tls_key tls_key_of(const struct connection *c)
{
	struct tls_key key = { .object = c->holes[TLS_SLOT_OBJECT], .tgid = c->holes[TLS_SLOT_GENERATION] };

	return key;
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
 * Whether the socket waits for its object in a handshake, past its own ClientHello. Then the end of Go's flush tells better
 * than its beginning does: tls_go.h.
 */
static __always_inline bool is_shaking(const struct connection *c, const struct tls_end *end)
{
	const struct tls_end *there;

	if (c->tries > HANDSHAKE || (c->role == ROLE_CLIENT && c->tries <= FIRST_FLIGHT))
		return false;
	there = waiting_end(c);
	/* not if it came with what ended the TCP handshake (early.h), and waits since this packet: that is in the flush already */
	return there && is_end(there, end->remote_port, end->peer) && there->ns != end->ns && there->tgid == end->tgid;
}

/* Packets that the socket has to send before its first data; 0 where its handshake was not seen. */
static __always_inline u32 packets_before_data(const struct connection *c)
{
	if (!c->endpoint_hash)
		return 0;
	return c->role == ROLE_CLIENT ? 2 : 1;
}

/*
 * The object that the thread which sends works on, if it has to be this socket's. What it worked on before, and may have
 * left in memory, is told by the ClientHello if that is known. Go notes nothing for a ClientHello, and the work of a Write, as
 * long as there can be no data, is of a goroutine that is elsewhere by now. `tgid`: the process that sends, 0 if the kernel
 * does not say: what one that is gone has left behind was of another thread with the same address.
 */
static __always_inline bool take_work(const struct connection *c, u32 tgid, bool shakes, struct tls_key *key)
{
	struct tls_work *work = thread_work();
	u64 task = bpf_get_current_task();
	bool is_certain;

	if (!work)
		return false;
	*key = work->key;
	if (work->kind == WORK_CALL)
		is_certain = work->depth || (!work->is_ambiguous && (!c->endpoint_hash || is_unfindable(c, work)));
	else if (work->kind == WORK_GO_FLUSH)
		is_certain = !shakes && (c->role != ROLE_CLIENT || c->tries > FIRST_FLIGHT);
	else
		is_certain = c->tries > packets_before_data(c);
	if (tgid && tgid != key->tgid)
		is_certain = false;
	bpf_map_delete_elem(&tls_tasks, &task);
	return is_certain;
}

/* If this is in a flush of Go's, the socket is told at its end. A function of its own takes no stack from what follows. */
__noinline __weak int note_sent(u64 random, u32 role)
{
	struct tls_sent sent = { .random = random, .ns = bpf_ktime_get_ns(), .role = role };
	u64 task = bpf_get_current_task();
	struct tls_sent *before = bpf_map_lookup_elem(&tls_sent, &task);

	if (before) {
		sent.other_ns = before->random == random ? before->other_ns : before->ns;
		sent.flush_ns = before->flush_ns;
	}
	bpf_map_update_elem(&tls_sent, &task, &sent, BPF_ANY);
	return 0;
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
	bool shakes;

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
	if (wait_for_object(c, &end))
		return 0;
	shakes = is_shaking(c, &end);
	if (!take_work(c, end.tgid, shakes, &key)) {
		if (shakes)
			note_sent(c->endpoint_hash, c->role);
		return 0;
	}
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
