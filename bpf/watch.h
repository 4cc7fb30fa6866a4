/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * watch.h: exchanges one by one, for whoever watches: which of them (cfg_watch_*), with which path, into the ring.
 *
 * Nothing here counts, and nothing here runs unless cfg_watch is true. The target of a request is copied when its request
 * line has been read, into socket storage, because its bytes are gone when the answer comes; only then is it known
 * whether anybody wants to see it. So what the filters exclude costs that copy, and what role, port or method exclude not
 * even that.
 */
#ifndef HTTPEEK_WATCH_H
#define HTTPEEK_WATCH_H

#include "pending.h"

enum { WORD_BITS_SHIFT = 6 };

/* Whether a bit is set in a set that lies in .rodata. */
#define bit_of(words, bit) ((words)[(bit) >> WORD_BITS_SHIFT] >> ((bit) & 63) & 1)

/* Whether exchanges of a connection are to be shown at all. */
static __always_inline bool watches_connection(const struct connection *c)
{
	u32 port = c->port;

	return cfg_watch_roles >> (c->role & 3) & 1 && (cfg_watch_all_ports || bit_of(cfg_watch_ports, port));
}

static __always_inline bool watches_method(u8 method)
{
	return cfg_watch_methods >> (method & 15) & 1;
}

/* Whether an exchange that ended so is to be shown, as far as the answer goes. */
static __always_inline bool watches_end(const struct connection *c, u32 status, u64 ns)
{
	u32 word = status >> WORD_BITS_SHIFT & (WATCH_STATUS_WORDS - 1);

	if (ns < cfg_min_latency_ns || ns < cfg_watch_min_ns)
		return false;
	if (c->role == ROLE_CLIENT)
		word += WATCH_STATUS_WORDS;
	if (!(cfg_watch_statuses[word] >> (status & 63) & 1) && ns < cfg_watch_slow_ns)
		return false;
	return cfg_watch_share == 0xffffffff || bpf_get_prandom_u32() < cfg_watch_share;
}

/* The high bit of every byte of `word` that equals `byte`, exact as newline_marks(). */
static __always_inline u64 byte_marks(u64 word, u8 byte)
{
	u64 x = word ^ WORD_ONES * byte;

	return ~(((x & ~WORD_HIGHS) + ~WORD_HIGHS) | x | ~WORD_HIGHS);
}

/* The bytes of `word` at which a target ends, as far as it is shown. */
static __always_inline u64 target_end_marks(u64 word)
{
	u64 marks = byte_marks(word, ' ') | byte_marks(word, '\r') | byte_marks(word, '\n') | byte_marks(word, '\t');

	return cfg_watch_query ? marks : marks | byte_marks(word, '?') | byte_marks(word, '#');
}

/* Where the target begins whose request line is at the window's start; of an absolute form its path. */
static __always_inline u32 target_at(const struct request_line *line, const struct window *w, u8 method)
{
	/* the plain way through begin_request() leaves `line` as it was, and knows these two */
	u32 at = method == METHOD_GET ? sizeof("GET") : method == METHOD_POST ? sizeof("POST") : 0;

	return at && byte_at(w, at) == '/' ? at : line->target;
}

/* Copies the window from `at` to the end of the target: what of it is shown is decided when it is sent. */
VERIFIED_ONCE int keep_target(struct targets *kept, struct window *w, u32 slot_at)
{
	u8 *path;
	u32 i;

	if (!kept || !w)
		return 0;
	path = kept->paths[slot_at & PENDING_MASK];
#pragma clang loop unroll(disable)
	for (i = 0; i < LIMIT_PATH_BYTES; i += 8) {
		u64 word = word_at(w, (slot_at >> 16) + i);

		*(u64 *)(path + i) = word;
		if (byte_marks(word, ' '))
			break;
	}
	return 0;
}

/*
 * A request line has been read: its target is in the window. A function of its own, as those below, so that its callers
 * are compiled as they are without it.
 */
VERIFIED_ONCE int watch_request(source *src, struct connection *c, struct workspace *ws, struct window *w, u32 total)
{
	struct targets *kept;
	struct stream *s;
	u32 at, bytes, slot;

	if (source_missing(src) || !c || !ws || !w)
		return 0;
	s = &c->request;
	/* the socket of an early request is its listener */
	if (!watches_connection(c) || ws->segment.is_early)
		return 0;
	kept = find_targets(src, BPF_SK_STORAGE_GET_F_CREATE);
	if (!kept || kept->tail - *(volatile u32 *)&kept->head >= PENDING_SLOTS)
		return 0; /* counted when it ends, if it is paired at all */
	slot = kept->tail & PENDING_MASK;
	at = target_at(&ws->line, w, s->method);
	bytes = total > at ? total - at : 0;
	kept->entries[slot] = request_entry(c);
	kept->methods[slot] = s->method;
	kept->bytes[slot] = bytes < LIMIT_PATH_BYTES ? bytes : LIMIT_PATH_BYTES;
	if (watches_method(s->method)) /* the others keep their place, so that none is taken for another */
		keep_target(kept, w, slot | at << 16);
	keep_order(); /* written before the running number that shows it */
	kept->tail++;
	return 0;
}

enum { NO_TARGET = PENDING_SLOTS };

/* The slot of the target of a request that ends, or NO_TARGET. Those that are older have been given up. */
VERIFIED_ONCE u32 take_target(struct targets *kept, u64 entry)
{
	u32 i, slot;

	if (!kept)
		return NO_TARGET;
#pragma clang loop unroll(disable)
	for (i = 0; i < PENDING_SLOTS; i++) {
		s64 younger;

		if (kept->head == *(volatile u32 *)&kept->tail)
			return NO_TARGET;
		slot = kept->head & PENDING_MASK;
		younger = kept->entries[slot] >> PENDING_TIME_SHIFT << PENDING_TIME_SHIFT;
		younger -= entry >> PENDING_TIME_SHIFT << PENDING_TIME_SHIFT;
		if (kept->entries[slot] != entry && younger > 0)
			return NO_TARGET;
		if (kept->entries[slot] == entry)
			return slot;
		kept->head++;
	}
	return NO_TARGET;
}

/* Copies what of the target is shown. Returns its length, and LIMIT_PATH_BYTES if its end was not seen. */
static __always_inline u32 copy_path(u8 *to, const u8 *path)
{
	u32 i;

#pragma clang loop unroll(disable)
	for (i = 0; i < LIMIT_PATH_BYTES; i += 8) {
		u64 word = *(u64 *)(path + i), marks = target_end_marks(word);

		*(u64 *)(to + i) = word;
		if (marks)
			return i + lowest_mark(marks);
	}
	return LIMIT_PATH_BYTES;
}

/* Puts an exchange into the ring; its target is not known if `slot` is NO_TARGET. */
VERIFIED_ONCE int send_exchange(struct connection *c, struct targets *kept, u64 entry, u64 status_outcome_slot_method,
				u64 ended_ns)
{
	u32 slot = status_outcome_slot_method >> 32 & 0xff, bytes;
	struct exchange_event *event;

	if (!c)
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		count(COUNTER_WATCH_DROPPED);
		return 0;
	}
	event->kind = EVENT_KIND_EXCHANGE;
	event->outcome = status_outcome_slot_method >> 16;
	event->role = c->role;
	event->method = status_outcome_slot_method >> 40;
	event->status = status_outcome_slot_method;
	event->port = c->port;
	event->endpoint = pending_endpoint(entry);
	event->owner = c->owner;
	event->ended_ns = ended_ns;
	event->latency_ns = pending_age_ns(entry, ended_ns);
	event->path_bytes = 0;
	event->flags = 0;
	__builtin_memset(event->_pad, 0, sizeof(event->_pad));
	__builtin_memset(event->peer, 0, sizeof(event->peer));
	if (c->role == ROLE_CLIENT)
		__builtin_memcpy(event->peer, c->peer, sizeof(event->peer));
	if (kept && slot < PENDING_SLOTS) {
		bytes = copy_path(event->path, kept->paths[slot & PENDING_MASK]);
		if (bytes >= kept->bytes[slot & PENDING_MASK]) {
			bytes = kept->bytes[slot & PENDING_MASK];
			event->flags = EVENT_FLAG_PATH_CUT;
		}
		event->path_bytes = bytes;
	} else {
		event->flags = EVENT_FLAG_PATH_UNKNOWN;
		count(COUNTER_WATCH_PATH_UNKNOWN);
	}
	bpf_ringbuf_submit(event, 0);
	return 0;
}

/* A request that waited ends, with a status or an outcome without one. `kept`: may be 0. */
static __always_inline void watch_exchange(struct connection *c, struct targets *kept, u64 entry, u32 status_outcome,
					   u64 ended_ns)
{
	u32 endpoint = pending_endpoint(entry), slot = take_target(kept, entry);
	u8 method = METHOD_OTHER;
	struct endpoint *e;

	if (kept && slot < PENDING_SLOTS) {
		method = kept->methods[slot & PENDING_MASK];
	} else {
		e = bpf_map_lookup_elem(&endpoints, &endpoint);
		if (e)
			method = e->method;
	}
	if (watches_method(method) && watches_end(c, status_outcome & 0xffff, pending_age_ns(entry, ended_ns)))
		send_exchange(c, kept, entry, status_outcome | (u64)slot << 32 | (u64)method << 40, ended_ns);
	if (kept && slot < PENDING_SLOTS) {
		keep_order(); /* read before the place is given back */
		kept->head++;
	}
}

#endif
