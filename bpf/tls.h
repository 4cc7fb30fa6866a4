/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * tls.h: from a call of a TLS library to the stream that its data belongs to.
 *
 * No data of a process is read unless its object has an entry in tls_connections, and only packets of sockets in scope make
 * one. Before that, nothing is read but the object itself, for the random that tells its socket (tls_hello.h).
 */
#ifndef HTTPEEK_TLS_H
#define HTTPEEK_TLS_H

#include "config.h"

#include "resume.h"
#include "tls_go.h"

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
	begin_stream(c, true, first_position(0), STREAM_START);
	begin_stream(c, false, first_position(0), STREAM_START);
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
	if (is_egress) {
		u32 ahead = t->ahead_bytes < bytes ? t->ahead_bytes : bytes;

		t->retry_bytes = 0;
		t->ahead_bytes -= ahead;
		bytes -= ahead;
		if (!bytes)
			return 0;
		seg.address += ahead;
		seg.bytes = bytes;
	}
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
	if (call->result == RESULT_NONE) {
		t->is_uncorking = 0;
	} else if (call->is_egress) {
		t->retry_address = call->address;
		if (!t->retry_bytes)
			t->retry_ns = call->ns;
		if (!t->ahead_bytes && call->offered_bytes)
			t->retry_bytes = call->offered_bytes;
	}
}

enum { RECORD_BYTES = 1 << 14 }; /* of plaintext, at most (RFC 8446 section 5.1) */

/*
 * Data came in, and what the application has offered to be sent was not taken yet. That says nothing of what the peer has:
 * libraries take data when the last of its records has left, and the first ones have long arrived when a body does not fit
 * into the socket. So a response may come to a request that is still offered. A record that was begun has to be offered
 * again as it is, so its plaintext is read now.
 */
static __always_inline void feed_offered(struct tls_connection *t, const struct tls_key *key)
{
	const struct connection *c = &t->connection;
	u32 bytes = t->retry_bytes < RECORD_BYTES ? t->retry_bytes : RECORD_BYTES;

	if (c->role != ROLE_CLIENT || c->is_pipelined || pending_requests(c, 0) || c->response.state != STREAM_START)
		return;
	feed(key->object, t->retry_address, bytes, t->retry_ns, true);
	t->ahead_bytes = bytes;
}

/* A call returns. Nothing is done of one whose beginning was not seen. `go`: what a Go program would be found by. */
static __always_inline void finish_call(u64 stack, u64 go, s32 returned)
{
	u64 bytes = returned;
	struct tls_connection *t;
	struct tls_call call;
	struct tls_key key;

	if (!end_call(stack, &call) && !end_call(go, &call))
		return;
	key = tls_key(call.object);
	t = find_object(&key);
	if (!t) {
		end_work(&key);
		if (call.result == RESULT_GO) {
			if (!take_candidate(call.object))
				return;
		} else if (!search_object(call.object, call.ns)) {
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
	if (t && unlikely(t->retry_bytes) && !call.is_egress)
		feed_offered(t, &key);
	feed(call.object, call.address, bytes, call.ns, call.is_egress);
}

#endif
