/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* workspace.h: the memory that one program run parses in. */
#ifndef HTTPEEK_WORKSPACE_H
#define HTTPEEK_WORKSPACE_H

#include "connection.h"
#include "header_lines.h"
#include "route.h"
#include "start_line.h"

/* The payload of one packet, or the data of one call, and where it stands in its stream. */
struct segment {
	u64 pos;    /* stream position of the first byte */
	u32 seq;    /* its TCP sequence number */
	u32 ack;    /* what the sender has received of the other direction */
	u32 offset; /* of the payload in the skb */
	u32 bytes;
	u8 is_request;
	u8 is_egress;
	u8 is_reset;	 /* a RST without payload */
	u8 is_early;	 /* its connection waits for a socket: early.h */
	u16 remote_port; /* source port of the packet, host order */
	u8 is_syn;	 /* TCP Fast Open: data that comes with a SYN */
	u8 _pad2;
#ifdef HTTPEEK_SOURCE_USER
	struct tls_key key;
	u64 address; /* of the data, in the process */
	u64 ns;
#endif
};

/* What the request line says of an endpoint. */
struct route_key {
	u64 hash;	/* of everything that tells endpoints apart */
	u32 path_bytes; /* length of the path, as far as it counts */
	u16 from;	/* where it is in the window */
	u8 method;
	u8 protocol;
	u8 form; /* enum target_form */
	u8 cut;
	u8 _pad[6];
	struct route_writer writer; /* zeroes */
};

/* A head that was read whole, of one direction, and what was read in it: see recall.h. */
struct known_head {
	u32 bytes;     /* 0 = there is none */
	u16 what;      /* of its message, as in struct stream */
	u8 method;     /* of a request */
	u8 strangers;  /* in a row: heads that were not wholly this one */
	u64 base_hash; /* of a request's connection, without which it says nothing of the endpoint */
	u64 length;    /* as in struct head_lines */
	u32 framing;
	u16 lines;	 /* where the header lines begin */
	u16 plain_bytes; /* of these, before the first that says something of the body */
	struct window window;
};

struct workspace {
	u32 busy; /* a program run is in here */
	u32 slot; /* in workspaces; written by whoever takes it */
	struct segment segment;
	u32 at;	   /* the window's first new byte in the segment */
	u32 bytes; /* new ones */
	u32 total; /* of the window, with what was carried */
	struct request_line line;
	struct head_lines head;
	struct route_key key;
	u64 entry;   /* a request without a response: pop_pipelined() */
	u16 lines;   /* if the window has a start line: where header lines begin */
	u8 is_whole; /* the window begins with the first byte of a head */
	u8 recalled; /* enum recalled: what of it is known */
	u8 _pad[4];
	struct window window;
#ifndef HTTPEEK_COMPAT
	struct known_head known[2]; /* of responses and of requests */
#endif
} __attribute__((aligned(64)));

#endif
