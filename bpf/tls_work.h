/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* tls_work.h: which object a thread works on, as long as its socket is not known; and that an object is gone. */
#ifndef HTTPEEK_TLS_WORK_H
#define HTTPEEK_TLS_WORK_H

#include "tls_hello.h"

static __always_inline struct tls_key tls_key(u64 object)
{
	struct tls_key key = { .object = object, .tgid = bpf_get_current_pid_tgid() >> 32 };

	return key;
}

static __always_inline struct tls_connection *find_object(const struct tls_key *key)
{
	struct tls_connection *t = bpf_map_lookup_elem(&tls_connections, key);

	return t && !t->is_freed ? t : 0;
}

/* A call begins on an object whose socket is not known: what this thread sends meanwhile is of that (tls_link.h). */
static __always_inline void begin_work(const struct tls_key *key, enum tls_work_kind kind)
{
	struct tls_work *work, begun = { .key = *key, .depth = 1, .kind = kind };
	u64 task = bpf_get_current_task();

	work = bpf_map_lookup_elem(&tls_tasks, &task);
	if (work && work->key.object == key->object && work->key.tgid == key->tgid) {
		work->depth++;
		work->kind = kind;
		return;
	}
	begun.is_ambiguous = !!work;
	bpf_map_update_elem(&tls_tasks, &task, &begun, BPF_ANY);
}

static __always_inline void end_work(const struct tls_key *key)
{
	struct tls_work *work = thread_work();

	if (work && work->key.object == key->object && work->depth)
		work->depth--;
}

/* The entry of an object that a call begins on, or 0. */
static __always_inline struct tls_connection *enter_object(const struct tls_key *key)
{
	struct tls_connection *t = find_object(key);

	if (t)
		return t;
	if (search_object(key->object, 0))
		return find_object(key);
	begin_work(key, WORK_CALL);
	return 0;
}

/* A call has ended, and its object was searched in vain. */
static __always_inline void note_searches(const struct tls_key *key)
{
	u32 *searches = bpf_map_lookup_elem(&tls_searches, key);
	struct tls_work *work = thread_work();

	if (work && searches && work->key.object == key->object)
		work->searches = *searches;
}

/* The object is gone, or begins anew. What waits ends with its socket. */
static __always_inline void note_freed(u64 object)
{
	struct tls_key key = tls_key(object);
	struct tls_connection *t = bpf_map_lookup_elem(&tls_connections, &key);

	if (t)
		t->is_freed = 1;
	bpf_map_delete_elem(&tls_searches, &key);
}

#endif
