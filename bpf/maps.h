/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * maps.h: every map, each with its life: who inserts, who deletes, who reads, what happens when
 * it is full. All but the socket storages are sized by user space before loading (src/capture/session.ts).
 *
 * Tables are arrays whose slots are handed out by a queue, so that the hot path can keep a slot number in the socket's
 * storage and reach the counters by an inlined array lookup, and so that user space can map the counters and read them
 * without a system call. Slots are never given back while the programs run.
 *
 * The definitions are weak so that several objects may include them and still be linked to one. The object that reads TLS
 * shares the tables with the one that has the packet hooks; what lies in sockets, only the latter has.
 */
#ifndef HTTPEEK_MAPS_H
#define HTTPEEK_MAPS_H

#include "config.h"
#include "connection.h"
#include "wire.h"
#include "workspace.h"

#define MAP SEC(".maps") __weak

#ifndef HTTPEEK_SOURCE_USER
/*
 * State of a TCP connection, and who owns its socket.
 * Inserted: sock_create (owner only), ESTABLISHED, the first packet of a socket older than the program, user space for
 * sockets that exist at the start. Cloned from the listener to what it accepts. Deleted by the kernel with the socket.
 * Full: memory only; a refused insertion is COUNTER_CONNECTION_UNTRACKED.
 */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct connection);
} connections MAP;

/*
 * Requests in flight beyond those that fit a connection. Inserted by the request direction's packets when there are that
 * many, read by the response direction's and by the socket hooks; dies with the socket. A refused insertion is
 * COUNTER_CONNECTION_UNTRACKED.
 */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct pipeline);
} pipelines MAP;

/*
 * The unfinished line of a head that is split over segments, per direction, because the directions are handled on
 * different CPUs. Inserted and deleted by the packet programs, so that only connections with a split head pay for it;
 * dies with the socket. A refused insertion is COUNTER_CARRY_REFUSED.
 */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct carry);
} request_carries MAP, response_carries MAP;

/*
 * Targets of the requests of a connection that wait for their responses: what a watcher is shown as their path. Inserted
 * by the packet programs, only while somebody watches; read when an exchange ends; dies with the socket. A refused
 * insertion is COUNTER_WATCH_PATH_UNKNOWN, once the exchange ends.
 */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct targets);
} targets MAP;
#endif

/*
 * What a watcher is sent: one struct exchange_event after another. Written by all programs, read by user space, which
 * gives it more than the least size only if it watches. Full: COUNTER_WATCH_DROPPED.
 */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events MAP;

/*
 * Hash of an endpoint's labels -> slot in endpoints. Inserted by the packet programs once per endpoint; never deleted.
 * Full: the exchange goes to the "(other)" endpoint of its owner, role and port (COUNTER_ENDPOINTS_OTHER).
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u64);
	__type(value, u32);
} endpoint_ids MAP;

/*
 * Where an endpoint was found last: [hash & cfg_hint_mask] = the hash with the slot in place of its low 16 bits. A hint
 * tells apart what the table does, but for the chance of 2^-60 that two hashes are alike in the 48 bits kept here and in
 * those of the place. Written and read by the packet programs; two endpoints of one place displace each other, which
 * costs a look into the table.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, u64);
} endpoint_hints MAP;

/* Labels of endpoints. Written before endpoint_ids shows the slot; read by user space when a cell refers to the slot. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, struct endpoint);
} endpoints MAP;

/*
 * Requests begun: [stripe * endpoints + endpoint]. Added to by the packet programs, read by user space, which subtracts
 * the exchanges that ended and so has those in flight.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, u64);
} starts MAP;

/*
 * cell_identity() -> slot in cells. Inserted by the packet programs once per endpoint, status, outcome and stripe, and once
 * more for the first stripe's, which the others share when there are no more cells; never
 * deleted. Full: "(other)", and if that is full as well COUNTER_CELLS_FULL.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, u64);
	__type(value, u32);
} cell_ids MAP;

/*
 * The cell in which an endpoint was counted last: [stripe * endpoints + endpoint]. Whether it is the right one, the cell
 * says; 0, where none was counted yet, is never handed out. Written and read by the packet programs.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, u32);
} cell_hints MAP;

/* The counters. Added to by the packet programs, read by user space once per interval. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 8192);
	__type(key, u32);
	__type(value, struct cell);
} cells MAP;

struct owner_key {
	u64 cgroup_id;
	u8 comm[LIMIT_COMM_BYTES];
};

#ifndef HTTPEEK_SOURCE_USER
/* Owner -> slot in owners. Inserted by sock_create and by user space. Full: slot 0, COUNTER_OWNERS_FULL. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct owner_key);
	__type(value, u32);
} owner_ids MAP;
#endif

/* Owners. Written before owner_ids shows the slot; read by user space to name the service. Slot 0 is "unknown". */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, struct owner);
} owners MAP;

/*
 * Free slots of the tables, in rising order. Filled by user space before the programs are attached; taken by the
 * programs, and put back when two CPUs register the same thing at once. A queue because it is the one allocator that
 * every kernel from 5.10 on has for every program type (no fetching atomics before 5.12).
 */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 4096);
	__type(value, u32);
} free_endpoints MAP, free_other_endpoints MAP, free_cells MAP, free_other_cells MAP, free_owners MAP;

#ifndef HTTPEEK_SOURCE_USER
/*
 * Facts of connections by owner and peer. Inserted and added to by the socket hooks, read by user space; never deleted.
 * Full: COUNTER_PEERS_FULL.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct peer_key);
	__type(value, struct peer_stats);
} peers MAP;
#endif

/* A request that came before its socket existed, parsed into a connection that waits for the socket: see early.h. */
struct early {
	u32 seq;	 /* of the first byte: what the socket's stream has to begin with */
	u32 remote_port; /* host order */
	u8 is_waiting;
	u8 _pad[7];
	struct connection connection;
	struct pipeline pipeline;
};

#ifndef HTTPEEK_SOURCE_USER
/* [cpu]. Written by the ingress hook, taken by sockops in the same softirq; user space only sizes it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct early);
} early_requests MAP;

/*
 * Thread groups in scope, if the scope is processes (cfg_scope_pids). Inserted and deleted by user space, read by
 * sock_create: a socket that another process made gets no storage, and without storage its packets are not looked at.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, u8);
} scope_pids MAP;
#endif

/*
 * Workspaces: [cpu * LIMIT_WORKSPACES_PER_CPU + n]. Taken and released within one program run; user space neither reads
 * nor writes them. All in use: COUNTER_WORKSPACE_REFUSED.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LIMIT_WORKSPACES_PER_CPU);
	__type(key, u32);
	__type(value, struct workspace);
} workspaces MAP;

static __always_inline void count(enum counter which)
{
	__sync_fetch_and_add(&counters[which], 1);
}

static __always_inline void count_many(enum counter which, u64 by)
{
	__sync_fetch_and_add(&counters[which], by);
}

/* The packet's socket, if it is a whole one: not of a connection that is still being made, or in TIME_WAIT. */
static __always_inline struct bpf_sock *full_socket(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;

	return sk ? bpf_sk_fullsock(sk) : 0;
}

#include "tls_maps.h"

#include "compat_workspace.h"

#endif
