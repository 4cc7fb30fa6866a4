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
 * Both ends of a handshake, before any data of the connection passes the packet hooks (except data on the handshake's
 * last acknowledgement, which passes while the socket is still the listener). Runs in softirq: the current task is
 * anybody, so nothing is asked about it here. These two callbacks come without any callback flag being set, so other
 * programs' flags are left alone.
 */
SEC("sockops")
int sock_state(struct bpf_sock_ops *ops)
{
	switch (ops->op) {
	case BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB:
		establish(ops, ROLE_CLIENT);
		break;
	case BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB:
		establish(ops, ROLE_SERVER);
		break;
	}
	return PASS;
}
