/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * connection.h: what is remembered of one TCP connection. It lives in the socket's storage, so it ends with the socket
 * and a new socket with the same addresses inherits nothing.
 *
 * Who writes what: each direction's packets are handled one after another (egress under the socket's lock, ingress by
 * stream.busy), but the two directions run at the same time on different CPUs. `request` and `pending_tail` belong to
 * the request direction, `response` and `pending_head` to the response direction; the rest is written when the
 * connection begins, or is a cache that one direction owns.
 */
#ifndef HTTPEEK_CONNECTION_H
#define HTTPEEK_CONNECTION_H

#include "framing.h"
#include "wire.h"

enum {
	PENDING_SLOTS = 16, /* requests in flight on one connection that are paired with their time */
	PENDING_MASK = PENDING_SLOTS - 1,
	OVERFLOW_SLOTS = 64,			   /* further ones whose HEAD bit is kept, so that framing holds */
	ADOPT_TRIES = 4096,			   /* segments of an old connection that are looked at for a request */
	CARRY_BYTES = WINDOW_BYTES + WINDOW_BYTES, /* carried and new bytes are bounded separately for the verifier */
};
_Static_assert((PENDING_SLOTS & PENDING_MASK) == 0, "masks need a power of two");

enum mode {
	MODE_NONE = 0,	    /* only the owner is known */
	MODE_UNDECIDED = 1, /* nothing has been parsed yet */
	MODE_HTTP = 2,
	MODE_OPAQUE = 3, /* not HTTP, or no longer: packets are passed over */
};

/* What has happened to a connection, from the socket hooks. */
enum connection_flags {
	CONNECTION_CONNECTING = 1, /* connect(2) was called, no SYN was sent yet */
	CONNECTION_SYN_SENT = 2,
	CONNECTION_ESTABLISHED = 4,
	CONNECTION_WATCHED = 8,	     /* state callbacks come: the end will be seen */
	CONNECTION_RELEASED = 16,    /* no process holds the socket any more */
	CONNECTION_ENDED_HERE = 32,  /* this side ended it first */
	CONNECTION_ENDED_THERE = 64, /* the other side did */
	CONNECTION_RESET = 128,	     /* a RST came in */
	CONNECTION_TIMED_OUT = 256,  /* the kernel gave up sending again */
};

/*
 * A request without a response: endpoint slot (16 bits), PENDING_* flags (4 bits), and the time of its first byte in
 * units of 16 ns (44 bits: 78 hours until it wraps, which is why only differences are taken).
 */
enum {
	PENDING_HEAD = 1,    /* the response has no body */
	PENDING_CONNECT = 2, /* a 2xx response ends HTTP on this connection */
	PENDING_FLAGS_SHIFT = 16,
	PENDING_TIME_SHIFT = 20,
	PENDING_TIME_UNIT_SHIFT = 4,
};
_Static_assert(LIMIT_ENDPOINTS == 1 << PENDING_FLAGS_SHIFT, "an endpoint slot fits below the flags");

struct connection {
	struct stream request;
	struct stream response;
	u64 pending[PENDING_SLOTS];
	u64 overflow_heads; /* bit i: overflowed request i % 64 is a HEAD */
	u64 base_hash;	    /* of owner, role, port and peer: what all endpoints of the connection share */
	u64 endpoint_hash;  /* the last endpoint: request direction's cache */
	u64 cell_key;	    /* the last cell: response direction's cache */
	u32 endpoint;
	u32 cell;
	u32 owner; /* slot in owners; survives begin_connection() */
	u16 port;  /* the server's, host order */
	u16 tries; /* segments looked at in vain, of a connection met in the middle */
	u8 peer[LIMIT_ADDRESS_BYTES];
	u32 pending_tail; /* running numbers */
	u32 pending_head;
	u32 overflow_tail;
	u32 overflow_head;
	u16 flags; /* enum connection_flags */
	u8 mode;
	u8 role;
	u8 _pad[4];
};
_Static_assert(sizeof(struct connection) <= 440, "with the kernel's own 72 bytes this fits an allocation of 512");

/* An unfinished line, and room to load what follows it. */
struct carry {
	u8 bytes[CARRY_BYTES + WINDOW_SLACK];
} __attribute__((aligned(8)));
_Static_assert(sizeof(struct carry) >= sizeof(struct window), "a carry can be parsed as a window");

#endif
