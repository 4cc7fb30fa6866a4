/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * kept.h: what is kept of a connection besides its state, and only while there is something to keep: unfinished lines,
 * deep pipelines, the targets that a watcher is shown. Where, depends on the source (source.h).
 */
#ifndef HTTPEEK_KEPT_H
#define HTTPEEK_KEPT_H

#include "maps.h"

#ifndef HTTPEEK_SOURCE_USER
#include "early_slot.h"
#endif

#ifndef HTTPEEK_SOURCE_USER

/* The carry of this direction. Creating it can fail; then the head cannot be kept together. */
static __always_inline struct carry *find_carry(source *src, bool is_request, u64 flags)
{
	struct bpf_sock *sk = src->sk;

	if (!sk)
		return 0;
	return is_request ? bpf_sk_storage_get(&request_carries, sk, 0, flags) :
			    bpf_sk_storage_get(&response_carries, sk, 0, flags);
}

static __always_inline void drop_carry(source *src, bool is_request)
{
	struct bpf_sock *sk = src->sk;

	if (!sk)
		return;
	if (is_request)
		bpf_sk_storage_delete(&request_carries, sk);
	else
		bpf_sk_storage_delete(&response_carries, sk);
}

/* The pipeline of the connection that the segment belongs to. */
static __always_inline struct pipeline *find_pipeline(source *src, bool is_early, u64 flags)
{
	struct bpf_sock *sk = src->sk;
	struct early *early;

	if (unlikely(is_early)) {
		early = early_slot();
		if (!early)
			return 0;
		opaque(early); /* the addition stays behind the test */
		return &early->pipeline;
	}
	return sk ? bpf_sk_storage_get(&pipelines, sk, 0, flags) : 0;
}

static __always_inline struct targets *find_targets(source *src, u64 flags)
{
	struct bpf_sock *sk = src->sk;

	return sk ? bpf_sk_storage_get(&targets, sk, 0, flags) : 0;
}

#else

/* On the stack: 6.1 takes no map keys from memory that a function was given. */
#define KEY_OF(src) { .object = (src)->key.object, .tgid = (src)->key.tgid }

static __always_inline struct carry *find_carry(source *src, bool is_request, u64 flags)
{
	struct tls_key key = KEY_OF(src);

	return is_request ? find_kept(&tls_request_carries, &key, flags) :
			    find_kept(&tls_response_carries, &key, flags);
}

static __always_inline void drop_carry(source *src, bool is_request)
{
	struct tls_key key = KEY_OF(src);

	if (is_request)
		bpf_map_delete_elem(&tls_request_carries, &key);
	else
		bpf_map_delete_elem(&tls_response_carries, &key);
}

static __always_inline struct pipeline *find_pipeline(source *src, bool is_early, u64 flags)
{
	struct tls_key key = KEY_OF(src);

	return find_kept(&tls_pipelines, &key, flags);
}

static __always_inline struct targets *find_targets(source *src, u64 flags)
{
	struct tls_key key = KEY_OF(src);

	return find_kept(&tls_targets, &key, flags);
}

#endif
#endif
