/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * connection.h: what is remembered of one TCP connection. It lives in the socket's storage, so it ends with the socket
 * and a new socket with the same addresses inherits nothing.
 *
 * Who writes what: each direction's packets are handled one after another (egress under the socket's lock, ingress by
 * stream.busy), but the two directions run at the same time, and often on different CPUs. A cache line that both write, or
 * that one writes and the other reads, travels to and fro with every exchange, which costs more than parsing does. So there
 * are three lines. What both directions read is hardly ever written. The request direction has a line of its own. The
 * response direction's holds what is left for it as well: the request that waits.
 *
 * Their order matters. Processors that read a line fetch the next one, too: after the first line the request direction's,
 * after that the response direction's, after that nobody's. So a server's responses read nothing of the first line, as long
 * as one step through a segment is enough, or they would take the request's line from the CPU that is about to write to it.
 * They still do now and then, because the kernel reads a word of the first line when it looks the connection up. What a
 * request fetches too early, the response direction's line, it writes to anyway.
 */
#ifndef HTTPEEK_CONNECTION_H
#define HTTPEEK_CONNECTION_H

#include "framing.h"
#include "wire.h"

enum {
	CACHE_LINE_BYTES = 64,
	STORAGE_LINE_OFFSET = 8, /* of a value in its first cache line: the kernel keeps a pointer before it */

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
	/* packets are passed over */
	MODE_OPAQUE = 3,   /* not HTTP, or no longer */
	MODE_TLS = 4,	   /* encrypted; which object it belongs to is not known yet */
	MODE_TLS_READ = 5, /* encrypted; read by way of the object that tls_key_of() names */
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
	CONNECTION_TLS = 512,	     /* what is read of it was, or will be, encrypted */
	CONNECTION_TUNNEL = 1024,    /* through a proxy, by CONNECT */
};

/* Whether it is known which response answers which request. If not, the next request makes it certain again. */
enum responses {
	RESPONSES_CERTAIN = 0,
	RESPONSES_UNSEEN = 1,	/* some passed, or may have, that could not be read */
	RESPONSES_NOT_HTTP = 2, /* what came was none */
};

/*
 * A request without a response: endpoint slot (16 bits), PENDING_* flags (4 bits), and the time of its first byte in
 * units of 16 ns (44 bits: 78 hours until it wraps, which is why only differences are taken).
 */
enum {
	PENDING_HEAD = 1,     /* the response has no body */
	PENDING_CONNECT = 2,  /* a 2xx response ends HTTP on this connection */
	PENDING_OVERFLOW = 4, /* it is not counted, and nothing else of it is known */
	PENDING_USED = 8,     /* an entry is never 0 */
	PENDING_FLAGS_MASK = 15,
	PENDING_FLAGS_SHIFT = 16,
	PENDING_TIME_SHIFT = 20,
	PENDING_TIME_UNIT_SHIFT = 4,
};
_Static_assert(LIMIT_ENDPOINTS == 1 << PENDING_FLAGS_SHIFT, "an endpoint slot fits below the flags");

struct connection {
	/* read with every packet but a server's responses, and seldom written */
	u8 mode;
	u8 role;
	u16 flags;	 /* enum connection_flags */
	u16 owner;	 /* slot in owners; survives begin_connection() */
	u16 port;	 /* the server's, host order */
	u16 tries;	 /* segments looked at in vain, of a connection met in the middle */
	u8 is_pipelined; /* it has a struct pipeline: more requests were in flight than have room here */
	u8 responses;	 /* enum responses */
	u8 _pad[4];
	u64 base_hash;		      /* of owner, role, port and peer: what all endpoints of the connection share */
	u8 peer[LIMIT_ADDRESS_BYTES]; /* ROLE_CLIENT: the server's address, network order; IPv4 as ::ffff:a.b.c.d */
	/* bytes that passed before their turn and were not looked at, of responses and of requests: note_hole(); and TLS_SLOT_* */
	u64 holes[2];

	/* the request direction's */
	struct stream request;
	u64 endpoint_hash; /* the last endpoint: a cache. MODE_TLS: of the ClientHello's random, or 0 */
	u16 endpoint;	   /* of endpoint_hash */
	u8 _pad2[6];

	/* the response direction's, and what the request direction leaves for it */
	u64 pending; /* the oldest request without a response, or 0 */
	struct stream response;
	u32 cell;  /* the last cell: a cache; SLOT_NONE = none */
	u8 serves; /* MODE_HTTP and ROLE_SERVER: what leaves are responses */
	u8 _pad3[3];
};
_Static_assert(sizeof(struct connection) == 184, "with the kernel's own 72 bytes this fits an allocation of 256");
_Static_assert((STORAGE_LINE_OFFSET + offsetof(struct connection, request)) % CACHE_LINE_BYTES == 0 &&
		       (STORAGE_LINE_OFFSET + offsetof(struct connection, pending)) % CACHE_LINE_BYTES == 0,
	       "a cache line for each direction");

static __always_inline struct stream *stream_of(struct connection *c, bool is_request)
{
	return is_request ? &c->request : &c->response;
}

/* The connection is not HTTP, or no longer. The mode comes first: see become_http(). */
static __always_inline void set_other_mode(struct connection *c, enum mode mode)
{
	c->mode = mode;
	keep_order();
	c->serves = 0;
}

/* The requests in flight for which a connection has no room: exists only where there have been any. */
struct pipeline {
	u64 pending[PENDING_SLOTS];
	u64 overflow_heads; /* bit i: overflowed request i % OVERFLOW_SLOTS is a HEAD */
	u32 tail;	    /* running numbers; tails are the request direction's, heads the response direction's */
	u32 overflow_tail;
	u32 head;
	u32 overflow_head;
};

/* An unfinished line, and room to load what follows it. */
struct carry {
	u8 bytes[CARRY_BYTES + WINDOW_SLACK];
} __attribute__((aligned(8)));
_Static_assert(sizeof(struct carry) >= sizeof(struct window), "a carry can be parsed as a window");

/*
 * What a watcher is shown of the requests in flight: their targets, in the order in which they began, each with the entry
 * under which its request waits (pending.h). Of a request that was given up an entry may stay behind until a later one
 * is found.
 */
struct targets {
	u32 tail; /* running numbers: tail is the request direction's, head the response direction's */
	u32 head;
	u64 entries[PENDING_SLOTS];
	u8 bytes[PENDING_SLOTS]; /* valid ones; the target ends among them, or is cut */
	u8 methods[PENDING_SLOTS];
	u8 paths[PENDING_SLOTS][LIMIT_PATH_BYTES];
} __attribute__((aligned(8)));
_Static_assert(sizeof(struct targets) <= 4024, "with the kernel's own 72 bytes this fits an allocation of 4096");
_Static_assert(LIMIT_PATH_BYTES % 8 == 0 && LIMIT_PATH_BYTES <= 255,
	       "paths are copied in words, their length is a byte");

/* A TLS connection as its application names it: the address of the library's object, in the process that it is in. */
struct tls_key {
	u64 object;
	u32 tgid;
	u32 _pad; /* zero */
};

/*
 * Where the connection of an encrypted socket notes its object, in its holes: what it carries is not read there, so it has none.
 * The generation is its link's.
 */
enum {
	TLS_SLOT_OBJECT = 0,
	TLS_SLOT_GENERATION = 1,
};

#endif
