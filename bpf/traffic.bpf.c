// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * traffic.bpf.c: the table of packet hooks.
 *
 * cgroup_skb, because it is the one place where every TCP payload of a cgroup's sockets passes with its socket at hand,
 * whatever system call, sendfile, splice or io_uring moved it; because network programs have no recursion guard and so
 * lose nothing under load; and because it works on kernels in lockdown and without kprobes.
 */
#include "traffic.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* After the TCP layer has found the socket, before it checks sequence numbers: softirq, without the socket's lock. */
SEC("cgroup_skb/ingress")
int traffic_in(struct __sk_buff *skb)
{
	return watch_packet(skb, false);
}

/* On the way out of ip_output(), under the socket's lock; one call for a whole GSO segment. */
SEC("cgroup_skb/egress")
int traffic_out(struct __sk_buff *skb)
{
	return watch_packet(skb, true);
}

/* What the measuring itself costs: benchmarks attach these beside the real ones and subtract. */
SEC("?cgroup_skb/ingress")
int floor_in(struct __sk_buff *skb)
{
	return PASS;
}

SEC("?cgroup_skb/egress")
int floor_out(struct __sk_buff *skb)
{
	return PASS;
}
