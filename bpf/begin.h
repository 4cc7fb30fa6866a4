/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* begin.h: how the state of a connection and of its two directions begins. */
#ifndef HTTPEEK_BEGIN_H
#define HTTPEEK_BEGIN_H

#include "endpoints.h"

enum {
	PASS = 1,		  /* what every program returns: httpeek never drops a packet or refuses a socket */
	POSITION_BASE_SHIFT = 32, /* positions begin with 1 in the high half, so that small steps back stay positive */
	FAMILY_INET = 2,	  /* AF_INET and AF_INET6, whose header is not for BPF */
	FAMILY_INET6 = 10,
};

static __always_inline u64 first_position(u32 seq)
{
	return 1ull << POSITION_BASE_SHIFT | seq;
}

static __always_inline void begin_stream(struct connection *c, bool is_request, u64 next, u8 state)
{
	struct stream *s = stream_of(c, is_request);

	c->holes[is_request] = 0;
	__builtin_memset(s, 0, sizeof(*s));
	s->next = next;
	s->top = next;
	s->state = state;
}

/*
 * The other end's address; IPv4 as ::ffff:a.b.c.d, which is also what a dual-stack socket holds. Both fields are read
 * each time, through volatile, because the verifier refuses the computed offset that clang would make of a choice.
 */
static __always_inline void read_peer(const volatile struct bpf_sock *sk, u32 *peer)
{
	u32 v4 = sk->dst_ip4;

	peer[0] = sk->dst_ip6[0];
	peer[1] = sk->dst_ip6[1];
	peer[2] = sk->dst_ip6[2];
	peer[3] = sk->dst_ip6[3];
	if (sk->family == FAMILY_INET) {
		peer[0] = peer[1] = 0;
		peer[2] = bpf_htonl(0xffff);
		peer[3] = v4;
	}
}

/* Everything that endpoints of the connection share goes into the hash they start from. `peer`: only of clients. */
static __always_inline void take_role(struct connection *c, u8 role, u16 port, const u32 *peer)
{
	u64 hash = hash_mix(cfg_hash_seed, (u64)c->owner << 32 | role | (c->flags & CONNECTION_TLS));

	c->role = role;
	c->port = port;
	if (role == ROLE_CLIENT) {
		hash = hash_mix(hash, (u64)peer[0] << 32 | peer[1]);
		hash = hash_mix(hash, (u64)peer[2] << 32 | peer[3]);
		__builtin_memcpy(c->peer, peer, LIMIT_ADDRESS_BYTES);
	}
	c->base_hash = hash_mix(hash, c->port);
}

static __always_inline void set_role(struct connection *c, const struct bpf_sock *sk, u8 role)
{
	u32 peer[4];

	if (role == ROLE_SERVER) {
		take_role(c, role, sk->src_port, 0);
		return;
	}
	read_peer(sk, peer);
	take_role(c, role, bpf_ntohs(sk->dst_port), peer);
}

/* Forgets all but the owner. */
static __always_inline void begin_connection(struct connection *c)
{
	u16 owner = c->owner;

	__builtin_memset(c, 0, sizeof(*c));
	c->owner = owner;
	c->mode = MODE_UNDECIDED;
	c->cell = SLOT_NONE;
}

/*
 * Data before the handshake is over, as far as the client's socket knows: its request goes out with the SYN (TCP Fast
 * Open), and the answer can pass here while the SYN's own answer waits for whoever has the socket locked.
 */
OUT_OF_LINE int begin_on_syn(struct connection *c, u32 seq, u32 is_egress, u32 is_syn)
{
	if (!c || c->role != ROLE_CLIENT)
		return 0;
	if (is_egress) {
		if (is_syn && c->request.state == STREAM_UNKNOWN)
			begin_stream(c, true, first_position(seq), STREAM_START);
	} else if (c->request.state != STREAM_UNKNOWN && c->response.state == STREAM_UNKNOWN) {
		begin_stream(c, false, first_position(seq), STREAM_START);
	}
	return 0;
}

#endif
