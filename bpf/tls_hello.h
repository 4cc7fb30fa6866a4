/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * tls_hello.h: which socket an object belongs to, from the object's side: the ClientHello's random that it holds.
 *
 * Where in the object, differs from library to library and from version to version, so it is searched for: a word of the
 * object that is in tls_hellos can be nothing else, with 64 random bits. Only until the object's socket is known, and only
 * so many times.
 */
#ifndef HTTPEEK_TLS_HELLO_H
#define HTTPEEK_TLS_HELLO_H

#include "tls_object.h"

enum {
	OBJECT_BYTES = 1024, /* that are searched: OpenSSL 3.0 has the random at 352, GnuTLS 3.7 at 80 */
	MOST_SEARCHES = 32,  /* of one object: each takes up to 10 us */
};

/*
 * Object -> how often it was searched. Inserted and deleted by uprobes. It may forget: then an object is searched some more
 * times.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, struct tls_key);
	__type(value, u32);
} tls_searches MAP;

static __always_inline bool is_waiting(const struct tls_end *end)
{
	return end->is_there && !end->object;
}

/*
 * The end of an object that holds the random when it is first seen: its library was hooked after the handshake had begun,
 * perhaps of both ends. The process says which: whoever has sent on a socket has its object. 0 if that says nothing.
 */
static __always_inline struct tls_end *end_of_late(struct tls_hello *hello, u32 tgid)
{
	struct tls_end *client = &hello->client, *server = &hello->server;
	bool is_client = is_waiting(client) && client->tgid == tgid;
	bool is_server = is_waiting(server) && server->tgid == tgid;

	if (is_client && is_server)
		return 0; /* a process that talks to itself */
	if (is_client || is_server)
		return is_client ? client : server;
	is_client = is_waiting(client) && !client->tgid;
	is_server = is_waiting(server) && !server->tgid;
	if (is_client == is_server)
		return 0;
	return is_client ? client : server;
}

/*
 * Which of the ends that have the object's random it is. A client has made it in an earlier call, before anybody could have
 * seen it: so it is there when a call begins. A server gets it in a call that begins after it came in, and ends with it; if
 * that call ended too early, the client has found its own end before the server's next one begins.
 */
static __always_inline struct tls_end *end_of(struct tls_hello *hello, u64 begin_ns)
{
	bool is_client = is_waiting(&hello->client), is_server = is_waiting(&hello->server);

	if (begin_ns)
		return is_server && hello->server.ns < begin_ns ? &hello->server : 0;
	return is_client ? &hello->client : is_server ? &hello->server : 0;
}

/* The end is the object's, which has found it: the socket learns that with its next packet. Returns false if it has another. */
static __always_inline bool give_socket(const struct tls_key *key, struct tls_end *end, u8 role, bool is_new)
{
	u64 generation = connect_object(key, end, role, is_new);

	if (!generation)
		return false;
	end->generation = generation;
	keep_order(); /* written before the object that shows it */
	end->object = key->object;
	return true;
}

/*
 * Looks for the socket of an object that has none. `begin_ns`: a call ends that began then; 0: a call begins. Returns 1 if it
 * has one now. With numbers alone, every kernel verifies it once for all programs.
 */
__noinline __weak int search_object(u64 object, u64 begin_ns)
{
	struct tls_key key = { .object = object, .tgid = bpf_get_current_pid_tgid() >> 32 };
	u32 *searches = bpf_map_lookup_elem(&tls_searches, &key), one = 1, most = MOST_SEARCHES, i;
	bool is_late = false; /* if it holds the random; not when a call ends: libraries clear objects in their first */
	u64 word;

	if (searches) {
		if (++*searches > MOST_SEARCHES)
			return 0;
	} else {
		is_late = !begin_ns;
		bpf_map_update_elem(&tls_searches, &key, &one, BPF_ANY);
	}
	for (i = 0; i < OBJECT_BYTES; i += sizeof(word)) {
		struct tls_hello *hello;
		struct tls_end *end;

		if (bpf_probe_read_user(&word, sizeof(word), (void *)(object + i)))
			return 0;
		hello = word ? bpf_map_lookup_elem(&tls_hellos, &word) : 0;
		if (!hello)
			continue;
		end = is_late ? end_of_late(hello, key.tgid) : end_of(hello, begin_ns);
		if (!end) {
			if (is_late) /* nor will its next call tell: rather not read than taken for the other end */
				bpf_map_update_elem(&tls_searches, &key, &most, BPF_ANY);
			return 0;
		}
		return give_socket(&key, end, end == &hello->server ? ROLE_SERVER : ROLE_CLIENT, !is_late);
	}
	return 0;
}

#endif
