/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * heads.h: what a start line and a complete head do to a connection: the endpoint is found, the request waits or its
 * response is counted, and the body is framed; or framing is lost, or the connection turns out not to be HTTP.
 */
#ifndef HTTPEEK_HEADS_H
#define HTTPEEK_HEADS_H

#include "exchange.h"
#include "tls_records.h"

/* Framing of a direction is lost: `which` says how. It goes on where it is certain again (resume_*). */
OUT_OF_LINE int lose_framing(struct connection *c, u32 is_request, u32 which)
{
	struct stream *s;

	if (!c || which >= COUNTERS)
		return 0;
	s = stream_of(c, is_request);
	count(which);
	s->state = STREAM_LOST;
	s->carried = 0;
	c->holes[is_request & 1] = 0;
	if (!is_request)
		c->responses = which == COUNTER_RESPONSE_UNPARSED ? RESPONSES_NOT_HTTP : RESPONSES_UNSEEN;
	return 0;
}

/* The response direction begins anew where the client's acknowledgement says that the next response will. */
static __always_inline void resume_responses(struct connection *c, u32 ack)
{
	struct stream *s = &c->response;

	s->next = position_of(s, ack);
	s->state = STREAM_START;
	s->carried = 0;
	c->holes[false] = 0;
	c->responses = RESPONSES_CERTAIN;
}

static __always_inline void become_opaque(struct connection *c, enum counter which)
{
	count(which);
	set_other_mode(c, MODE_OPAQUE);
}

/*
 * Written once: both directions read the mode's line with every packet. The other direction may find at the same time that the
 * connection is not HTTP: as the mode is written last here and first there, what serves is HTTP.
 */
static __always_inline void become_http(struct connection *c)
{
	if (likely(c->mode == MODE_HTTP))
		return;
	c->serves = c->role == ROLE_SERVER;
	keep_order();
	c->mode = MODE_HTTP;
}

/*
 * Bytes where a message had to begin are none. At the start of a connection that says what the connection is not;
 * later it says that framing was wrong or the peer speaks nonsense.
 */
static __always_inline void reject(struct connection *c, bool is_request, int why)
{
	if (c->mode != MODE_HTTP)
		become_opaque(c, why == PARSE_UNSUPPORTED ? COUNTER_UNSUPPORTED : COUNTER_NOT_HTTP);
	else
		lose_framing(c, is_request, is_request ? COUNTER_REQUEST_UNPARSED : COUNTER_RESPONSE_UNPARSED);
}

/* A response has ended HTTP on this connection. Through a tunnel the client may go on in TLS, and HTTP inside of it. */
static __always_inline void leave_http(struct connection *c, u32 status)
{
	become_opaque(c, COUNTER_OPAQUE);
	if (cfg_tls && status != STATUS_SWITCHING_PROTOCOLS && c->role == ROLE_CLIENT && !c->pending &&
	    !c->is_pipelined) {
		c->flags |= CONNECTION_TUNNEL;
		become_tls(c);
	}
}

/* The endpoint of the request whose line is in the window. */
static __always_inline u32 endpoint_of(struct connection *c, struct workspace *ws, struct window *w, u32 total)
{
	const struct request_line *line = &ws->line;
	struct route_key *key = &ws->key;
	/* mixed, not added: sums of neighbouring methods would differ by what one byte of a path can make up for */
	u64 seed = hash_mix(c->base_hash,
			    line->method | line->protocol << KEY_PROTOCOL_SHIFT | line->form << KEY_FORM_SHIFT);

	__builtin_memset(key, 0, sizeof(*key));
	key->from = line->target;
	key->method = line->method;
	key->protocol = line->protocol;
	key->form = line->form;
	key->hash = seed;
	if (likely(line->form == TARGET_PATH)) {
		key->hash = route_hash(w, range(line->target, total), seed, &key->path_bytes);
		key->cut = key->path_bytes >= LIMIT_ROUTE_BYTES &&
			   !(route_class(byte_at(w, line->target + key->path_bytes)) & CLASS_END);
		if (unlikely(key->cut)) /* a path of exactly that length is another one */
			key->hash = ~key->hash;
	}
	return find_endpoint(c, w, key);
}

/*
 * The request line that nearly all have: a known method, a path without a query, HTTP/1.1 and CR LF, all in the window.
 * Recognised by the four words around the path instead of by searching; anything else takes the long way.
 */
static __always_inline bool begin_plain_request(struct connection *c, struct workspace *ws, struct window *w, u32 total,
						u32 *next)
{
	struct route_key *key = &ws->key;
	struct stream *s = &c->request;
	u64 word = word_at(w, 0);
	u32 end, from;
	u8 method;

	if ((u32)word == (u32)WORD("GET ")) {
		method = METHOD_GET;
		from = 4;
	} else if (word << 24 == WORD("POST ") << 24) {
		method = METHOD_POST;
		from = 5;
	} else {
		return false;
	}
	if (byte_at(w, from) != '/')
		return false;
	key->hash = route_hash(w, range(from, total), hash_mix(c->base_hash, method), &key->path_bytes);
	end = from + key->path_bytes;
	if (end + 11 > total || word_at(w, end) != WORD(" HTTP/1.") || byte_at(w, end + 8) != '1' ||
	    byte_at(w, end + 9) != '\r' || byte_at(w, end + 10) != '\n')
		return false;
	become_http(c);
	s->method = method;
	s->skipping = 0;
	if (likely(c->endpoint_hash == key->hash)) {
		s->what = c->endpoint;
	} else {
		key->from = from;
		key->method = method;
		key->protocol = PROTOCOL_HTTP_1_1;
		key->form = TARGET_PATH;
		key->cut = 0;
		__builtin_memset(&key->writer, 0, sizeof(key->writer));
		s->what = find_endpoint(c, w, key);
	}
	*next = end + 11;
	return true;
}

/* The request line at the window's start. Returns 1 when the stream has moved into the headers, or PARSE_*. */
static __always_inline int begin_request(struct connection *c, struct workspace *ws, struct window *w, u32 total,
					 u32 *next)
{
	struct request_line *line = &ws->line;
	struct stream *s = &c->request;
	int result;

	if (likely(begin_plain_request(c, ws, w, total, next)))
		return 1;
	result = parse_request_line(w, total, total >= WINDOW_BYTES, line);
	if (result <= 0)
		return result;
	become_http(c);
	s->method = line->method;
	s->what = endpoint_of(c, ws, w, total);
	s->skipping = !line->complete;
	*next = line->complete ? line->next : total;
	return 1;
}

static __always_inline int begin_response(struct connection *c, struct window *w, u32 total, u32 *next)
{
	struct stream *s = &c->response;
	int status = parse_status_line(w, total);

	if (status <= 0)
		return status;
	if (!c->serves) /* which says it without the connection's first line */
		become_http(c);
	s->what = status;
	/* The reason phrase is read as a header line that begins with a space: none that matters does. */
	s->skipping = byte_at(w, STATUS_LINE_BYTES) != ' ';
	*next = STATUS_LINE_BYTES;
	return 1;
}

/* The head that ends at `end` is complete. Returns false if the connection has left HTTP. */
static __always_inline bool head_complete(source *src, struct connection *c, struct workspace *ws, u64 end)
{
	struct segment *seg = &ws->segment;
	struct stream *s;

	if (!seg->is_request) {
		s = &c->response;
		if (s->framing & FRAMING_CODING && !(s->framing & FRAMING_CHUNKED))
			/* ends with the connection, whatever lengths say: RFC 9112 section 6.3 */
			s->framing &= ~(FRAMING_LENGTH | FRAMING_BROKEN);
		if (!response_complete(src, c, ws, end)) {
			leave_http(c, s->what);
			return false;
		}
		if (s->framing & FRAMING_BROKEN && s->next != end)
			lose_framing(c, false, COUNTER_RESPONSE_FRAMING);
		return true;
	}
	s = &c->request;
	if (unlikely(c->responses != RESPONSES_CERTAIN)) {
		/* a client that waits for its answers has seen all of them when it asks again */
		drop_pending(src, c, ws);
		resume_responses(c, seg->ack);
	}
	request_complete(src, c, ws);
	frame_body(s, end, false);
	if (s->framing & FRAMING_CODING && !(s->framing & FRAMING_CHUNKED))
		s->framing |= FRAMING_BROKEN;
	if (s->framing & FRAMING_BROKEN)
		lose_framing(c, true, COUNTER_REQUEST_FRAMING);
	return true;
}

#endif
