/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * endpoints.h: slots of endpoints: finding them, registering new ones, and what happens when the table is full. What was
 * found is remembered, in the connection and in a table of hints, so that the common request needs no hash lookup.
 */
#ifndef HTTPEEK_ENDPOINTS_H
#define HTTPEEK_ENDPOINTS_H

#include "maps.h"
#include "route.h"

enum {
	SLOT_NONE = 0xffffffff,
	/* Where an endpoint's protocol and form of target go beside its method, in what its hash starts from. */
	KEY_PROTOCOL_SHIFT = 4,
	KEY_FORM_SHIFT = 5,
};

/*
 * Makes `slot` findable under `key` in `ids`. If another CPU was first, its slot is used and ours goes back. Returns the
 * slot that is now found there, or SLOT_NONE.
 */
static __always_inline u32 publish_slot(void *ids, void *key, u32 slot, void *free_slots)
{
	u32 *found;
	long error = bpf_map_update_elem(ids, key, &slot, BPF_NOEXIST);

	if (!error)
		return slot;
	bpf_map_push_elem(free_slots, &slot, BPF_ANY);
	found = bpf_map_lookup_elem(ids, key);
	if (found)
		return *found;
	count(COUNTER_MAP_UPDATE_FAILED);
	return SLOT_NONE;
}

static __always_inline void describe_endpoint(struct endpoint *e, struct connection *c, u8 method, u8 protocol)
{
	e->owner = c->owner;
	e->port = c->port;
	e->role = c->role;
	e->method = method;
	e->protocol = protocol;
	e->tls = !!(c->flags & CONNECTION_TLS);
	if (c->role == ROLE_CLIENT)
		__builtin_memcpy(e->peer, c->peer, sizeof(e->peer));
}

/* The "(other)" endpoint of the connection's owner, role and port: slot 0, for everybody, if even those ran out. */
static __noinline u32 other_endpoint(struct connection *c)
{
	u32 slot = 0, *found;
	struct endpoint *e;
	u64 key;

	if (!c)
		return 0;
	key = hash_mix(c->base_hash, ~0ull);
	found = bpf_map_lookup_elem(&endpoint_ids, &key);
	if (found)
		return *found;
	if (bpf_map_pop_elem(&free_other_endpoints, &slot))
		return 0;
	e = bpf_map_lookup_elem(&endpoints, &slot);
	if (!e)
		return 0;
	count(COUNTER_OTHER_ENDPOINTS_USED);
	describe_endpoint(e, c, METHOD_OTHER, PROTOCOL_HTTP_1_1);
	e->is_other = 1;
	slot = publish_slot(&endpoint_ids, &key, slot, &free_other_endpoints);
	return slot == SLOT_NONE ? 0 : slot;
}

/* Writes what the route is called. Asterisk and authority forms have one route each, whatever host they name. */
WINDOW_FUNCTION_TO(int, describe_route, (u32 slot), (slot), struct route_key, key)
{
	struct endpoint *e = bpf_map_lookup_elem(&endpoints, &slot);
	u64 start = WORD(":authori");

	if (!e || !w || !key)
		return 0;
	e->route_cut = key->cut;
	switch (key->form) {
	case TARGET_ASTERISK:
		e->route[0] = '*';
		e->route_bytes = 1;
		return 0;
	case TARGET_NO_PATH:
		e->route[0] = '/';
		e->route_bytes = 1;
		return 0;
	case TARGET_AUTHORITY:
		__builtin_memcpy(e->route, &start, sizeof(start));
		e->route[8] = 't';
		e->route[9] = 'y';
		e->route_bytes = 10;
		return 0;
	default:
		e->route_bytes = route_write(w, key->from, key->path_bytes, e->route, &key->writer);
	}
	return 0;
}

/*
 * Whether an owner has its share of the table: so many times what is left, that a service alone can take
 * cfg_owner_endpoints of it. The more services are flooded, the less each gets, but there is always something left.
 * Two CPUs at the limit may pass it by one, which harms nobody.
 */
static __always_inline bool has_its_share(const struct owner *owner)
{
	u64 all = cfg_endpoints - LIMIT_OTHER_ENDPOINTS, used = counters[COUNTER_ENDPOINTS_USED];
	u64 left = used < all ? all - used : 0;

	return cfg_owner_endpoints < all &&
	       owner->endpoints * (all - cfg_owner_endpoints) >= left * cfg_owner_endpoints;
}

/* Registers the endpoint of a request that was not seen before. */
VERIFIED_ONCE u32 register_endpoint(struct connection *c, struct window *w, struct route_key *key)
{
	struct endpoint *e;
	struct owner *owner;
	u64 hash;
	u32 slot;

	if (!c || !w || !key)
		return 0;
	hash = key->hash;
	slot = c->owner; /* on the stack: see count_exchange() */
	owner = bpf_map_lookup_elem(&owners, &slot);
	if (!owner || has_its_share(owner))
		return other_endpoint(c);
	if (bpf_map_pop_elem(&free_endpoints, &slot))
		return other_endpoint(c);
	e = bpf_map_lookup_elem(&endpoints, &slot);
	if (!e)
		return other_endpoint(c);
	count(COUNTER_ENDPOINTS_USED);
	__sync_fetch_and_add(&owner->endpoints, 1);
	__builtin_memset(e, 0, sizeof(*e)); /* a slot that was put back may have been written before */
	describe_endpoint(e, c, key->method, key->protocol);
	describe_route(w, slot, key);
	slot = publish_slot(&endpoint_ids, &hash, slot, &free_endpoints);
	return slot == SLOT_NONE ? other_endpoint(c) : slot;
}

static __always_inline u32 find_endpoint(struct connection *c, struct window *w, struct route_key *key)
{
	u64 hash = key->hash; /* on the stack: see count_exchange() */
	u32 place = hash & cfg_hint_mask, slot = 0, *found;
	u64 *hint;

	if (c->endpoint_hash == hash)
		return c->endpoint;
	hint = bpf_map_lookup_elem(&endpoint_hints, &place);
	if (hint && (*hint ^ hash) < LIMIT_ENDPOINTS)
		slot = *hint & (LIMIT_ENDPOINTS - 1);
	if (unlikely(slot < LIMIT_OTHER_ENDPOINTS)) { /* 0 where there was none yet */
		found = bpf_map_lookup_elem(&endpoint_ids, &hash);
		slot = found ? *found : register_endpoint(c, w, key);
		if (hint && slot >= LIMIT_OTHER_ENDPOINTS)
			*hint = (hash & ~(u64)(LIMIT_ENDPOINTS - 1)) | slot;
	}
	c->endpoint_hash = hash;
	c->endpoint = slot;
	return slot;
}

#endif
