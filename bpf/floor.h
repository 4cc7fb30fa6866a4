/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * floor.h: what no program in this place can do without, and nothing else: the payload is found, the socket's storage asked
 * for, a workspace taken, the bytes are loaded into it, and of a request the clock is read. Benchmarks time it to tell how
 * much of a packet's time is the kernel's own.
 */
#ifndef HTTPEEK_FLOOR_H
#define HTTPEEK_FLOOR_H

#include "lease.h"
#include "source_skb.h"

/* Storage that it makes is of the map of its own object, and goes with it. */
static __always_inline void call_helpers(struct __sk_buff *skb, bool is_egress)
{
	struct bpf_sock *sk = skb->sk;
	struct segment seg = {};
	struct workspace *ws;
	u64 bytes;

	if (!find_payload(skb, &seg) || !sk)
		return;
	seg.is_egress = is_egress;
	if (!bpf_sk_storage_get(&connections, sk, 0, BPF_SK_STORAGE_GET_F_CREATE))
		return;
	ws = take_workspace();
	if (!ws)
		return;
	bytes = seg.bytes < WINDOW_BYTES ? seg.bytes : WINDOW_BYTES;
	load_payload(skb, &seg, 0, ws->window.bytes, bytes);
	ws->entry = segment_time_ns(skb, &seg);
	release_workspace(ws);
}

#endif
