/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * base.h: the short integer names, and the few lines of assembly that keep loops acceptable to the verifier.
 *
 * Headers that say "pure" (window.h, start_line.h, framing_line.h and so on) also compile for user
 * space, where tests and fuzzers drive them; there the assembly is nothing.
 */
#ifndef HTTPEEK_BASE_H
#define HTTPEEK_BASE_H

#include <stdbool.h>

#include <linux/types.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;

#ifdef __bpf__
#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* A value the compiler may not reason about: keeps it from folding a bound that the verifier has to see. */
#define opaque(value) asm volatile("" : "+r"(value))

/*
 * 1..max for every kernel's verifier; max is a power of two and the caller has seen to it that n is in there. Written as
 * assembly because clang folds the two-sided bound away (R4 invalid zero-sized read: u64=[0,7]).
 */
#define clamp_1_to(n, max) asm volatile("%0 += -1\n%0 &= %1\n%0 += 1" : "+r"(n) : "i"((max) - 1))

/* Drops the growing lower bound of a loop variable, so that the verifier's loop states converge. */
#define forget_bounds(value, mask) asm volatile("%0 &= %1" : "+r"(value) : "i"(mask))

/* What is written (or read) before comes before what is after it: as far as the compiler goes. */
#define keep_order() asm volatile("" : : : "memory")

/*
 * A member of something that is not on the stack, read anew. The verifier does not know what lies in such memory: a number that
 * went there and comes back may be any, so that states which differed in it become alike, and are looked at once.
 */
#define read_back(member) (*(volatile __typeof__(member) *)&(member))

/*
 * A function that the verifier looks at once, by itself, instead of at every place and in every state it is called
 * from: what keeps these programs far below the limit of a million instructions. Its pointer arguments may be anything
 * of their type, so each starts with a test for null. Arguments are few: a range of the window travels as one word.
 */
#ifdef HTTPEEK_COMPAT
#define VERIFIED_ONCE static __noinline __attribute__((unused))
#else
#define VERIFIED_ONCE __noinline __weak
#endif

/* What is rare and has pointers: kept out of the way of what is not, where that does not have it verified at each call. */
#ifdef HTTPEEK_COMPAT
#define OUT_OF_LINE static __always_inline
#else
#define OUT_OF_LINE VERIFIED_ONCE
#endif

/* Always 0, but the verifier cannot know: a loop variable that starts here is never tracked as a constant. */
static volatile u64 opaque_zero;
#else
#define __always_inline inline __attribute__((always_inline))
#define OUT_OF_LINE static __always_inline
#define __noinline __attribute__((noinline))
#define VERIFIED_ONCE static __noinline __attribute__((unused))
#define opaque(value) (void)(value)
#define clamp_1_to(n, max) (void)(n)
#define forget_bounds(value, mask) ((value) &= (mask))
#define keep_order() (void)0
#define read_back(member) (member)
static volatile u64 opaque_zero;
#endif

#include "compat.h"

#define likely(condition) __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

#endif
