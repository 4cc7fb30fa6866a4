/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * sockets.h: what the socket hooks know that packets do not say: who made a socket, which end of a connection it is, at
 * which sequence numbers both directions begin, and how connections fail and end.
 *
 * Who ended a connection is told by the order of two events: a release before the state change means this side, after it
 * the other side or the kernel. A closed socket still sends what was queued, so requests without an answer are ended
 * only when no response can pass any more.
 */
#ifndef HTTPEEK_SOCKETS_H
#define HTTPEEK_SOCKETS_H

#include <linux/in.h>

#include "config.h"

#include "early.h"
#include "owners.h"
#include "tls_link.h"

enum {
	SOCKET_STREAM = 1,	    /* SOCK_STREAM, whose header is not for BPF */
	RTT_NS = 1000 / 8,	    /* nanoseconds in the unit of srtt_us: eighths of a microsecond */
	TELL_AGAIN_NS = 2000000000, /* user space looks at a process that goes on making sockets */
	WATCH_FLAGS = BPF_SOCK_OPS_STATE_CB_FLAG | BPF_SOCK_OPS_RTO_CB_FLAG | BPF_SOCK_OPS_RETRANS_CB_FLAG,
};

/*
 * A process makes a socket. Its libraries are there by now, and are not used yet; those that it loads later, before another
 * one.
 */
static __always_inline void note_process(u32 pid)
{
	u64 now_ns = bpf_ktime_get_ns(), *told_ns = bpf_map_lookup_elem(&tls_seen, &pid);

	if (told_ns && now_ns - *told_ns < TELL_AGAIN_NS)
		return;
	bpf_map_update_elem(&tls_seen, &pid, &now_ns, BPF_ANY);
	tell_process(pid, false);
}

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
	if (cfg_tls)
		note_process(pid);
}

/* The facts of the connection's owner and peer. */
static __always_inline struct peer_stats *peer_of(struct connection *c)
{
	struct peer_key key = { .owner = c->owner, .port = c->port, .role = c->role };
	static const struct peer_stats none;
	struct peer_stats *stats;

	if (c->role == ROLE_CLIENT)
		__builtin_memcpy(key.peer, c->peer, sizeof(key.peer));
	stats = bpf_map_lookup_elem(&peers, &key);
	if (stats)
		return stats;
	bpf_map_update_elem(&peers, &key, &none, BPF_NOEXIST); /* may exist by now: the lookup decides */
	stats = bpf_map_lookup_elem(&peers, &key);
	if (!stats)
		count(COUNTER_PEERS_FULL);
	return stats;
}

#define count_peer(c, field)                                                                                           \
	do {                                                                                                           \
		struct peer_stats *peer_stats = peer_of(c);                                                            \
		if (peer_stats)                                                                                        \
			__sync_fetch_and_add(&peer_stats->field, 1);                                                   \
	} while (0)

static __always_inline void sample_rtt(struct bpf_sock_ops *ops, struct peer_stats *stats)
{
	u64 rtt_ns = (u64)ops->srtt_us * RTT_NS;

	if (!rtt_ns)
		return; /* not measured yet */
	__sync_fetch_and_add(&stats->rtt_sum_ns, rtt_ns);
	__sync_fetch_and_add(&stats->rtt_count, 1);
}

/* Segments were sent again. */
static __always_inline void note_retransmit(struct bpf_sock_ops *ops, struct connection *c)
{
	struct peer_stats *stats;
	u64 segments = ops->args[1];

	if (c->role == ROLE_UNKNOWN)
		return;
	stats = peer_of(c);
	if (stats)
		__sync_fetch_and_add(&stats->retransmits_count, segments);
}

/* connect(2) was called. Without a route no SYN will be sent and nothing else be heard of it. */
static __always_inline void note_connect(struct bpf_sock_addr *ctx, const u32 *peer)
{
	struct bpf_sock *sk = ctx->sk;
	struct connection *c;

	if (!sk)
		return;
	c = bpf_sk_storage_get(&connections, sk, 0, 0);
	if (!c)
		return;
	if (c->flags & CONNECTION_CONNECTING)
		count_peer(c, unreachable_count); /* the call before went nowhere */
	c->role = ROLE_CLIENT;
	c->port = bpf_ntohs(ctx->user_port);
	__builtin_memcpy(c->peer, peer, LIMIT_ADDRESS_BYTES);
	c->flags |= CONNECTION_CONNECTING;
}

/* A SYN is about to be sent. */
static __always_inline void note_syn(struct bpf_sock_ops *ops, struct bpf_sock *sk, struct connection *c)
{
	begin_connection(c);
	set_role(c, sk, ROLE_CLIENT);
	c->request.started_ns = bpf_ktime_get_ns();
	c->flags = CONNECTION_SYN_SENT | CONNECTION_WATCHED;
	bpf_sock_ops_cb_flags_set(ops, ops->bpf_sock_ops_cb_flags | WATCH_FLAGS);
}

/* A connection is established: both directions begin at the sequence numbers that the handshake agreed on. */
static __always_inline void establish(struct bpf_sock_ops *ops, struct bpf_sock *sk, struct connection *c, u8 role)
{
	u64 syn_ns = c->flags & CONNECTION_SYN_SENT ? c->request.started_ns : 0;
	struct peer_stats *stats;

	if (role == ROLE_CLIENT && c->request.state != STREAM_UNKNOWN) { /* its request went out with the SYN */
		if (c->response.state == STREAM_UNKNOWN && c->mode < MODE_OPAQUE)
			begin_stream(c, false, first_position(ops->rcv_nxt), STREAM_START);
	} else if (role == ROLE_CLIENT || !take_early(sk, c, ops->rcv_nxt, ops->snd_nxt, bpf_ntohl(ops->remote_port))) {
		begin_connection(c);
		set_role(c, sk, role);
		begin_stream(c, true, first_position(role == ROLE_SERVER ? ops->rcv_nxt : ops->snd_nxt), STREAM_START);
		begin_stream(c, false, first_position(role == ROLE_SERVER ? ops->snd_nxt : ops->rcv_nxt), STREAM_START);
	}
	count(COUNTER_CONNECTIONS);
	c->flags = CONNECTION_ESTABLISHED | CONNECTION_WATCHED;
	bpf_sock_ops_cb_flags_set(ops, ops->bpf_sock_ops_cb_flags | WATCH_FLAGS);
	stats = peer_of(c);
	if (!stats)
		return;
	__sync_fetch_and_add(&stats->established_count, 1);
	sample_rtt(ops, stats);
	if (syn_ns)
		__sync_fetch_and_add(&stats->connect_sum_ns, bpf_ktime_get_ns() - syn_ns);
}

/* A connection attempt failed before it was established. */
static __always_inline void fail_connect(struct connection *c)
{
	c->flags &= ~CONNECTION_SYN_SENT;
	if (c->flags & (CONNECTION_TIMED_OUT | CONNECTION_RELEASED))
		count_peer(c, timeout_count);
	else if (c->flags & CONNECTION_RESET)
		count_peer(c, refused_count);
	else
		count_peer(c, unreachable_count);
}

/*
 * The requests without a response of the socket that a hook was called for have ended: `why` is enum unanswered. Every kernel
 * verifies a function once if all it is given is the context and numbers, so it finds its connection again.
 */
__noinline __weak int end_in_state(struct bpf_sock_ops *ops, u32 why)
{
	struct bpf_sock *sk = ops->sk;
	struct connection *c;

	if (!sk)
		return 0;
	c = bpf_sk_storage_get(&connections, sk, 0, 0);
	if (c)
		end_exchanges(c, c->is_pipelined ? bpf_sk_storage_get(&pipelines, sk, 0, 0) : 0, why,
			      c->role == ROLE_CLIENT ? ops->rcv_nxt : 0, ops, HOOK_STATE);
	return 0;
}

__noinline __weak int end_in_release(struct bpf_sock *sk, u32 why)
{
	struct connection *c = bpf_sk_storage_get(&connections, sk, 0, 0);

	if (c)
		end_exchanges(c, c->is_pipelined ? bpf_sk_storage_get(&pipelines, sk, 0, 0) : 0, why, 0, sk,
			      HOOK_RELEASE);
	return 0;
}

/* Whether there can be requests without a response: those of a pipeline are not looked for. */
static __always_inline bool may_wait(const struct connection *c)
{
	return c->mode == MODE_HTTP && (c->is_pipelined || c->pending);
}

/* An established connection is over. */
static __always_inline void end_connection(struct bpf_sock_ops *ops, struct connection *c, u32 old_state)
{
	/* from one of these a close in order goes on to send a FIN; straight to CLOSE is a reset by either side */
	bool is_abort = old_state == BPF_TCP_ESTABLISHED || old_state == BPF_TCP_CLOSE_WAIT;
	struct peer_stats *stats;

	if (may_wait(c))
		end_in_state(ops, UNANSWERED_ENDED);
	c->flags &= ~CONNECTION_ESTABLISHED;
	stats = peer_of(c);
	if (!stats)
		return;
	__sync_fetch_and_add(&stats->ended_count, 1);
	sample_rtt(ops, stats);
	if (c->flags & CONNECTION_TIMED_OUT)
		__sync_fetch_and_add(&stats->timeout_count, 1);
	else if (is_abort || c->flags & CONNECTION_RESET)
		__sync_fetch_and_add(&stats->reset_count, 1);
}

/* The TCP state changed. */
static __always_inline void note_state(struct bpf_sock_ops *ops, struct connection *c)
{
	u32 old_state = ops->args[0], new_state = ops->args[1];

	if (old_state == BPF_TCP_SYN_SENT && new_state == BPF_TCP_CLOSE) {
		if (c->flags & CONNECTION_SYN_SENT)
			fail_connect(c);
		if (may_wait(c)) /* they went out with the SYN */
			end_in_state(ops, UNANSWERED_UNSENT);
		return;
	}
	if (!(c->flags & CONNECTION_ESTABLISHED))
		return;
	if (!(c->flags & (CONNECTION_ENDED_HERE | CONNECTION_ENDED_THERE))) {
		if (new_state == BPF_TCP_CLOSE_WAIT || new_state == BPF_TCP_CLOSE)
			c->flags |= CONNECTION_ENDED_THERE;
		else if (new_state == BPF_TCP_FIN_WAIT1 && c->role == ROLE_SERVER)
			c->flags |= CONNECTION_ENDED_HERE; /* shut down for writing: no answer can follow */
	}
	if (new_state == BPF_TCP_CLOSE || new_state == BPF_TCP_TIME_WAIT)
		end_connection(ops, c, old_state);
	else if ((new_state == BPF_TCP_CLOSE_WAIT && c->role == ROLE_CLIENT) ||
		 (new_state == BPF_TCP_FIN_WAIT2 && (c->role == ROLE_SERVER || c->flags & CONNECTION_RELEASED)))
		if (may_wait(c))
			end_in_state(ops, UNANSWERED_ENDED);
}

/* No process holds the socket any more. */
static __always_inline void note_release(struct bpf_sock *sk, struct connection *c)
{
	u32 state = sk->state;

	c->flags |= CONNECTION_RELEASED;
	if (c->flags & CONNECTION_CONNECTING) {
		c->flags &= ~CONNECTION_CONNECTING;
		count_peer(c, unreachable_count);
	} else if (c->flags & CONNECTION_SYN_SENT) {
		if (state == BPF_TCP_SYN_SENT)
			fail_connect(c); /* the caller gave up */
	} else if (!(c->flags & (CONNECTION_ENDED_HERE | CONNECTION_ENDED_THERE))) {
		c->flags |= state == BPF_TCP_CLOSE_WAIT ? CONNECTION_ENDED_THERE : CONNECTION_ENDED_HERE;
	}
	if (cfg_tls && c->mode >= MODE_TLS)
		end_tls(sk, c);
	if (!(c->flags & CONNECTION_WATCHED) && may_wait(c))
		end_in_release(sk, UNANSWERED_ENDED); /* older than the program: this is the last that is heard of it */
}

#endif
