/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * tls.h: from a call of a TLS library to the stream that its data belongs to.
 *
 * What a call has got or taken is known when it returns: so its arguments wait in between. They are found by the process
 * and the stack pointer, which no two calls in progress share, whatever threads and coroutines do; a call that never
 * returns leaves its place to the next one with that stack.
 *
 * No data of a process is read unless its object has an entry in tls_connections, and only packets of sockets in scope make
 * one. Before that, nothing is read but the object itself, for the random that tells its socket (tls_hello.h).
 */
#ifndef HTTPEEK_TLS_H
#define HTTPEEK_TLS_H

#include "config.h"

#include "resume.h"
#include "tls_work.h"

/* How a call says how much it has got or taken. */
enum tls_result {
	RESULT_COUNT,	 /* returns it; less than 1 is an error */
	RESULT_FILE,	 /* the same, and the data lies in no memory */
	RESULT_ONE,	 /* returns 1, and has put it where an argument said */
	RESULT_POSITIVE, /* the same with 1 or more: SSL_read_early_data */
	RESULT_NONE,	 /* nothing of its own: what it sends was handed over before (gnutls_record_uncork) */
	RESULT_HANDSHAKE,
	RESULT_GO, /* as RESULT_COUNT; sends nothing, and may go on in another thread */
};

/* A call in progress. */
struct tls_call {
	u64 object;
	u64 address;  /* of the data; 0: it lies in no memory */
	u64 count_at; /* where the count will be: a size_t */
	u64 ns;	      /* when it began */
	u8 is_egress;
	u8 result; /* enum tls_result */
	u8 _pad[6];
};

/* Who is in a call: the process, and its stack pointer or (Go) its goroutine. */
struct tls_caller {
	u64 stack;
	u32 tgid;
	u32 _pad;
};
_Static_assert(offsetof(struct tls_caller, tgid) == offsetof(struct tls_key, tgid), "user space sweeps by either");

/*
 * Calls in progress. Inserted when one begins, deleted when it returns, both by uprobes; user space deletes those of
 * processes that are gone. Full: COUNTER_TLS_FULL, and the call's data is missing in its stream, which loses its framing.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct tls_caller);
	__type(value, struct tls_call);
} tls_calls MAP;

enum { SCOPE_LEVELS = 16 }; /* deeper cgroups are found by user space only */

/* Ids of the cgroups in scope, if programs that are executed there are to be told. Written by user space. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, u64);
	__type(value, u8);
} tls_scope MAP;

static __always_inline struct tls_caller caller_at(u64 stack)
{
	struct tls_caller caller = { .stack = stack, .tgid = bpf_get_current_pid_tgid() >> 32 };

	return caller;
}

enum { CALL_EGRESS = 256 }; /* beside enum tls_result: the call sends */

/*
 * A call begins. `how`: enum tls_result, and CALL_EGRESS. `count_at` is of results that are put somewhere. With numbers alone,
 * every kernel verifies it once for all programs; and it takes no part of the stack that the parsers need.
 */
__noinline __weak int begin_call(u64 stack, u64 object, u64 address, u64 count_at, u32 how)
{
	bool is_egress = how & CALL_EGRESS;
	enum tls_result result = how & (CALL_EGRESS - 1);
	struct tls_call call = {
		.object = object,
		.address = address,
		.count_at = count_at,
		.is_egress = is_egress,
		.result = result,
	};
	struct tls_caller caller = caller_at(stack);
	struct tls_key key = tls_key(object);
	struct tls_connection *t = result == RESULT_GO ? find_object(&key) : enter_object(&key);

	if (t && result == RESULT_NONE)
		t->is_uncorking = 1;
	if (t && is_egress && !address && result == RESULT_COUNT)
		call.address = t->retry_address;
	call.ns = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&tls_calls, &caller, &call, BPF_ANY))
		count(COUNTER_TLS_FULL);
	return 0;
}

/* The arguments of the call that returns; false if its beginning was not seen. */
static __always_inline bool end_call(u64 stack, struct tls_call *call)
{
	struct tls_caller caller = caller_at(stack);
	struct tls_call *found = bpf_map_lookup_elem(&tls_calls, &caller);

	if (!found)
		return false;
	*call = *found;
	bpf_map_delete_elem(&tls_calls, &caller);
	return true;
}

/*
 * A connection whose beginning was not read waits for data that begins with a whole request line: that tells the role, if
 * the socket is too old to know it, and both directions count from there.
 */
static __always_inline bool meet_plaintext(struct tls_connection *t, const struct segment *seg)
{
	struct connection *c = &t->connection;
	u8 role = seg->is_egress ? ROLE_CLIENT : ROLE_SERVER;
	struct workspace *ws;
	bool begins;

	if (c->role != ROLE_UNKNOWN && c->role != role)
		return false;
	ws = take_workspace();
	if (!ws)
		return false;
	ws->segment = *seg;
	begins = begins_with_request(source_in(0, ws), ws);
	release_workspace(ws);
	if (!begins)
		return false;
	count(COUNTER_ADOPTED);
	if (c->role == ROLE_UNKNOWN)
		take_role(c, role, role == ROLE_SERVER ? t->local_port : t->remote_port, t->peer);
	begin_stream(&c->request, first_position(0), STREAM_START);
	begin_stream(&c->response, first_position(0), STREAM_START);
	become_http(c);
	return true;
}

/*
 * Whether data was seen already, when the library passed it on between functions of its own that are hooked as well: the
 * inner call began later and returned first. What is sent while uncorking was handed over before.
 */
static __always_inline bool is_repeated(struct tls_connection *t, u64 address, u64 begin_ns, bool is_egress)
{
	u32 direction = is_egress;

	if (is_egress && t->is_uncorking)
		return true;
	if (address && t->fed_address[direction] == address && t->fed_ns[direction] > begin_ns)
		return true;
	t->fed_address[direction] = address;
	t->fed_ns[direction] = begin_ns;
	return false;
}

/*
 * Data passes through an object, in a call that began at `begin_ns`: into the stream it belongs to. `address` is 0 if it
 * lies in no memory. With numbers alone, every kernel verifies it once for all programs.
 */
__noinline __weak int feed(u64 object, u64 address, u64 bytes, u64 begin_ns, u32 is_egress)
{
	struct segment seg = { .key = tls_key(object), .address = address, .bytes = bytes };
	struct tls_connection *t;
	struct connection *c;
	struct stream *s;

	t = find_object(&seg.key);
	if (!t || !bytes)
		return 0;
	c = &t->connection;
	if (c->mode == MODE_NONE || c->mode >= MODE_OPAQUE)
		return 0;
	if (is_repeated(t, address, begin_ns, is_egress))
		return 0;
	seg.is_egress = is_egress;
	seg.ns = is_egress ? begin_ns : bpf_ktime_get_ns();
	if (unlikely(c->request.state == STREAM_UNKNOWN) && !meet_plaintext(t, &seg))
		return 0;
	seg.is_request = (c->role == ROLE_SERVER) == !is_egress;
	s = stream_of(c, seg.is_request);
	seg.pos = s->top;
	seg.seq = seg.pos;
	seg.ack = stream_of(c, !seg.is_request)->top;
	s->ack = seg.ack;
	s->top = seg.pos + bytes;
	if (likely(s->state != STREAM_LOST) && s->top <= s->next)
		return 0; /* of a body */
	if (s->state == STREAM_LOST && !seg.is_request)
		return 0;
	if (try_lock(&s->busy)) {
		follow(0, c, &seg);
		unlock(&s->busy);
	} else {
		lose_framing(c, seg.is_request, COUNTER_BUSY); /* two threads in one object: libraries forbid it */
	}
	return 0;
}

/* A call that has got or taken nothing. */
static __always_inline void end_empty(const struct tls_call *call)
{
	struct tls_key key = tls_key(call->object);
	struct tls_connection *t = bpf_map_lookup_elem(&tls_connections, &key);

	if (!t)
		return;
	if (call->result == RESULT_NONE)
		t->is_uncorking = 0;
	else if (call->is_egress)
		t->retry_address = call->address;
}

/* A call returns. Nothing is done of one whose beginning was not seen. `go`: what a Go program would be found by. */
static __always_inline void finish_call(u64 stack, u64 go, s32 returned)
{
	u64 bytes = returned;
	struct tls_call call;
	struct tls_key key;

	if (!end_call(stack, &call) && !end_call(go, &call))
		return;
	key = tls_key(call.object);
	if (!find_object(&key)) {
		end_work(&key);
		if (!search_object(call.object, call.ns)) {
			note_searches(&key);
			return;
		}
	}
	if (call.result == RESULT_HANDSHAKE)
		return;
	if (returned < 1 || call.result == RESULT_NONE) {
		end_empty(&call);
		return;
	}
	if (call.result == RESULT_ONE || call.result == RESULT_POSITIVE) {
		if (call.result == RESULT_ONE && returned != 1)
			return;
		if (bpf_probe_read_user(&bytes, sizeof(bytes), (void *)call.count_at))
			return;
	}
	feed(call.object, call.address, bytes, call.ns, call.is_egress);
}

#endif
