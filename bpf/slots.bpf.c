// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * slots.bpf.c: the table of programs that fill the queues of free slots, before anything is attached. They are never
 * attached themselves: user space runs each as often as it takes (BPF_PROG_TEST_RUN), because 25,000 system calls to push
 * from there were a sixth of the time that httpeek takes to start.
 */
#include "maps.h"

#include "begin.h"

char _license[] SEC("license") = "Dual BSD/GPL";

enum {
	SLOTS_A_RUN = 256,
};

/* The packet: slots from <= slot < to, of which the first SLOTS_A_RUN are pushed. */
struct slot_range {
	u32 from;
	u32 to;
};

static __always_inline int fill(struct __sk_buff *skb, void *queue)
{
	struct slot_range range;
	u32 i, slot;

	if (bpf_skb_load_bytes(skb, 0, &range, sizeof(range)))
		return 0;
	for (i = 0; i < SLOTS_A_RUN; i++) {
		slot = range.from + i;
		if (slot >= range.to)
			break;
		if (bpf_map_push_elem(queue, &slot, BPF_ANY))
			return 0;
	}
	return PASS;
}

SEC("cgroup_skb/ingress")
int fill_endpoints(struct __sk_buff *skb)
{
	return fill(skb, &free_endpoints);
}

SEC("cgroup_skb/ingress")
int fill_other_endpoints(struct __sk_buff *skb)
{
	return fill(skb, &free_other_endpoints);
}

SEC("cgroup_skb/ingress")
int fill_cells(struct __sk_buff *skb)
{
	return fill(skb, &free_cells);
}

SEC("cgroup_skb/ingress")
int fill_other_cells(struct __sk_buff *skb)
{
	return fill(skb, &free_other_cells);
}

SEC("cgroup_skb/ingress")
int fill_owners(struct __sk_buff *skb)
{
	return fill(skb, &free_owners);
}
