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

#endif
