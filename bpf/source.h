/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * source.h: where the bytes of a stream come from. One parser serves two sources, in two objects:
 *
 * - packets (source_skb.h): a `source` is the packet, what is kept of a connection lies in its socket's storage;
 * - the memory of a process (source_user.h, -DHTTPEEK_SOURCE_USER): a `source` is the segment, which says what process and
 *   TLS connection it is from, and what is kept of the connection lies in tables by that key (tls_maps.h).
 */
#ifndef HTTPEEK_SOURCE_H
#define HTTPEEK_SOURCE_H

#ifdef HTTPEEK_SOURCE_USER
struct segment;
typedef struct segment source;
/* Global functions have to look whether what they are given is there; a program's context always is. */
#define source_missing(src) (!(src))
#else
typedef struct __sk_buff source;
#define source_missing(src) false
#endif

#endif
