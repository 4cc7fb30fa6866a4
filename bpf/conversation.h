/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * conversation.h: one segment's way through the parsers: load a window, read what is in it, move the stream on, until
 * the segment is used up. Here the pure parts (framing.h, http1.h, route.h) meet the maps (exchange.h, stats.h).
 *
 */
#ifndef HTTPEEK_CONVERSATION_H
#define HTTPEEK_CONVERSATION_H

#include "exchange.h"
#include "source_skb.h"

enum {
	LINES_PER_WINDOW = 6, /* lines that matter, in one window; further ones wait for the next */
	/* A GSO segment of 64 KB holds at most 3,600 of the shortest requests; two short loops cost the verifier less. */
	STEPS_PER_STRIDE = 64,
	STRIDES_PER_SEGMENT = 64,
};

/*
 * Where one program run parses. A segment's bytes do not fit the 512 bytes of BPF stack, and per-CPU memory alone is not
 * safe: on egress a program runs in process context and can be preempted by another one on the same CPU, or interrupted
 * by ingress. So each CPU has a few workspaces, and a run takes a free one (KERNEL-FACTS: per-CPU scratch in process
 * context has panicked kernels elsewhere).
 */
static __always_inline struct workspace *take_workspace(void)
{
	u32 first = bpf_get_smp_processor_id() * LIMIT_WORKSPACES_PER_CPU, i;

	for (i = 0; i < LIMIT_WORKSPACES_PER_CPU; i++) {
		u32 slot = first + i;
		struct workspace *ws = bpf_map_lookup_elem(&workspaces, &slot);

		if (ws && try_lock(&ws->busy))
			return ws;
	}
	count(COUNTER_WORKSPACE_REFUSED);
	return 0;
}

static __always_inline void release_workspace(struct workspace *ws)
{
	unlock(&ws->busy);
}

/* Framing of a direction is lost: `which` says how. It goes on where it is certain again (resume_*). */
static __always_inline void lose_framing(struct stream *s, enum counter which)
{
	count(which);
	s->state = STREAM_LOST;
	s->carried = 0;
	s->hole_bytes = 0;
}

static __always_inline void become_opaque(struct connection *c, enum counter which)
{
	count(which);
	c->mode = MODE_OPAQUE;
}

/*
 * Bytes where a message had to begin are none. At the start of a connection that says what the connection is not;
 * later it says that framing was wrong or the peer speaks nonsense.
 */
static __always_inline void reject(struct connection *c, struct stream *s, bool is_request, int why)
{
	if (c->mode != MODE_HTTP)
		become_opaque(c, why == PARSE_UNSUPPORTED ? COUNTER_UNSUPPORTED : COUNTER_NOT_HTTP);
	else
		lose_framing(s, is_request ? COUNTER_REQUEST_UNPARSED : COUNTER_RESPONSE_UNPARSED);
}

/* The endpoint of the request whose line is in the window. */
static __always_inline u32 endpoint_of(struct connection *c, struct workspace *ws, struct window *w, u32 total)
{
	const struct request_line *line = &ws->line;
	struct route_key *key = &ws->key;
	/* mixed, not added: sums of neighbouring methods would differ by what one byte of a path can make up for */
	u64 seed = hash_mix(c->base_hash, line->method | line->protocol << KEY_PROTOCOL_SHIFT |
						  line->form << KEY_FORM_SHIFT);

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
	c->mode = MODE_HTTP;
	s->method = method;
	s->skipping = 0;
	if (likely(c->endpoint_hash == key->hash)) {
		s->endpoint = c->endpoint;
	} else {
		key->from = from;
		key->method = method;
		key->protocol = PROTOCOL_HTTP_1_1;
		key->form = TARGET_PATH;
		key->cut = 0;
		__builtin_memset(&key->writer, 0, sizeof(key->writer));
		s->endpoint = find_endpoint(c, w, key);
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
	c->mode = MODE_HTTP;
	s->method = line->method;
	s->endpoint = endpoint_of(c, ws, w, total);
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
	c->mode = MODE_HTTP;
	s->status = status;
	s->skipping = 1; /* the reason phrase */
	*next = STATUS_LINE_BYTES;
	return 1;
}

/* The head that ends at `end` is complete. Returns false if the connection has left HTTP. */
static __always_inline bool head_complete(struct connection *c, const struct segment *seg, u64 end)
{
	struct stream *s;

	if (!seg->is_request) {
		s = &c->response;
		if (s->framing & FRAMING_CODING && !(s->framing & FRAMING_CHUNKED))
			/* ends with the connection, whatever lengths say: RFC 9112 section 6.3 */
			s->framing &= ~(FRAMING_LENGTH | FRAMING_BROKEN);
		if (!response_complete(c, end)) {
			become_opaque(c, COUNTER_OPAQUE);
			return false;
		}
		if (s->framing & FRAMING_BROKEN && s->next != end)
			lose_framing(s, COUNTER_RESPONSE_FRAMING);
		return true;
	}
	s = &c->request;
	if (unlikely(c->response.state == STREAM_LOST || is_behind(&c->response, seg->ack))) {
		/* a client that waits for its answers has seen all of them when it asks again */
		drop_pending(c);
		c->response.next = position_of(&c->response, seg->ack);
		c->response.state = STREAM_START;
		c->response.carried = 0;
		c->response.hole_bytes = 0;
	}
	request_complete(c);
	frame_body(s, end, false);
	if (s->framing & FRAMING_CODING && !(s->framing & FRAMING_CHUNKED))
		s->framing |= FRAMING_BROKEN;
	if (s->framing & FRAMING_BROKEN)
		lose_framing(s, COUNTER_REQUEST_FRAMING);
	return true;
}

/* The carry of this direction. Creating it can fail; then the head cannot be kept together. */
static __always_inline struct carry *find_carry(struct __sk_buff *skb, bool is_request, u64 flags)
{
	struct bpf_sock *sk = skb->sk;

	if (!sk)
		return 0;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return 0;
	return is_request ? bpf_sk_storage_get(&request_carries, sk, 0, flags) :
			    bpf_sk_storage_get(&response_carries, sk, 0, flags);
}

static __always_inline void drop_carry(struct __sk_buff *skb, bool is_request)
{
	struct bpf_sock *sk = skb->sk;

	if (!sk)
		return;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return;
	if (is_request)
		bpf_sk_storage_delete(&request_carries, sk);
	else
		bpf_sk_storage_delete(&response_carries, sk);
}

/*
 * Keeps the unfinished line w[line..total) for the next segment; the window's new bytes are `n` from `at` on. A line that
 * began in an earlier segment already lies at the carry's start, because only one line is ever kept.
 */
VERIFIED_ONCE int keep_line(struct __sk_buff *skb, struct connection *c, struct segment *seg, u64 at_n,
			    u32 line_total)
{
	u32 at = at_n >> 32, line = range_from(line_total), total = range_to(line_total);
	struct carry *carry;
	struct stream *s;

	if (!c || !seg)
		return 0;
	s = seg->is_request ? &c->request : &c->response;
	carry = find_carry(skb, seg->is_request, BPF_SK_STORAGE_GET_F_CREATE);
	if (!carry) {
		lose_framing(s, COUNTER_CARRY_REFUSED);
		return 0;
	}
	if (line >= s->carried && !load_payload(skb, seg, at + line - s->carried, carry->bytes, total - line)) {
		lose_framing(s, seg->is_request ? COUNTER_REQUEST_GAP : COUNTER_RESPONSE_GAP);
		return 0;
	}
	s->carried = total - line;
	s->next += (u32)at_n;
	return 0;
}

/*
 * Parses one window at s->next: `n` new bytes, which are those of the segment from `at` on, behind what was carried.
 * Returns 1 if there may be more to parse in this segment.
 */
static __always_inline int parse_window(struct __sk_buff *skb, struct connection *c, struct workspace *ws, struct window *w,
			       u64 at_n)
{
	u32 at = at_n >> 32, n = at_n, carried, total, from = 0, line, i;
	struct segment *seg;
	struct stream *s;
	struct scan *scan;
	u64 base;   /* position of w[0] */
	bool more;  /* bytes of the segment that are not in the window */

	if (!c || !ws || !w)
		return 0;
	seg = &ws->segment;
	scan = &ws->scan;
	s = seg->is_request ? &c->request : &c->response;
	carried = s->carried;
	total = carried + n;
	base = s->next - carried;
	more = n < seg->bytes - at;
	if (s->state == STREAM_CHUNK) {
		if (frame_chunk(s, w, total))
			return 1;
		lose_framing(s, seg->is_request ? COUNTER_REQUEST_FRAMING : COUNTER_RESPONSE_FRAMING);
		return 0;
	}
	if (s->state == STREAM_START) {
		int begun;

		if (!carried) {
			u8 first = byte_at(w, 0);

			if (first == '\r' || first == '\n') { /* RFC 9112 section 2.2 */
				s->next++;
				return 1;
			}
			s->started_ns = bpf_ktime_get_ns();
		}
		begun = seg->is_request ? begin_request(c, ws, w, total, &from) : begin_response(c, w, total, &from);
		if (begun < 0) {
			reject(c, s, seg->is_request, begun);
			return 0;
		}
		if (begun == PARSE_MORE) {
			keep_line(skb, c, seg, at_n, range(0, total));
			return 0;
		}
		s->state = STREAM_HEADERS;
		s->framing = 0;
		s->length = 0;
	}
	for (i = 0; i < LINES_PER_WINDOW; i++) {
		scan_lines(w, range(from, total), s->skipping, scan);
		s->skipping = scan->skipping;
		if (scan->kind == SCAN_END || scan->kind == SCAN_MORE)
			break;
		from = scan->next;
		if (scan->kind == SCAN_BLANK) {
			if (carried)
				drop_carry(skb, seg->is_request);
			s->carried = 0;
			if (s->state == STREAM_HEADERS)
				return head_complete(c, seg, base + from);
			s->state = STREAM_START;
			s->next = base + from;
			return 1;
		}
		if (s->state == STREAM_TRAILERS)
			continue;
		if (scan->kind == SCAN_LENGTH)
			frame_length(s, parse_number(w, scan->line + sizeof("content-length:") - 1));
		else
			frame_coding(s, is_chunked(w, scan->line, from));
	}
	if (scan->kind != SCAN_END) { /* too many lines for one go: again from the first that was not looked at */
		s->carried = 0;
		s->next = base + (scan->kind == SCAN_MORE ? scan->line : from);
		return 1;
	}
	line = scan->line;
	if (!s->skipping && line != total) {
		if (more && line) { /* the unfinished line goes on in this segment: begin there */
			s->carried = 0;
			s->next = base + line;
			return 1;
		}
		if (may_matter(w, line, total - line)) {
			if (total - line < WINDOW_BYTES) {
				keep_line(skb, c, seg, at_n, range(line, total));
				return 0;
			}
			s->framing |= FRAMING_BROKEN; /* a length or coding too long to read */
		}
		s->skipping = 1;
	}
	s->carried = 0;
	s->next += n;
	return more;
}

/* One step through a segment: loads the window at s->next and parses it. Returns 1 while there may be more. */
VERIFIED_ONCE int step(struct __sk_buff *skb, struct connection *c, struct workspace *ws)
{
	struct segment *seg;
	struct stream *s;
	struct window *w;
	u32 carried;
	u64 at, n;

	if (!c || !ws)
		return 0;
	seg = &ws->segment;
	s = seg->is_request ? &c->request : &c->response;
	if (c->mode == MODE_OPAQUE || s->state >= STREAM_UNTIL_CLOSE || s->state == STREAM_UNKNOWN)
		return 0;
	at = s->next - seg->pos;
	if (at >= seg->bytes)
		return 0;
	n = seg->bytes - at;
	carried = s->carried;
	if (likely(!carried)) {
		if (s->state == STREAM_CHUNK && n > CHUNK_LINE_BYTES)
			n = CHUNK_LINE_BYTES;
		if (n > WINDOW_BYTES)
			n = WINDOW_BYTES;
		if (!load_payload(skb, seg, at, ws->window.bytes, n))
			return 0;
		w = &ws->window;
	} else {
		struct carry *carry = find_carry(skb, seg->is_request, 0);

		if (!carry || carried >= WINDOW_BYTES) {
			lose_framing(s, COUNTER_CARRY_REFUSED);
			return 0;
		}
		if (n > WINDOW_BYTES - carried)
			n = WINDOW_BYTES - carried;
		forget_bounds(carried, WINDOW_MASK);
		if (!load_payload(skb, seg, at, carry->bytes + carried, n))
			return 0;
		w = (struct window *)carry;
	}
	return parse_window(skb, c, ws, w, at << 32 | n);
}

/* Steps until the segment is used up. Returns 1 if the steps were used up first. */
VERIFIED_ONCE int stride(struct __sk_buff *skb, struct connection *c, struct workspace *ws)
{
	u32 i;

	struct stream *s;

	if (!c || !ws)
		return 0;
	s = ws->segment.is_request ? &c->request : &c->response;
	for (i = 0; i < STEPS_PER_STRIDE; i++)
		if (!step(skb, c, ws) || s->next - ws->segment.pos >= ws->segment.bytes)
			return 0;
	return 1;
}

#endif
