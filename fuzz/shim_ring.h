/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* shim_ring.h: what bpf/watch.h expects of the kernel, as bpf_shim.h has the rest. */
#ifndef HTTPEEK_SHIM_RING_H
#define HTTPEEK_SHIM_RING_H

#include "bpf_shim.h"

/* What becomes of a record of the ring: world.h. */
static void shim_sent(const void *record);

/* The ring has room for one record, in memory that holds anything, as the kernel's does. */
static __attribute__((unused)) void *bpf_ringbuf_reserve(void *map, uint64_t bytes, uint64_t flags)
{
	void *record = malloc(bytes);

	(void)map;
	(void)flags;
	if (record)
		memset(record, 0xa5, bytes);
	return record;
}

static __attribute__((unused)) void bpf_ringbuf_submit(void *record, uint64_t flags)
{
	(void)flags;
	shim_sent(record);
	free(record);
}

static __attribute__((unused)) uint32_t bpf_get_prandom_u32(void)
{
	return 0;
}

#endif
