/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * wire.h: everything that the kernel side and TypeScript share.
 *
 * Every struct has fixed-width members, explicit padding and an asserted size. The TypeScript layouts in src/wire/ are
 * generated from this file's BTF (tools/gen-layout.mjs by way of layout.bpf.c); nothing here is typed a second time.
 * Limits are enums, because enums reach BTF and macros do not.
 */
#ifndef HTTPEEK_WIRE_H
#define HTTPEEK_WIRE_H

#include <linux/types.h>

enum limit {
	LIMIT_ROUTE_BYTES = 128,      /* bytes of a route template that are kept and told apart */
	LIMIT_COMM_BYTES = 16,	      /* TASK_COMM_LEN */
	LIMIT_ADDRESS_BYTES = 16,     /* an IPv6 address; IPv4 as ::ffff:a.b.c.d */
	LIMIT_OTHER_ENDPOINTS = 256,  /* endpoint slots 0.. kept for "(other)" rows */
	LIMIT_OTHER_CELLS = 1024,     /* cell slots 0.. kept for "(other)" rows */
	LIMIT_STRIPES = 64,	      /* most copies of a counter, so that CPUs do not share a cache line */
	LIMIT_WORKSPACES_PER_CPU = 4, /* nested program runs on one CPU that can parse at the same time */
	LIMIT_ENDPOINTS = 65536,      /* endpoint slots that fit the 16 bits of a pending request */
	LIMIT_PATH_BYTES = 240,	      /* bytes of a target that a watcher is shown */
};

/*
 * The latency histogram: base-2 exponential, scale 3 (8 buckets an octave), in seconds, upper bounds inclusive: exactly
 * schema 3 of OpenTelemetry's exponential histogram and of Prometheus' native histogram.
 * buckets[i] counts (2^((i + HISTOGRAM_OFFSET) / 8), 2^((i + 1 + HISTOGRAM_OFFSET) / 8)] seconds.
 * https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram
 */
enum histogram {
	HISTOGRAM_SCALE = 3,
	HISTOGRAM_BUCKETS = 256, /* 32 octaves */
	HISTOGRAM_OFFSET = -160, /* lowest bucket starts at 2^-20 s (0.95 us), highest ends at 2^12 s (68 min) */
};

enum role {
	ROLE_UNKNOWN = 0,
	ROLE_SERVER = 1, /* the request came in */
	ROLE_CLIENT = 2, /* the request went out */
};

/* The methods OpenTelemetry knows (http.request.method); every other token is METHOD_OTHER, shown as _OTHER. */
enum method {
	METHOD_OTHER = 0,
	METHOD_GET = 1,
	METHOD_HEAD = 2,
	METHOD_POST = 3,
	METHOD_PUT = 4,
	METHOD_DELETE = 5,
	METHOD_CONNECT = 6,
	METHOD_OPTIONS = 7,
	METHOD_TRACE = 8,
	METHOD_PATCH = 9,
};

enum protocol {
	PROTOCOL_HTTP_1_1 = 0,
	PROTOCOL_HTTP_1_0 = 1,
};

/* How an exchange ended. */
enum outcome {
	OUTCOME_RESPONSE = 0,	   /* a final response head was seen; status is its code */
	OUTCOME_CLIENT_CLOSED = 1, /* no answer: the client went away or gave up; status 0 */
	OUTCOME_SERVER_CLOSED = 2, /* no answer: the server closed or reset; status 0 */
};

/*
 * One counter for every way in which a count can be missed, and for what is deliberately not looked at.
 * docs/losses.md explains each for users; tests hold the two lists together.
 */
enum counter {
	/* requests that may have been missed */
	COUNTER_REQUEST_UNPARSED = 0, /* bytes where a request had to begin were not one */
	COUNTER_REQUEST_GAP = 1,      /* bytes of the request direction never passed (or in an order that hid a head) */
	COUNTER_REQUEST_FRAMING = 2,  /* contradictory or broken request framing: two lengths, a bad chunk size */
	COUNTER_REQUEST_OVERFLOW = 3, /* pipelined deeper than the queue: framed, but not counted */
	COUNTER_UNSUPPORTED = 4,      /* a connection speaking a version that is not read: HTTP/0.9, h2c preface */
	/* responses that may have been missed or could not be told to belong to a request */
	COUNTER_RESPONSE_UNPARSED = 5,
	COUNTER_RESPONSE_GAP = 6,
	COUNTER_RESPONSE_FRAMING = 7,
	COUNTER_RESPONSE_UNPAIRED = 8, /* a response head without a request seen before it */
	/* resources that ran out, and helpers that failed */
	COUNTER_CONNECTION_UNTRACKED = 9, /* no memory for the state of a connection */
	COUNTER_CARRY_REFUSED = 10,	  /* no memory to keep a head split over segments */
	COUNTER_STEPS_EXHAUSTED = 11,	  /* a segment held more messages than one program run may parse */
	COUNTER_LOAD_FAILED = 12,	  /* bpf_skb_load_bytes or a header load failed */
	COUNTER_LISTENER_DATA = 13,	  /* payload that arrived before its socket existed */
	COUNTER_BUSY = 14,		  /* two CPUs had packets of one direction at once */
	COUNTER_ENDPOINTS_OTHER = 15,	  /* exchanges counted under "(other)" because a table was full */
	COUNTER_CELLS_FULL = 16,	  /* exchanges not counted: even "(other)" had no cell left */
	COUNTER_OWNERS_FULL = 17,	  /* sockets whose owner could not be recorded */
	COUNTER_MAP_UPDATE_FAILED = 18,	  /* a map update failed for a reason other than being full */
	/* not losses: what was seen and left alone, or seen and not counted as an exchange */
	COUNTER_NOT_HTTP = 19,	    /* connections recognised as something else */
	COUNTER_OPAQUE = 20,	    /* connections that left HTTP: 101 Switching Protocols, CONNECT */
	COUNTER_INFORMATIONAL = 21, /* 1xx responses other than 101 */
	COUNTER_CONNECTIONS = 22,   /* connections whose state was begun */
	COUNTER_ADOPTED = 23,	    /* connections first met in the middle: older than the program */
	/* slots handed out; user space reads the tables up to here */
	COUNTER_ENDPOINTS_USED = 24,
	COUNTER_OTHER_ENDPOINTS_USED = 25,
	COUNTER_CELLS_USED = 26,
	COUNTER_OTHER_CELLS_USED = 27,
	COUNTER_OWNERS_USED = 28,
	COUNTER_WORKSPACE_REFUSED = 29, /* a packet found all workspaces of its CPU in use, and was not looked at */
	COUNTER_PEERS_FULL = 30,	/* connections whose facts (refused, reset, round-trip time) were not counted */
	/* of watching alone: the counts are not concerned */
	COUNTER_WATCH_DROPPED = 31,	 /* exchanges that were to be shown and found the ring full */
	COUNTER_WATCH_PATH_UNKNOWN = 32, /* exchanges shown with their route, because their path was not kept */
	/* of encrypted connections */
	COUNTER_TLS_CONNECTIONS = 33, /* recognised as TLS */
	COUNTER_TLS_UNREAD = 34,      /* of these, ended without that their plaintext was ever found */
	COUNTER_TLS_FULL = 35,	      /* calls and connections that found a table of tls_maps.h full */
	COUNTERS = 40,
};

/*
 * Where functions of TLS libraries are hooked: each has a program in tls.bpf.c, and a cookie for the one that stands for all
 * (tls_any).
 */
enum tls_hook {
	TLS_HOOK_READ = 1,
	TLS_HOOK_READ_EX = 2,
	TLS_HOOK_READ_EARLY = 3,
	TLS_HOOK_WRITE = 4,
	TLS_HOOK_WRITE_EX = 5,
	TLS_HOOK_WRITE_EX2 = 6,
	TLS_HOOK_SENDFILE = 7,
	TLS_HOOK_UNCORK = 8,
	TLS_HOOK_HANDSHAKE = 9,
	TLS_HOOK_FREE = 10,
	TLS_HOOK_GO_READ = 11,
	TLS_HOOK_GO_WRITE = 12,
	TLS_HOOK_GO_FLUSH = 13,
	TLS_HOOK_GO_FLUSHED = 14,
	TLS_HOOK_GO_CLOSE = 15,
	TLS_HOOK_END = 16, /* returns of those that begin a call */
};

/* A process that may do TLS soon, or will: it has executed a program, or made its first socket. */
struct process_event {
	__u32 pid;
	__u8 has_executed;
	__u8 _pad[3];
};
_Static_assert(sizeof(struct process_event) == 8, "struct process_event");

/* Who made a socket: the key under which its service is found. */
struct owner {
	__u64 cgroup_id;	     /* cgroup v2 id (inode number) of the socket; 0 = unknown */
	__u32 pid;		     /* thread group that made the first socket of this owner; 0 = unknown */
	__u32 endpoints;	     /* registered for it */
	__u8 comm[LIMIT_COMM_BYTES]; /* name of the thread that made it, as the kernel shows it; zeros = unknown */
};
_Static_assert(sizeof(struct owner) == 32, "struct owner");

/* What an endpoint is: the labels that all its cells share. Written once, before any cell refers to it. */
struct endpoint {
	__u32 owner; /* slot in owners */
	__u16 port;  /* the server's port: local for ROLE_SERVER, remote for ROLE_CLIENT */
	__u16 route_bytes;
	__u8 peer[LIMIT_ADDRESS_BYTES]; /* ROLE_CLIENT: the server's address, network order; else zeros */
	__u8 role;
	__u8 method;
	__u8 protocol;
	__u8 tls;
	__u8 is_other;	/* the "(other)" row of its owner, role and port: method and route say nothing */
	__u8 route_cut; /* the path was longer than route */
	__u8 _pad[2];
	__u8 route[LIMIT_ROUTE_BYTES]; /* template, raw bytes of the wire; longer ones are cut */
};
_Static_assert(sizeof(struct endpoint) == 160, "struct endpoint");

/* Counters of one endpoint, status and stripe. */
struct cell {
	__u64 count;
	__u64 sum_ns;
	__u32 endpoint; /* slot in endpoints */
	__u16 status;	/* 100-599 as on the wire; 0 unless OUTCOME_RESPONSE */
	__u8 outcome;
	__u8 stripe;
	__u32 below; /* at or below 2^-20 s */
	__u32 above; /* above 2^12 s */
	__u32 buckets[HISTOGRAM_BUCKETS];
	__u8 _pad[32]; /* to whole cache lines */
};
_Static_assert(sizeof(struct cell) == 1088, "struct cell");
_Static_assert(sizeof(struct cell) % 64 == 0, "cells share no cache line");

/* Who talks to whom: the key of what is counted per connection instead of per exchange. */
struct peer_key {
	__u32 owner;
	__u16 port; /* the server's, as in struct endpoint */
	__u8 role;
	__u8 _pad;
	__u8 peer[LIMIT_ADDRESS_BYTES]; /* ROLE_CLIENT: the server's address; else zeros */
};
_Static_assert(sizeof(struct peer_key) == 24, "struct peer_key");

/* Connections between an owner and a peer: how they began, how they failed, how the path is. */
struct peer_stats {
	__u64 established_count;
	__u64 connect_sum_ns; /* clients: SYN to established, of established_count connections */
	__u64 refused_count;
	__u64 timeout_count; /* no answer: the kernel or the caller gave up */
	__u64 unreachable_count;
	__u64 reset_count;
	__u64 ended_count;	 /* established connections whose end was seen */
	__u64 retransmits_count; /* segments sent again, SYNs included */
	__u64 rtt_sum_ns;	 /* smoothed round-trip times: one when established, one at the end */
	__u64 rtt_count;
};
_Static_assert(sizeof(struct peer_stats) == 80, "struct peer_stats");

/* The first byte of everything in the ring. Readers pass over kinds that they do not know. */
enum event_kind {
	EVENT_KIND_EXCHANGE = 1, /* struct exchange_event */
};

enum event_flag {
	EVENT_FLAG_PATH_CUT = 1,     /* the target was longer than path */
	EVENT_FLAG_PATH_UNKNOWN = 2, /* the target was not kept: path_bytes is 0 */
};

/* An exchange that ended, for whoever watches: watch.h. The other labels are those of its endpoint. */
struct exchange_event {
	__u8 kind;
	__u8 outcome;
	__u8 role;
	__u8 method;
	__u16 status; /* as in struct cell */
	__u16 port;   /* as in struct endpoint */
	__u32 endpoint;
	__u32 owner;
	__u64 ended_ns; /* CLOCK_MONOTONIC, when its response began or there was to be none */
	__u64 latency_ns;
	__u16 path_bytes;
	__u8 flags; /* enum event_flag */
	__u8 _pad[5];
	__u8 peer[LIMIT_ADDRESS_BYTES]; /* as in struct endpoint */
	__u8 path[LIMIT_PATH_BYTES];	/* the target as on the wire; bytes behind path_bytes say nothing */
};
_Static_assert(sizeof(struct exchange_event) == 296, "struct exchange_event");

#endif
