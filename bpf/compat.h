/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * compat.h: one source, two objects. The second one (-DHTTPEEK_COMPAT, httpeek-compat.bpf.o) is for kernels before 5.13,
 * which lack two things. What differs between the objects is here and in compat_workspace.h.
 *
 * - Pointers as arguments of global functions: Linux 5.13 (e5069b9c23b3). In the compat object a global function gets the
 *   number of a workspace and finds its pointers there again (the macros below); what has other pointers is VERIFIED_ONCE
 *   in the main object only, and verified at each of its calls here.
 * - Atomic operations that return the old value: Linux 5.12 (5ca419f2864a).
 */
#ifndef HTTPEEK_COMPAT_H
#define HTTPEEK_COMPAT_H

#include "source.h"

#define LIST(...) __VA_ARGS__

#ifndef HTTPEEK_COMPAT

enum {
	BUSY_SPINS = 128, /* a packet of the same direction is in a parser on another CPU: some 10 us are waited */
};

/* A function of numbers only, which the compat object verifies once. */
#define NUMBER_FUNCTION static __always_inline

/*
 * VERIFIED_ONCE in both objects, with the arguments (struct window *w, params...): the window of a workspace.
 *
 *	WINDOW_FUNCTION(int, find_newline, (u32 from_to), (from_to))
 *	{
 *		... w, from_to ...
 *	}
 */
#define WINDOW_FUNCTION(type, name, params, args) VERIFIED_ONCE type name(struct window *w, LIST params)

/* The same with a result that lies in the workspace as well. */
#define WINDOW_FUNCTION_TO(type, name, params, args, result_type, result)                                              \
	VERIFIED_ONCE type name(struct window *w, LIST params, result_type *result)

/* The same with the arguments (source *src, struct connection *c, struct workspace *ws). */
#define SEGMENT_FUNCTION(name) VERIFIED_ONCE int name(source *src, struct connection *c, struct workspace *ws)

#else

enum {
	BUSY_SPINS = 16, /* each costs the verifier of 5.10 thousands of instructions */
};

#define NUMBER_FUNCTION __noinline __weak

struct connection;
struct window;
struct workspace;
static struct workspace *workspace_at(u32 slot);
static struct window *window_in(struct workspace *ws);
static struct workspace *workspace_of(struct window *w);
static u32 slot_of(struct workspace *ws);
static struct connection *connection_of(source *src, struct workspace *ws);

#define WINDOW_FUNCTION(type, name, params, args)                                                                      \
	static __always_inline type name##_body(struct window *w, LIST params);                                        \
	__noinline __weak type name##_at(u32 workspace, LIST params)                                                   \
	{                                                                                                              \
		struct workspace *ws = workspace_at(workspace);                                                        \
		return ws ? name##_body(window_in(ws), LIST args) : 0;                                                 \
	}                                                                                                              \
	static __always_inline type name(struct window *w, LIST params)                                                \
	{                                                                                                              \
		return name##_at(slot_of(workspace_of(w)), LIST args);                                                 \
	}                                                                                                              \
	static __always_inline type name##_body(struct window *w, LIST params)

#define WINDOW_FUNCTION_TO(type, name, params, args, result_type, result)                                              \
	static __always_inline type name##_body(struct window *w, LIST params, result_type *result);                   \
	static result_type *name##_result(struct workspace *ws);                                                       \
	__noinline __weak type name##_at(u32 workspace, LIST params)                                                   \
	{                                                                                                              \
		struct workspace *ws = workspace_at(workspace);                                                        \
		return ws ? name##_body(window_in(ws), LIST args, name##_result(ws)) : 0;                              \
	}                                                                                                              \
	static __always_inline type name(struct window *w, LIST params, result_type *result)                           \
	{                                                                                                              \
		return name##_at(slot_of(workspace_of(w)), LIST args);                                                 \
	}                                                                                                              \
	static __always_inline type name##_body(struct window *w, LIST params, result_type *result)

#ifdef HTTPEEK_SOURCE_USER
/* The source is the segment of the workspace itself. */
static source *source_in(source *src, struct workspace *ws);
#define SOURCE_PARAM
#define SOURCE_ARG(src)
#define SOURCE_OF(ws) source_in(0, ws)
#else
#define SOURCE_PARAM source *src,
#define SOURCE_ARG(src) src,
#define SOURCE_OF(ws) src
#endif

#define SEGMENT_FUNCTION(name)                                                                                         \
	static __always_inline int name##_body(source *src, struct connection *c, struct workspace *ws);               \
	__noinline __weak int name##_at(SOURCE_PARAM u32 workspace)                                                    \
	{                                                                                                              \
		struct workspace *ws = workspace_at(workspace);                                                        \
		struct connection *c;                                                                                  \
		if (!ws)                                                                                               \
			return 0;                                                                                      \
		c = connection_of(SOURCE_OF(ws), ws);                                                                  \
		return c ? name##_body(SOURCE_OF(ws), c, ws) : 0;                                                      \
	}                                                                                                              \
	static __always_inline int name(source *src, struct connection *c, struct workspace *ws)                       \
	{                                                                                                              \
		return name##_at(SOURCE_ARG(src) slot_of(ws));                                                         \
	}                                                                                                              \
	static __always_inline int name##_body(source *src, struct connection *c, struct workspace *ws)

#endif

#ifdef __bpf__
#ifndef HTTPEEK_COMPAT
/*
 * A lock that is only ever tried. Releasing is a plain store on x86-64, whose stores are ordered; elsewhere the exchange
 * orders it.
 */
static __always_inline bool try_lock(u32 *lock)
{
	return !__sync_lock_test_and_set(lock, 1);
}

static __always_inline void unlock(u32 *lock)
{
#ifdef __TARGET_ARCH_x86
	*(volatile u32 *)lock = 0;
#else
	__sync_lock_test_and_set(lock, 0);
#endif
}
#else
/*
 * Without an exchange: adds, then looks. Of two that try at once both may fail; never do both succeed. Below 0 is what a
 * holder leaves whose stream was begun anew meanwhile.
 */
static __always_inline bool try_lock(u32 *lock)
{
	s32 holders = *(volatile s32 *)lock;

	if (holders > 0)
		return false;
	if (holders < 0)
		*(volatile u32 *)lock = 0;
	__sync_fetch_and_add(lock, 1);
	if (*(volatile u32 *)lock == 1)
		return true;
	__sync_fetch_and_add(lock, -1);
	return false;
}

static __always_inline void unlock(u32 *lock)
{
	__sync_fetch_and_add(lock, -1);
}
#endif
#endif
#endif
