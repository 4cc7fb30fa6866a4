/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* lease.h: taking a workspace for one program run, and giving it back. */
#ifndef HTTPEEK_LEASE_H
#define HTTPEEK_LEASE_H

#include "maps.h"

/*
 * Where one program run parses. A segment's bytes do not fit the 512 bytes of BPF stack, and per-CPU memory alone is not
 * safe: on egress a program runs in process context and can be preempted by another one on the same CPU, or interrupted
 * by ingress. So each CPU has a few workspaces, and a run takes a free one (KERNEL-FACTS: per-CPU scratch in process
 * context has panicked kernels elsewhere).
 */
static __always_inline struct workspace *try_workspace(u32 slot)
{
	struct workspace *ws = bpf_map_lookup_elem(&workspaces, &slot);

	if (unlikely(!ws || !try_lock(&ws->busy)))
		return 0;
	ws->slot = slot;
	return ws;
}

/* Another than the CPU's first one, which is `first`. */
static __noinline struct workspace *take_other_workspace(u32 first)
{
	u32 i;

	for (i = 1; i < LIMIT_WORKSPACES_PER_CPU; i++) {
		struct workspace *ws = try_workspace(first + i);

		if (ws)
			return ws;
	}
	count(COUNTER_WORKSPACE_REFUSED);
	return 0;
}

static __always_inline struct workspace *take_workspace(void)
{
	u32 first = bpf_get_smp_processor_id() * LIMIT_WORKSPACES_PER_CPU;
	struct workspace *ws = try_workspace(first);

	return likely(ws) ? ws : take_other_workspace(first);
}

static __always_inline void release_workspace(struct workspace *ws)
{
	unlock(&ws->busy);
}

#endif
