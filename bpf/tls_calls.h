/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * tls_calls.h: calls of TLS libraries in progress. What a call has got or taken is known when it returns: so its arguments
 * wait in between. They are found by the process and the stack pointer, which no two calls in progress share, whatever
 * threads and coroutines do; a call that never returns leaves its place to the next one with that stack.
 */
#ifndef HTTPEEK_TLS_CALLS_H
#define HTTPEEK_TLS_CALLS_H

#include "tls_work.h"

/* How a call says how much it has got or taken. */
enum tls_result {
	RESULT_COUNT,	 /* returns it; less than 1 is an error */
	RESULT_FILE,	 /* the same, and the data lies in no memory */
	RESULT_ONE,	 /* returns 1, and has put it where an argument said */
	RESULT_POSITIVE, /* the same with 1 or more: SSL_read_early_data */
	RESULT_NONE,	 /* nothing of its own: what it sends was handed over before (gnutls_record_uncork) */
	RESULT_HANDSHAKE,
	RESULT_GO,    /* as RESULT_COUNT; sends nothing, and may go on in another thread */
	RESULT_FLUSH, /* sends what the handshake has written, and may go on in another thread: tls_go.h */
};

/* A call in progress. */
struct tls_call {
	u64 object;
	u64 address;  /* of the data; 0: it lies in no memory */
	u64 count_at; /* where the count will be: a size_t */
	u64 ns;	      /* when it began */
	u8 is_egress;
	u8 result; /* enum tls_result */
	u8 _pad[2];
	u32 offered_bytes; /* to be sent, at `address` */
};

/* Who is in a call: the process, and its stack pointer or (Go) its goroutine. */
struct tls_caller {
	u64 stack;
	u32 tgid;
	u32 _pad;
};
_Static_assert(offsetof(struct tls_caller, tgid) == offsetof(struct tls_key, tgid), "user space sweeps by either");

/*
 * Calls in progress. Inserted when one begins, deleted when it returns, both by uprobes; user space deletes those of
 * processes that are gone. Full: COUNTER_TLS_FULL, and the call's data is missing in its stream, which loses its framing.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct tls_caller);
	__type(value, struct tls_call);
} tls_calls MAP;

static __always_inline struct tls_caller caller_at(u64 stack)
{
	struct tls_caller caller = { .stack = stack, .tgid = bpf_get_current_pid_tgid() >> 32 };

	return caller;
}

enum {
	CALL_EGRESS = 256,	 /* beside enum tls_result: the call sends, and */
	CALL_OFFERED_SHIFT = 32, /* so many bytes */
};

static __always_inline u64 sending(enum tls_result result, u64 bytes)
{
	return result | CALL_EGRESS | bytes << CALL_OFFERED_SHIFT;
}

/*
 * A call begins. `how`: enum tls_result, or sending(). `count_at` is of results that are put somewhere. With numbers alone,
 * every kernel verifies it once for all programs; and it takes no part of the stack that the parsers need.
 */
__noinline __weak int begin_call(u64 stack, u64 object, u64 address, u64 count_at, u64 how)
{
	bool is_egress = how & CALL_EGRESS;
	enum tls_result result = how & (CALL_EGRESS - 1);
	struct tls_call call = {
		.object = object,
		.address = address,
		.count_at = count_at,
		.is_egress = is_egress,
		.result = result,
		.offered_bytes = how >> CALL_OFFERED_SHIFT,
	};
	struct tls_caller caller = caller_at(stack);
	struct tls_key key = tls_key(object);
	struct tls_connection *t = result == RESULT_GO ? find_object(&key) : enter_object(&key);

	if (t && result == RESULT_NONE)
		t->is_uncorking = 1;
	if (t && is_egress && !address && result == RESULT_COUNT)
		call.address = t->retry_address;
	call.ns = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&tls_calls, &caller, &call, BPF_ANY))
		count(COUNTER_TLS_FULL);
	return 0;
}

/* The arguments of the call that returns; false if its beginning was not seen. */
static __always_inline bool end_call(u64 stack, struct tls_call *call)
{
	struct tls_caller caller = caller_at(stack);
	struct tls_call *found = bpf_map_lookup_elem(&tls_calls, &caller);

	if (!found)
		return false;
	*call = *found;
	bpf_map_delete_elem(&tls_calls, &caller);
	return true;
}

#endif
