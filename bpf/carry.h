/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* carry.h: the unfinished line of a head that segments split, kept in the socket until the rest comes. */
#ifndef HTTPEEK_CARRY_H
#define HTTPEEK_CARRY_H

#include "heads.h"
#include "source_skb.h"

/* The carry of this direction. Creating it can fail; then the head cannot be kept together. */
static __always_inline struct carry *find_carry(struct __sk_buff *skb, bool is_request, u64 flags)
{
	struct bpf_sock *sk = skb->sk;

	if (!sk)
		return 0;
	return is_request ? bpf_sk_storage_get(&request_carries, sk, 0, flags) :
			    bpf_sk_storage_get(&response_carries, sk, 0, flags);
}

static __always_inline void drop_carry(struct __sk_buff *skb, bool is_request)
{
	struct bpf_sock *sk = skb->sk;

	if (!sk)
		return;
	if (is_request)
		bpf_sk_storage_delete(&request_carries, sk);
	else
		bpf_sk_storage_delete(&response_carries, sk);
}

/*
 * Keeps the unfinished line w[line..total) for the next segment; the window's new bytes are `n` from `at` on. A line that
 * began in an earlier segment already lies at the carry's start, because only one line is ever kept.
 */
VERIFIED_ONCE int keep_line(struct __sk_buff *skb, struct connection *c, struct segment *seg, u64 at_n, u32 line_total)
{
	u32 at = at_n >> 32, line = range_from(line_total), total = range_to(line_total);
	struct carry *carry;
	struct stream *s;

	if (!c || !seg)
		return 0;
	s = stream_of(c, seg->is_request);
	carry = find_carry(skb, seg->is_request, BPF_SK_STORAGE_GET_F_CREATE);
	if (!carry) {
		lose_framing(c, seg->is_request, COUNTER_CARRY_REFUSED);
		return 0;
	}
	if (line >= s->carried && !load_payload(skb, seg, at + line - s->carried, carry->bytes, total - line)) {
		lose_framing(c, seg->is_request, seg->is_request ? COUNTER_REQUEST_GAP : COUNTER_RESPONSE_GAP);
		return 0;
	}
	s->carried = total - line;
	s->next += (u32)at_n;
	return 0;
}

#endif
