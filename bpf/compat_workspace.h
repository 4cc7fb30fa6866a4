/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* compat_workspace.h: what the functions of the compat object find by the number of their workspace (compat.h). */
#ifndef HTTPEEK_COMPAT_WORKSPACE_H
#define HTTPEEK_COMPAT_WORKSPACE_H

#include "maps.h" /* which ends with this file */

#ifdef HTTPEEK_COMPAT

static __always_inline struct workspace *workspace_at(u32 slot)
{
	return bpf_map_lookup_elem(&workspaces, &slot);
}

static __always_inline struct window *window_in(struct workspace *ws)
{
	return &ws->window;
}

static __always_inline struct workspace *workspace_of(struct window *w)
{
	return (void *)w - offsetof(struct workspace, window);
}

static __always_inline u32 slot_of(struct workspace *ws)
{
	return ws->slot;
}

static __always_inline struct request_line *parse_request_line_result(struct workspace *ws)
{
	return &ws->line;
}

static __always_inline struct head_lines *read_line_result(struct workspace *ws)
{
	return &ws->head;
}

static __always_inline struct route_key *describe_route_result(struct workspace *ws)
{
	return &ws->key;
}

static __always_inline u32 *route_hash_result(struct workspace *ws)
{
	return &ws->key.path_bytes;
}

#ifndef HTTPEEK_SOURCE_USER
/* The connection that the segment in the workspace belongs to. */
static __always_inline struct connection *connection_of(source *src, struct workspace *ws)
{
	struct bpf_sock *sk = src->sk;

	if (ws->segment.is_early) {
		u32 slot = bpf_get_smp_processor_id();
		struct early *early = bpf_map_lookup_elem(&early_requests, &slot);

		if (!early)
			return 0;
		opaque(early); /* the addition stays behind the test */
		return &early->connection;
	}
	if (!sk)
		return 0;
	sk = bpf_sk_fullsock(sk);
	return sk ? bpf_sk_storage_get(&connections, sk, 0, 0) : 0;
}
#else
static __always_inline struct connection *connection_of(source *src, struct workspace *ws)
{
	struct tls_key key = { .object = src->key.object, .tgid = src->key.tgid };

	return bpf_map_lookup_elem(&tls_connections, &key); /* which begins with it */
}
#endif

#endif
#endif
