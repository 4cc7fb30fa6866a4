// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* sockets.bpf.c: the table of socket hooks. */
#include "sockets.h"

/*
 * socket(2), in the process that makes it: the one hook of every kernel from 5.10 on where the maker's name and the
 * socket's storage are both at hand. Misses sockets that exist already; user space seeds those.
 */
SEC("cgroup/sock_create")
int sock_created(struct bpf_sock *sk)
{
	own_socket(sk);
	return PASS;
}

/*
 * connect(2), before a route is looked for: the only trace of a connection for which there is no route. No SYN is sent
 * then, and no sockops callback comes.
 */
SEC("cgroup/connect4")
int connect_v4(struct bpf_sock_addr *ctx)
{
	u32 peer[4] = { 0, 0, bpf_htonl(0xffff), ctx->user_ip4 };

	note_connect(ctx, peer);
	return PASS;
}

SEC("cgroup/connect6")
int connect_v6(struct bpf_sock_addr *ctx)
{
	u32 peer[4] = { ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2], ctx->user_ip6[3] };

	note_connect(ctx, peer);
	return PASS;
}

/*
 * The last reference to a socket goes, in the process that held it. Before the state change if this side ends the
 * connection, after it if the other side did.
 */
SEC("cgroup/sock_release")
int sock_released(struct bpf_sock *sk)
{
	struct connection *c = bpf_sk_storage_get(&connections, sk, 0, 0);

	if (c)
		note_release(sk, c);
	return PASS;
}

/*
 * The life of a connection. CONNECT and both ESTABLISHED callbacks come without being asked for; from there on the
 * socket's own callback flags are added to, so that other programs' flags stay. Runs in softirq as well: the current task
 * is anybody, so nothing is asked about it here.
 */
SEC("sockops")
int sock_state(struct bpf_sock_ops *ops)
{
	struct bpf_sock *sk = ops->sk;
	struct connection *c;
	u32 op = ops->op;

	if (!sk)
		return PASS;
	if (op != BPF_SOCK_OPS_TCP_CONNECT_CB && op != BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB &&
	    op != BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB && op != BPF_SOCK_OPS_STATE_CB && op != BPF_SOCK_OPS_RTO_CB &&
	    op != BPF_SOCK_OPS_RETRANS_CB)
		return PASS;
	c = bpf_sk_storage_get(&connections, sk, 0, 0);
	if (!c) { /* the socket is older than the programs, or not in scope */
		if (cfg_scope_pids || op >= BPF_SOCK_OPS_RTO_CB) /* only where they were asked for */
			return PASS;
		c = bpf_sk_storage_get(&connections, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
		if (!c) {
			count(COUNTER_CONNECTION_UNTRACKED);
			return PASS;
		}
	}
	switch (op) {
	case BPF_SOCK_OPS_TCP_CONNECT_CB:
		note_syn(ops, sk, c);
		break;
	case BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB:
		establish(ops, sk, c, ROLE_CLIENT);
		break;
	case BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB:
		establish(ops, sk, c, ROLE_SERVER);
		break;
	case BPF_SOCK_OPS_STATE_CB:
		note_state(ops, c);
		break;
	case BPF_SOCK_OPS_RETRANS_CB:
		note_retransmit(ops, c);
		break;
	case BPF_SOCK_OPS_RTO_CB:
		if (ops->args[2]) /* expired */
			c->flags |= CONNECTION_TIMED_OUT;
		break;
	}
	return PASS;
}
