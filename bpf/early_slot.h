/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* early_slot.h: where on this CPU a request waits whose socket does not exist yet (early.h). */
#ifndef HTTPEEK_EARLY_SLOT_H
#define HTTPEEK_EARLY_SLOT_H

#include "maps.h"

static __always_inline struct early *early_slot(void)
{
	u32 slot = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&early_requests, &slot);
}

#endif
