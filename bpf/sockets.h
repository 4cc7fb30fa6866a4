/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * sockets.h: what the socket hooks know that packets do not say: who made a socket, which end of a connection it is, and
 * at which sequence numbers both directions begin.
 */
#ifndef HTTPEEK_SOCKETS_H
#define HTTPEEK_SOCKETS_H

#include <linux/in.h>

#include "begin.h"

enum {
	SOCKET_STREAM = 1, /* SOCK_STREAM, whose header is not for BPF */
};

/*
 * Remembers in a new TCP socket's storage who makes it. Sockets accepted from it get a copy (BPF_F_CLONE), so a server's
 * connections belong to whoever made the listener.
 */
static __always_inline void own_socket(struct bpf_sock *sk)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct owner_key key = {};
	struct connection *c;

	if (sk->type != SOCKET_STREAM || (sk->family != FAMILY_INET && sk->family != FAMILY_INET6))
		return;
	if (cfg_scope_pids && !bpf_map_lookup_elem(&scope_pids, &pid))
		return;
	key.cgroup_id = bpf_get_current_cgroup_id();
	bpf_get_current_comm(key.comm, sizeof(key.comm));
	c = bpf_sk_storage_get(&connections, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!c) {
		count(COUNTER_CONNECTION_UNTRACKED);
		return;
	}
	c->owner = find_owner(&key, pid);
}

/* A connection is established: both directions begin at the sequence numbers that the handshake agreed on. */
static __always_inline void establish(struct bpf_sock_ops *ops, u8 role)
{
	struct bpf_sock *sk = ops->sk;
	struct connection *c;

	if (!sk)
		return;
	c = bpf_sk_storage_get(&connections, sk, 0, cfg_scope_pids ? 0 : BPF_SK_STORAGE_GET_F_CREATE);
	if (!c) {
		if (!cfg_scope_pids)
			count(COUNTER_CONNECTION_UNTRACKED);
		return;
	}
	begin_connection(c);
	set_role(c, sk, role);
	begin_stream(&c->request, first_position(role == ROLE_SERVER ? ops->rcv_nxt : ops->snd_nxt), STREAM_START);
	begin_stream(&c->response, first_position(role == ROLE_SERVER ? ops->snd_nxt : ops->rcv_nxt), STREAM_START);
}

#endif
