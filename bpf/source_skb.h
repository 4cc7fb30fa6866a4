/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * source_skb.h: TCP payload out of a packet. Finds the segment in an skb whose data begins with the IP header, and loads
 * pieces of it. Payload is read by bpf_skb_load_bytes only: behind the headers an skb is pages, not linear memory.
 */
#ifndef HTTPEEK_SOURCE_SKB_H
#define HTTPEEK_SOURCE_SKB_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>

#include "maps.h"

enum {
	IPV6_EXTENSIONS = 8, /* extension headers that are followed; more is not seen on real networks */
	TCP_WORD_BYTES = 4,
	RECEIVE_WINDOW_BYTES = 1 << 20, /* beyond what TCP has, a segment is believed so far */
};

/* Follows IPv6 extension headers from `type` at `at`. Returns the offset of the TCP header, or 0 if there is none. */
static __always_inline u32 skip_extensions(struct __sk_buff *skb, u32 at, u8 type)
{
	u32 i;

	for (i = 0; i < IPV6_EXTENSIONS; i++) {
		u8 header[2]; /* next header, length */

		if (type == IPPROTO_TCP)
			return at;
		if (type != IPPROTO_HOPOPTS && type != IPPROTO_ROUTING && type != IPPROTO_DSTOPTS &&
		    type != IPPROTO_AH && type != IPPROTO_FRAGMENT)
			return 0;
		if (bpf_skb_load_bytes(skb, at, header, sizeof(header))) {
			count(COUNTER_LOAD_FAILED);
			return 0;
		}
		if (type == IPPROTO_FRAGMENT)
			at += 8; /* the stack has put the fragments together before this hook */
		else if (type == IPPROTO_AH)
			at += (header[1] + 2) * 4; /* RFC 4302 section 2.2 */
		else
			at += (header[1] + 1) * 8;
		type = header[0];
	}
	return 0;
}

/* IP options and extension headers: rare, so out of line. Returns the offset of the TCP header, or 0. */
VERIFIED_ONCE int locate_tcp(struct __sk_buff *skb)
{
	u8 first;
	u8 type;

	if (bpf_skb_load_bytes(skb, 0, &first, 1))
		return 0;
	if (first >> 4 == 4) {
		if (bpf_skb_load_bytes(skb, offsetof(struct iphdr, protocol), &type, 1) || type != IPPROTO_TCP)
			return 0;
		return (first & 15) * 4;
	}
	if (first >> 4 != 6 || bpf_skb_load_bytes(skb, offsetof(struct ipv6hdr, nexthdr), &type, 1))
		return 0;
	return skip_extensions(skb, sizeof(struct ipv6hdr), type);
}

/* Fills in the payload of a TCP packet; false if it is not TCP or carries none: an acknowledgement, or the ends of a connection. */
static __always_inline bool find_payload(struct __sk_buff *skb, struct segment *seg)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	const struct ipv6hdr *ip6 = data;
	const struct iphdr *ip = data;
	const struct tcphdr *tcp;
	struct tcphdr copy;
	u32 at, bytes;

	if (data + sizeof(*ip) + sizeof(*tcp) <= end && ip->version == 4 && ip->ihl == 5) {
		if (unlikely(ip->protocol != IPPROTO_TCP))
			return false;
		at = sizeof(*ip);
		tcp = data + sizeof(*ip);
	} else if (data + sizeof(*ip6) + sizeof(*tcp) <= end && ip6->version == 6 && ip6->nexthdr == IPPROTO_TCP) {
		at = sizeof(*ip6);
		tcp = data + sizeof(*ip6);
	} else {
		at = locate_tcp(skb);
		if (!at)
			return false;
		if (bpf_skb_load_bytes(skb, at, &copy, sizeof(copy))) {
			count(COUNTER_LOAD_FAILED);
			return false;
		}
		tcp = &copy;
	}
	opaque(tcp); /* what follows is there once */
	at += tcp->doff * TCP_WORD_BYTES;
	bytes = skb->len;
	if (at >= bytes) {
		seg->is_reset = tcp->rst;
		return false;
	}
	seg->offset = at;
	seg->bytes = bytes - at;
	seg->remote_port = bpf_ntohs(tcp->source);
	seg->seq = bpf_ntohl(tcp->seq) + tcp->syn; /* SYN takes a number (data on it: TCP Fast Open) */
	seg->ack = bpf_ntohl(tcp->ack_seq);
	seg->is_syn = tcp->syn;
	return true;
}

/* What the functions of segments are given as their source. */
static __always_inline source *source_in(source *src, struct workspace *ws)
{
	return src;
}

/*
 * When the segment passed. On the way out TCP has written into it when it may leave, on the same clock, and reading that
 * costs nothing; the clock itself is one of the most expensive things that are asked for here.
 * https://www.kernel.org/doc/html/latest/networking/timestamping.html; tcp_wstamp_ns in net/ipv4/tcp_output.c
 */
static __always_inline u64 segment_time_ns(const source *src, const struct segment *seg)
{
	u64 departs_ns = seg->is_egress ? src->tstamp : 0;

	return departs_ns ? departs_ns : bpf_ktime_get_ns();
}

/*
 * Loads `bytes` (1 to WINDOW_BYTES) of the segment, from its byte `at` on, to `to`. The caller has seen to it that they
 * are there, so a failure is a loss.
 */
static __always_inline bool load_payload(source *src, const struct segment *seg, u32 at, void *to, u64 bytes)
{
	clamp_1_to(bytes, WINDOW_BYTES);
	if (bpf_skb_load_bytes(src, seg->offset + at, to, bytes)) {
		count(COUNTER_LOAD_FAILED);
		return false;
	}
	return true;
}

/*
 * Whether TCP may take the segment: this hook runs before TCP looks at sequence numbers, and where framing begins anew
 * there is no position of our own to compare with. What waits in the socket's backlog is ahead of rcv_nxt by a little.
 */
static __always_inline bool is_in_window(source *src, const struct segment *seg)
{
	struct bpf_sock *sk = full_socket(src);
	struct bpf_tcp_sock *tcp;

	if (!sk)
		return false;
	if (seg->is_egress)
		return true;
	tcp = bpf_tcp_sock(sk);
	return !tcp || seg->seq - tcp->rcv_nxt < RECEIVE_WINDOW_BYTES;
}

#endif
