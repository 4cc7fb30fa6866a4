/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * config.h: the variables that user space writes before loading, and the counters that it reads. They are defined before
 * any function, so that they have the same places in every object (src/wire/object.ts): programs include this file first.
 */
#ifndef HTTPEEK_CONFIG_H
#define HTTPEEK_CONFIG_H

#include "base.h"
#include "wire.h"

/*
 * enum counter. Added to on paths that are rare by nature; read by user space through a mapping of .bss. With an
 * initializer, because clang puts definitions without one behind everything else.
 */
__weak u64 counters[COUNTERS] = {};

/* Configuration, written by user space before loading. */
__weak const volatile u64 cfg_hash_seed = 0x2545f4914f6cdd1dull; /* secret start of every hash */
__weak const volatile u64 cfg_min_latency_ns = 0;		 /* exchanges faster than this are not counted */
__weak const volatile u32 cfg_stripe_mask = 0;			 /* stripes - 1, a power of two minus 1 */
__weak const volatile u32 cfg_endpoints = 4096;			 /* entries of endpoints: stride of starts */
__weak const volatile u32 cfg_hint_mask = 4095;			 /* entries of endpoint_hints - 1 */
__weak const volatile u32 cfg_owner_endpoints = 0xffffffff;	 /* endpoints one owner may register */
__weak const volatile bool cfg_scope_pids = false;		 /* only sockets of scope_pids */
__weak const volatile bool cfg_tls = false; /* encrypted connections are read where it is known how */
/* Programs of packets may ask for the current process, as 6.1 refuses and 6.12 allows; the verifier does not see dead code. */
__weak const volatile bool cfg_packet_process = false;

/*
 * Which exchanges are sent to a watcher one by one: those of a role, method, port and status in the sets, at least so
 * slow, or slow enough to be shown whatever their status; of these a random share. Read only if cfg_watch is true:
 * otherwise the verifier takes the code of watch.h out of the programs.
 */
enum {
	WATCH_STATUS_WORDS = 16, /* a bit for each status of three digits, and for 0: no response */
	WATCH_PORT_WORDS = 1024,
};
__weak const volatile bool cfg_watch = false;
__weak const volatile bool cfg_watch_query = false;	/* with the query of the target */
__weak const volatile bool cfg_watch_all_ports = true;	/* cfg_watch_ports says nothing */
__weak const volatile u8 cfg_watch_roles = 0xff;	/* bits: enum role */
__weak const volatile u16 cfg_watch_methods = 0xffff;	/* bits: enum method */
__weak const volatile u32 cfg_watch_share = 0xffffffff; /* of 2^32; the largest means all */
__weak const volatile u64 cfg_watch_min_ns = 0;
__weak const volatile u64 cfg_watch_slow_ns = ~0ull;			   /* these are shown whatever their status */
__weak const volatile u64 cfg_watch_statuses[2 * WATCH_STATUS_WORDS] = {}; /* bits; of servers, then of clients */
__weak const volatile u64 cfg_watch_ports[WATCH_PORT_WORDS] = {};	   /* bits */

#endif
