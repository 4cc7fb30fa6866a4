/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * stats.h: counter cells: finding the one of an endpoint, status and outcome, and what happens when there are no more.
 * What was found is remembered, in the connection and in a table of hints, so that the common exchange reaches its
 * counters without a hash lookup.
 */
#ifndef HTTPEEK_STATS_H
#define HTTPEEK_STATS_H

#include "endpoints.h"
#include "histogram.h"

enum {
	STRIPE_ANY = 0xff, /* no CPU's: the first cell of an endpoint, status and outcome, whatever its stripe */
	STRIPE_BITS = 8,   /* highest of an identity */
};

static __always_inline u32 current_stripe(void)
{
	return bpf_get_smp_processor_id() & cfg_stripe_mask;
}

/* What a cell counts, as its members endpoint, status, outcome and stripe lie in memory. */
static __always_inline u64 cell_identity(u32 endpoint, u32 status_outcome, u32 stripe)
{
	return endpoint | (u64)status_outcome << 32 | (u64)stripe << 56;
}

static __always_inline u64 *identity_of(struct cell *cell)
{
	return (u64 *)&cell->endpoint;
}

/* Takes a slot for the cell `key`; SLOT_NONE if there is none. */
static __always_inline u32 take_cell(u64 identity, void *free_slots, enum counter used)
{
	struct cell *cell;
	u32 slot;

	if (bpf_map_pop_elem(free_slots, &slot))
		return SLOT_NONE;
	cell = bpf_map_lookup_elem(&cells, &slot);
	if (!cell)
		return SLOT_NONE;
	count(used);
	*identity_of(cell) = identity;
	return publish_slot(&cell_ids, &identity, slot, free_slots);
}

/* The cell of an endpoint, status and outcome on this CPU's stripe. */
VERIFIED_ONCE u32 find_cell(struct connection *c, u32 endpoint, u32 status_outcome)
{
	u64 identity = cell_identity(endpoint, status_outcome, current_stripe());
	u32 slot, *found;

	if (!c)
		return SLOT_NONE;
	found = bpf_map_lookup_elem(&cell_ids, &identity);
	if (found)
		return *found;
	if (endpoint >= LIMIT_OTHER_ENDPOINTS) {
		u64 any = cell_identity(endpoint, status_outcome, STRIPE_ANY);

		slot = take_cell(identity, &free_cells, COUNTER_CELLS_USED);
		if (slot != SLOT_NONE) {
			bpf_map_update_elem(&cell_ids, &any, &slot, BPF_NOEXIST); /* the first one's stays */
			return slot;
		}
		found = bpf_map_lookup_elem(&cell_ids, &any);
		if (found)
			return *found; /* another CPU's: shared is slower than own, but as exact */
		identity = cell_identity(other_endpoint(c), status_outcome, current_stripe());
		found = bpf_map_lookup_elem(&cell_ids, &identity);
		if (found)
			return *found;
	}
	return take_cell(identity, &free_other_cells, COUNTER_OTHER_CELLS_USED);
}

/* Counts a request that began. The sum over stripes less the exchanges that ended is what is in flight. */
static __always_inline void count_start(u32 endpoint, u64 by)
{
	u32 slot = current_stripe() * cfg_endpoints + endpoint;
	u64 *started = bpf_map_lookup_elem(&starts, &slot);

	if (started)
		__sync_fetch_and_add(started, by);
}

/* The cell of an exchange that is another one than the connection's last, which it then becomes; 0 if there is none. */
static __always_inline struct cell *find_other_cell(struct connection *c, u32 endpoint, u32 status_outcome)
{
	u32 stripe = current_stripe(), place = stripe * cfg_endpoints + endpoint, slot;
	u32 *hint = bpf_map_lookup_elem(&cell_hints, &place);
	struct cell *cell;

	if (hint) {
		slot = *hint;
		cell = bpf_map_lookup_elem(&cells, &slot);
		/* of whatever stripe: it is this one's unless there were no more cells */
		if (cell && !((*identity_of(cell) ^ cell_identity(endpoint, status_outcome, 0)) << STRIPE_BITS)) {
			c->cell = slot;
			return cell;
		}
	}
	slot = find_cell(c, endpoint, status_outcome);
	c->cell = slot;
	if (hint && slot != SLOT_NONE)
		*hint = slot;
	return bpf_map_lookup_elem(&cells, &slot);
}

/* Counts an exchange that ended. */
static __always_inline void count_exchange(struct connection *c, u32 endpoint, u32 status, u32 outcome, u64 ns)
{
	u32 status_outcome = outcome << 16 | status;
	u64 identity = cell_identity(endpoint, status_outcome, current_stripe());
	u32 slot = c->cell; /* on the stack: as a key, 6.1 takes no memory that a global function was given */
	struct cell *cell;
	int bucket;

	if (ns < cfg_min_latency_ns) {
		count_start(endpoint, -1ull);
		return;
	}
	cell = bpf_map_lookup_elem(&cells, &slot);
	if (unlikely(!cell || *identity_of(cell) != identity)) {
		cell = find_other_cell(c, endpoint, status_outcome);
		if (!cell) {
			count_start(endpoint, -1ull);
			count(COUNTER_CELLS_FULL);
			return;
		}
	}
	if (unlikely(cell->endpoint < LIMIT_OTHER_ENDPOINTS)) {
		count(COUNTER_ENDPOINTS_OTHER);
		if (cell->endpoint != endpoint) { /* the start moves along, so that nothing stays in flight for ever */
			count_start(endpoint, -1ull);
			count_start(cell->endpoint, 1);
		}
	}
	bucket = histogram_bucket(ns);
	if (bucket == HISTOGRAM_BELOW)
		__sync_fetch_and_add(&cell->below, 1);
	else if (bucket == HISTOGRAM_ABOVE)
		__sync_fetch_and_add(&cell->above, 1);
	else
		__sync_fetch_and_add(&cell->buckets[bucket & (HISTOGRAM_BUCKETS - 1)], 1);
	__sync_fetch_and_add(&cell->sum_ns, ns);
	__sync_fetch_and_add(&cell->count, 1);
}

#endif
