/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* source_user.h: plaintext out of a process's memory, as an application has handed it to its TLS library or got it. */
#ifndef HTTPEEK_SOURCE_USER_H
#define HTTPEEK_SOURCE_USER_H

#include "maps.h"

/* What the functions of segments are given as their source. */
static __always_inline source *source_in(source *src, struct workspace *ws)
{
	opaque(ws); /* the addition stays behind the test */
	return &ws->segment;
}

/* When the call began that hands the data over, or ended that got it. */
static __always_inline u64 segment_time_ns(const source *src, const struct segment *seg)
{
	return seg->ns;
}

/* As in source_skb.h. Data that a library sends on its own account (SSL_sendfile) lies in no memory: address 0. */
static __always_inline bool load_payload(source *src, const struct segment *seg, u32 at, void *to, u64 bytes)
{
	clamp_1_to(bytes, WINDOW_BYTES);
	if (!seg->address || bpf_probe_read_user(to, bytes, (void *)(seg->address + at))) {
		count(COUNTER_LOAD_FAILED);
		return false;
	}
	return true;
}

/* What a library hands over is in order. */
static __always_inline bool is_in_window(source *src, const struct segment *seg)
{
	return true;
}

#endif
