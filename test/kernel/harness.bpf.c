// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * harness.bpf.c: runs a whole conversation through the real segment path in one BPF_PROG_TEST_RUN, because the kernel
 * gives each run a socket of its own. Never part of the product.
 *
 * The packet is a script: struct script, then `count` records, then the bytes that the records point into. What came out
 * is read from the product's own maps, and from `ended`. test/kernel/conversation.ts writes the scripts.
 */
#include "../../bpf/traffic.h"

char _license[] SEC("license") = "Dual BSD/GPL";

enum {
	SCRIPT_RECORDS = 1024,
	SCRIPT_CLIENT = 1,	/* the watched end is the client */
	SCRIPT_ADOPTED = 2,	/* no handshake was seen */
	SCRIPT_CLOSED = 4,	/* the watched end closes at the end */
	RECORD_EGRESS = 0x8000, /* in record.bytes */
};

struct script {
	u16 count;
	u16 flags;
	u32 first_in; /* sequence number of the first byte that comes in, and of that which goes out */
	u32 first_out;
	u32 next_in; /* what the watched end has received, up to before this sequence number */
};

/* A segment. */
struct record {
	u16 bytes;   /* and RECORD_EGRESS */
	u16 payload; /* where the bytes are, from the packet's start */
	u32 seq;
	u32 ack;
};

/* How the connection ended. */
struct ended {
	u32 mode;
	u32 request_state;
	u32 response_state;
	u32 pending;
	s32 bucket; /* bucket_of() */
	u32 _pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct ended);
} harness MAP;

__noinline __weak int deliver(struct __sk_buff *skb, u32 index)
{
	struct segment seg = {};
	struct connection *c;
	struct record record;
	struct bpf_sock *sk;

	sk = skb->sk;
	if (!sk)
		return 0;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return 0;
	c = bpf_sk_storage_get(&connections, sk, 0, 0);
	if (!c)
		return 0;
	if (bpf_skb_load_bytes(skb, sizeof(struct script) + index * sizeof(record), &record, sizeof(record)))
		return 0;
	seg.is_egress = !!(record.bytes & RECORD_EGRESS);
	seg.bytes = record.bytes & ~RECORD_EGRESS;
	seg.offset = record.payload;
	seg.seq = record.seq;
	seg.ack = record.ack;
	if (is_answer(c, &seg) || (c->mode < MODE_OPAQUE && has_direction(skb, c, &seg)))
		watch_segment(skb, c, &seg);
	return 1;
}

SEC("cgroup_skb/egress")
int conversation(struct __sk_buff *skb)
{
	struct connection *c;
	struct script script;
	struct bpf_sock *sk;
	struct ended *h;
	u32 zero = 0, i;

	sk = skb->sk;
	h = bpf_map_lookup_elem(&harness, &zero);
	if (!sk || !h || bpf_skb_load_bytes(skb, 0, &script, sizeof(script)))
		return 0;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return 0;
	c = bpf_sk_storage_get(&connections, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!c)
		return 0;
	begin_connection(c);
	if (!(script.flags & SCRIPT_ADOPTED)) {
		bool client = script.flags & SCRIPT_CLIENT;

		set_role(c, sk, client ? ROLE_CLIENT : ROLE_SERVER);
		begin_stream(c, true, first_position(client ? script.first_out : script.first_in), STREAM_START);
		begin_stream(c, false, first_position(client ? script.first_in : script.first_out), STREAM_START);
	}
	for (i = 0; i < SCRIPT_RECORDS; i++) {
		if (i >= script.count)
			break;
		if (!deliver(skb, i))
			return 0;
	}
	if (script.flags & SCRIPT_CLOSED) {
		c->flags |= CONNECTION_ENDED_HERE;
		end_exchanges(c, find_pipeline(skb, false, 0), UNANSWERED_ENDED,
			      c->role == ROLE_CLIENT ? script.next_in : 0, skb, HOOK_PACKET);
	}
	h->mode = c->mode;
	h->request_state = c->request.state;
	h->response_state = c->response.state;
	h->pending = pending_requests(c, find_pipeline(skb, false, 0));
	return PASS;
}

/* A packet whose direction is known: not every kernel lets a test run say where a packet has come in. */
SEC("cgroup_skb/ingress")
int packet_in(struct __sk_buff *skb)
{
	return watch_packet(skb, false);
}

SEC("cgroup_skb/ingress")
int packet_out(struct __sk_buff *skb)
{
	return watch_packet(skb, true);
}

/* The histogram bucket of the nanoseconds in the packet. */
SEC("cgroup_skb/ingress")
int bucket_of(struct __sk_buff *skb)
{
	struct ended *h;
	u32 zero = 0;
	u64 ns;

	h = bpf_map_lookup_elem(&harness, &zero);
	if (!h || bpf_skb_load_bytes(skb, 0, &ns, sizeof(ns)))
		return 0;
	h->bucket = histogram_bucket(ns);
	return PASS;
}
