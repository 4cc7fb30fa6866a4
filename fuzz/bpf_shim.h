/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bpf_shim.h: what bpf/ expects of the kernel, for user space: maps, socket storage, packets and clocks, all in plain
 * memory and the same in every run, so that sanitizers see each access and a failing input fails again.
 *
 * To be included before anything of bpf/. Maps are known by their address once shim_map() has been told of them.
 */
#ifndef HTTPEEK_BPF_SHIM_H
#define HTTPEEK_BPF_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <linux/bpf.h>

#include <bpf/bpf_endian.h>

#undef __always_inline /* the headers above have their own */
#include "../bpf/base.h"

/* As in bpf_helpers.h, whose helpers are numbers that only the kernel can call. */
#define SEC(name)
#define __weak __attribute__((weak))
#define __uint(name, value) int(*name)[value]
#define __type(name, value) __typeof__(value) *name

enum {
	SHIM_MAPS = 24,
	SHIM_SOCKETS = 2, /* the connection's, and its listener's */
};

struct shim_map {
	const void *map;
	uint32_t type;
	uint32_t key_bytes;
	uint32_t value_bytes;
	uint32_t entries; /* most there can be */
	uint32_t used;	  /* hash: entries; queue: next to pop; array: no slot from here on was touched */
	uint32_t lowest;  /* array: no slot below was touched */
	uint8_t *keys;	  /* hash */
	uint8_t *values;  /* hash, array, queue */
	const void *sockets[SHIM_SOCKETS]; /* storage */
	void *storage[SHIM_SOCKETS];	   /* storage: allocated one by one, so that no overrun stays unseen */
};

static struct shim_map shim_maps[SHIM_MAPS];
static uint64_t shim_clock_ns;
static const uint8_t *shim_packet;

/* A map that has a key and a value. `size` in place of the size in bpf/, which user space changes as well. */
#define SHIM_TABLE(map, size)                                                                                          \
	shim_map(&(map), sizeof(*(map).type) / sizeof(int), sizeof(*(map).key), sizeof(*(map).value), size)
#define SHIM_QUEUE(map, size) shim_map(&(map), BPF_MAP_TYPE_QUEUE, 0, sizeof(*(map).value), size)

static void shim_fail(const char *what)
{
	fprintf(stderr, "fuzz: %s\n", what);
	abort();
}

static void shim_map(const void *map, size_t type, uint32_t key_bytes, uint32_t value_bytes, uint32_t entries)
{
	struct shim_map *m = shim_maps;

	while (m < shim_maps + SHIM_MAPS && m->map)
		m++;
	if (m == shim_maps + SHIM_MAPS)
		shim_fail("more maps than SHIM_MAPS");
	*m = (struct shim_map){ .map = map, .type = type, .key_bytes = key_bytes, .value_bytes = value_bytes };
	m->entries = entries;
	if (type == BPF_MAP_TYPE_SK_STORAGE)
		return;
	m->keys = calloc(entries + 1, key_bytes + 1);
	m->values = calloc(entries + 1, value_bytes);
}

static struct shim_map *shim_find(const void *map)
{
	for (struct shim_map *m = shim_maps; m < shim_maps + SHIM_MAPS && m->map; m++)
		if (m->map == map)
			return m;
	shim_fail("a map that shim_map() was not told of");
	return NULL;
}

/* Empties all maps; what is in the queues is the caller's to fill in again. */
static void shim_reset(void)
{
	for (struct shim_map *m = shim_maps; m < shim_maps + SHIM_MAPS && m->map; m++) {
		if (m->type == BPF_MAP_TYPE_ARRAY && m->lowest < m->used)
			memset(m->values + (size_t)m->lowest * m->value_bytes, 0,
			       (size_t)(m->used - m->lowest) * m->value_bytes);
		m->used = 0;
		m->lowest = m->entries;
		for (int i = 0; i < SHIM_SOCKETS; i++) {
			free(m->storage[i]);
			m->storage[i] = NULL;
			m->sockets[i] = NULL;
		}
	}
	shim_clock_ns = 1000000000;
}

static __attribute__((unused)) void *bpf_map_lookup_elem(void *map, const void *key)
{
	struct shim_map *m = shim_find(map);

	if (m->type == BPF_MAP_TYPE_ARRAY) {
		uint32_t slot;

		memcpy(&slot, key, sizeof(slot));
		if (slot >= m->entries)
			return NULL;
		if (slot >= m->used)
			m->used = slot + 1;
		if (slot < m->lowest)
			m->lowest = slot;
		return m->values + (size_t)slot * m->value_bytes;
	}
	for (uint32_t i = 0; i < m->used; i++)
		if (!memcmp(m->keys + (size_t)i * m->key_bytes, key, m->key_bytes))
			return m->values + (size_t)i * m->value_bytes;
	return NULL;
}

/* The one use in bpf/: a new entry of a hash. */
static __attribute__((unused)) long bpf_map_update_elem(void *map, const void *key, const void *value, uint64_t flags)
{
	struct shim_map *m = shim_find(map);

	if (m->type != BPF_MAP_TYPE_HASH || flags != BPF_NOEXIST)
		shim_fail("an update that the shim does not know");
	if (bpf_map_lookup_elem(map, key) || m->used == m->entries)
		return -1;
	memcpy(m->keys + (size_t)m->used * m->key_bytes, key, m->key_bytes);
	memcpy(m->values + (size_t)m->used * m->value_bytes, value, m->value_bytes);
	m->used++;
	return 0;
}

/* Nothing is deleted where TLS is not read, and here it is not: what is fuzzed is the same for both sources. */
static __attribute__((unused)) long bpf_map_delete_elem(void *map, const void *key)
{
	(void)map;
	(void)key;
	shim_fail("a deletion");
	return -1;
}

static __attribute__((unused)) uint64_t bpf_get_current_task(void)
{
	return 1;
}

static __attribute__((unused)) long bpf_map_pop_elem(void *map, void *value)
{
	struct shim_map *m = shim_find(map);

	if (m->used == m->entries)
		return -1;
	memcpy(value, m->values + (size_t)m->used++ * m->value_bytes, m->value_bytes);
	return 0;
}

/* Only ever puts back what was taken. */
static __attribute__((unused)) long bpf_map_push_elem(void *map, const void *value, uint64_t flags)
{
	struct shim_map *m = shim_find(map);

	(void)flags;
	if (!m->used)
		return -1;
	memcpy(m->values + (size_t)--m->used * m->value_bytes, value, m->value_bytes);
	return 0;
}

static __attribute__((unused)) void *bpf_sk_storage_get(void *map, void *sk, void *value, uint64_t flags)
{
	struct shim_map *m = shim_find(map);

	(void)value;
	for (int i = 0; i < SHIM_SOCKETS; i++)
		if (m->sockets[i] == sk)
			return m->storage[i];
	if (!(flags & BPF_SK_STORAGE_GET_F_CREATE))
		return NULL;
	for (int i = 0; i < SHIM_SOCKETS; i++) {
		if (m->sockets[i])
			continue;
		m->sockets[i] = sk;
		m->storage[i] = calloc(1, m->value_bytes);
		return m->storage[i];
	}
	return NULL;
}

static __attribute__((unused)) long bpf_sk_storage_delete(void *map, void *sk)
{
	struct shim_map *m = shim_find(map);

	for (int i = 0; i < SHIM_SOCKETS; i++) {
		if (m->sockets[i] != sk)
			continue;
		free(m->storage[i]);
		m->storage[i] = NULL;
		m->sockets[i] = NULL;
		return 0;
	}
	return -1;
}

/* No TCP behind the fuzzer's sockets: what it would refuse is not known here. */
static __attribute__((unused)) struct bpf_tcp_sock *bpf_tcp_sock(struct bpf_sock *sk)
{
	(void)sk;
	return 0;
}

static __attribute__((unused)) struct bpf_sock *bpf_sk_fullsock(struct bpf_sock *sk)
{
	return sk;
}

static __attribute__((unused)) long bpf_skb_load_bytes(const struct __sk_buff *skb, uint32_t offset, void *to,
						       uint32_t bytes)
{
	if (!bytes || bytes > skb->len || offset > skb->len - bytes)
		return -1;
	memcpy(to, shim_packet + offset, bytes);
	return 0;
}

/* A microsecond passes with each look. */
static __attribute__((unused)) uint64_t bpf_ktime_get_ns(void)
{
	return shim_clock_ns += 1000;
}

static __attribute__((unused)) uint32_t bpf_get_smp_processor_id(void)
{
	return 0;
}

static __attribute__((unused)) uint64_t bpf_skb_cgroup_id(struct __sk_buff *skb)
{
	(void)skb;
	return 1;
}

static __attribute__((unused)) uint64_t bpf_get_current_cgroup_id(void)
{
	return 1;
}

static __attribute__((unused)) uint64_t bpf_get_current_pid_tgid(void)
{
	return 1ull << 32 | 1;
}

static __attribute__((unused)) long bpf_get_current_comm(void *comm, uint32_t bytes)
{
	memset(comm, 0, bytes);
	return 0;
}

static __attribute__((unused)) long bpf_sock_ops_cb_flags_set(struct bpf_sock_ops *ops, int flags)
{
	(void)ops;
	(void)flags;
	return 0;
}

/* Only one run at a time: a lock that is taken here was never released. */
static __attribute__((unused)) bool try_lock(uint32_t *lock)
{
	if (*lock)
		shim_fail("a lock is held that nobody can hold");
	*lock = 1;
	return true;
}

static __attribute__((unused)) void unlock(uint32_t *lock)
{
	*lock = 0;
}

#endif
