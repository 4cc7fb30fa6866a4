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
static __always_inline struct workspace *take_workspace(void)
{
	u32 first = bpf_get_smp_processor_id() * LIMIT_WORKSPACES_PER_CPU, i;

	for (i = 0; i < LIMIT_WORKSPACES_PER_CPU; i++) {
		u32 slot = first + i;
		struct workspace *ws = bpf_map_lookup_elem(&workspaces, &slot);

		if (ws && try_lock(&ws->busy)) {
			ws->slot = slot;
			return ws;
		}
	}
	count(COUNTER_WORKSPACE_REFUSED);
	return 0;
}

static __always_inline void release_workspace(struct workspace *ws)
{
	unlock(&ws->busy);
}

#endif
