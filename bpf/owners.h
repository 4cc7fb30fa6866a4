/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* owners.h: who made a socket, as a slot in the table of owners. */
#ifndef HTTPEEK_OWNERS_H
#define HTTPEEK_OWNERS_H

#include "endpoints.h"

/* The slot of an owner, registered if it is new; 0, "unknown", if the table is full. */
static __always_inline u32 find_owner(const struct owner_key *key, u32 pid)
{
	struct owner *owner;
	u32 slot, *found;

	found = bpf_map_lookup_elem(&owner_ids, key);
	if (found)
		return *found;
	if (bpf_map_pop_elem(&free_owners, &slot)) {
		count(COUNTER_OWNERS_FULL);
		return 0;
	}
	owner = bpf_map_lookup_elem(&owners, &slot);
	if (!owner)
		return 0;
	count(COUNTER_OWNERS_USED);
	owner->cgroup_id = key->cgroup_id;
	owner->pid = pid;
	__builtin_memcpy(owner->comm, key->comm, sizeof(owner->comm));
	slot = publish_slot(&owner_ids, (void *)key, slot, &free_owners);
	return slot == SLOT_NONE ? 0 : slot;
}

#endif
