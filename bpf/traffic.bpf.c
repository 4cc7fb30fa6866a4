// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * traffic.bpf.c: the table of packet hooks.
 *
 * cgroup_skb, because it is the one place where every TCP payload of a cgroup's sockets passes with its socket at hand,
 * whatever system call, sendfile, splice or io_uring moved it; because network programs have no recursion guard and so
 * lose nothing under load; and because it works on kernels in lockdown and without kprobes.
 */
#include "floor.h"
#include "traffic.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/*
 * Both ways. Coming in: after the TCP layer has found the socket, before it checks sequence numbers: softirq, without the
 * socket's lock. Going out: in ip_output(), under the socket's lock; one call for a whole GSO segment. One program, because
 * the verifier takes most of the time from start to counting, and because both ways have nearly all of their code in common:
 * a CPU has it in its caches once. The kernel insists on the direction that a program was loaded for only of those that
 * return more than PASS on the way out (bpf_prog_attach_check_attach_type() in kernel/bpf/syscall.c).
 */
SEC("cgroup_skb/ingress")
int traffic(struct __sk_buff *skb)
{
	return watch_packet(skb, is_going_out(skb));
}

/* What the measuring itself costs: benchmarks attach this instead of the real one, and subtract. */
SEC("?cgroup_skb/ingress")
int empty(struct __sk_buff *skb)
{
	return PASS;
}

/* The kernel's part of what the real one does: benchmarks attach it to say how much of a packet's time that is. */
SEC("?cgroup_skb/ingress")
int helpers(struct __sk_buff *skb)
{
	call_helpers(skb, is_going_out(skb));
	return PASS;
}
