// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * tls.bpf.c: the table of uprobes, in an object of its own: it is loaded only where it may be, and where TLS is to be read.
 * Which function each is attached to, src/tls/libraries.ts says; several libraries share one where their calling
 * conventions are the same.
 *
 * Uprobes, because they are allowed on kernels in lockdown, and because a function's plaintext arguments are the one place
 * where neither keys nor a proxy are needed. They cost a trap each (1 to 2 us): reading and writing take two hits a call.
 */
#define HTTPEEK_SOURCE_USER
#include "registers.h"
#include "tls.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* What is to be done at a hook. `hook` is a constant, but for tls_any. */
static __always_inline int act(struct pt_regs *ctx, u64 hook)
{
	struct tls_write write;
	u64 stack = PT_REGS_SP(ctx), object = PT_REGS_PARM1(ctx), data = PT_REGS_PARM2(ctx);

	switch (hook) {
	case TLS_HOOK_READ:
		begin_call(stack, object, data, 0, RESULT_COUNT);
		break;
	case TLS_HOOK_READ_EX:
		begin_call(stack, object, data, PT_REGS_PARM4(ctx), RESULT_ONE);
		break;
	case TLS_HOOK_READ_EARLY:
		begin_call(stack, object, data, PT_REGS_PARM4(ctx), RESULT_POSITIVE);
		break;
	case TLS_HOOK_WRITE:
		begin_call(stack, object, data, 0, sending(RESULT_COUNT, (u32)PT_REGS_PARM3(ctx)));
		break;
	case TLS_HOOK_WRITE_EX:
		begin_call(stack, object, data, PT_REGS_PARM4(ctx), sending(RESULT_ONE, (u32)PT_REGS_PARM3(ctx)));
		break;
	case TLS_HOOK_WRITE_EX2:
		begin_call(stack, object, data, PT_REGS_PARM5(ctx), sending(RESULT_ONE, (u32)PT_REGS_PARM3(ctx)));
		break;
	case TLS_HOOK_SENDFILE:
		begin_call(stack, object, 0, 0, sending(RESULT_FILE, 0));
		break;
	case TLS_HOOK_UNCORK:
		begin_call(stack, object, 0, 0, sending(RESULT_NONE, 0));
		break;
	case TLS_HOOK_HANDSHAKE:
		begin_call(stack, object, 0, 0, RESULT_HANDSHAKE);
		break;
	case TLS_HOOK_FREE:
		note_freed(object);
		break;
	case TLS_HOOK_GO_READ:
		begin_call(GO_ROUTINE(ctx), GO_PARM1(ctx), GO_PARM2(ctx), 0, RESULT_GO);
		break;
	case TLS_HOOK_GO_WRITE:
		begin_write(GO_PARM1(ctx), GO_PARM2(ctx), GO_PARM3(ctx));
		feed(GO_PARM1(ctx), GO_PARM2(ctx), GO_PARM3(ctx), bpf_ktime_get_ns(), true);
		break;
	case TLS_HOOK_GO_FLUSH:
		begin_flush(GO_ROUTINE(ctx), GO_PARM1(ctx));
		break;
	case TLS_HOOK_GO_FLUSHED:
		object = flushed_object(GO_ROUTINE(ctx));
		if (end_flush(GO_ROUTINE(ctx)) && take_write(object, &write))
			feed(object, write.address, write.bytes, bpf_ktime_get_ns(), true);
		break;
	case TLS_HOOK_GO_CLOSE:
		note_freed(GO_PARM1(ctx));
		forget_write(GO_PARM1(ctx));
		break;
	case TLS_HOOK_END:
		finish_call(CALLER_STACK(ctx), GO_ROUTINE(ctx), PT_REGS_RC(ctx));
		break;
	}
	return 0;
}

/* A program for each, where each uprobe is attached by itself. */
#define HOOK(name, hook)                                                                                               \
	SEC("?uprobe")                                                                                                 \
	int name(struct pt_regs *ctx)                                                                                  \
	{                                                                                                              \
		return act(ctx, hook);                                                                                 \
	}

/* int SSL_read(SSL *, void *, int), ssize_t gnutls_record_recv(gnutls_session_t, void *, size_t): where data will be put. */
HOOK(tls_read, TLS_HOOK_READ)
/* int SSL_read_ex(SSL *, void *, size_t, size_t *): the count is put where the fourth argument says. */
HOOK(tls_read_ex, TLS_HOOK_READ_EX)
/* int SSL_read_early_data(SSL *, void *, size_t, size_t *): 0 is an error, 1 more to come, 2 the end. */
HOOK(tls_read_early, TLS_HOOK_READ_EARLY)
/* int SSL_write(SSL *, const void *, int), ssize_t gnutls_record_send(gnutls_session_t, const void *, size_t). */
HOOK(tls_write, TLS_HOOK_WRITE)
/* int SSL_write_ex(SSL *, const void *, size_t, size_t *), SSL_write_early_data. */
HOOK(tls_write_ex, TLS_HOOK_WRITE_EX)
/* int SSL_write_ex2(SSL *, const void *, size_t, uint64_t flags, size_t *): OpenSSL 3.3 on. */
HOOK(tls_write_ex2, TLS_HOOK_WRITE_EX2)
/* ossl_ssize_t SSL_sendfile(SSL *, int fd, off_t, size_t, int): from a file straight to the kernel (kTLS): bytes of a body. */
HOOK(tls_sendfile, TLS_HOOK_SENDFILE)
/* int gnutls_record_uncork(gnutls_session_t, unsigned): sends what was handed over, and counted, before. */
HOOK(tls_uncork, TLS_HOOK_UNCORK)
/* int SSL_do_handshake(SSL *), gnutls_handshake(gnutls_session_t): the object's first records are sent, or come. */
HOOK(tls_handshake, TLS_HOOK_HANDSHAKE)
/* void SSL_free(SSL *), SSL_clear, gnutls_deinit: the address will be another connection's. */
HOOK(tls_free, TLS_HOOK_FREE)
/* func (c *tls.Conn) Read(b []byte) (int, error). */
HOOK(go_read, TLS_HOOK_GO_READ)
/* func (c *tls.Conn) Write(b []byte) (int, error): takes all, or the connection is over. So its beginning suffices. */
HOOK(go_write, TLS_HOOK_GO_WRITE)
/* func (c *tls.Conn) flush() (int, error): sends what the handshake has written, mostly in this thread. */
HOOK(go_flush, TLS_HOOK_GO_FLUSH)
/* It returns, at one of its return instructions: the handshake is sent, and what a Write that has begun it was given comes next. */
HOOK(go_flushed, TLS_HOOK_GO_FLUSHED)
/* func (c *tls.Conn) Close() error. The memory may be another connection's after that. */
HOOK(go_close, TLS_HOOK_GO_CLOSE)

/*
 * The calls return: how much was got, or taken; what was not will be offered again. The lower half says it for all: none
 * takes more than 2 GB at once. Of Go programs it is each of the return instructions: a return probe changes return
 * addresses, which Go's runtime does not survive.
 */
SEC("?uretprobe")
int tls_end(struct pt_regs *ctx)
{
	return act(ctx, TLS_HOOK_END);
}

/* Never filled. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} tls_nowhere MAP;

#ifndef HTTPEEK_COMPAT
/*
 * Programs that have a tail call get no private stack. Kernels from 6.13 on give one to all tracing programs, for each CPU,
 * as no such program runs twice on a CPU at once; but uprobes do: they can be preempted, and what they had on their stack
 * is then another thread's. Seen on 7.2: requests read from another call's memory, and calls whose end was not found.
 */
static __always_inline void refuse_private_stack(struct pt_regs *ctx)
{
	bpf_tail_call(ctx, &tls_nowhere, 0);
}
#else
static __always_inline void refuse_private_stack(struct pt_regs *ctx)
{
}
#endif

/* All of them, where one link has many uprobes, each with a cookie: enum tls_hook. One program is verified once. */
SEC("?uprobe")
int tls_any(struct pt_regs *ctx)
{
	u64 hook = bpf_get_attach_cookie(ctx);

	if (unlikely(hook > TLS_HOOK_END)) /* never */
		refuse_private_stack(ctx);
	return act(ctx, hook);
}

enum { SCOPE_LEVELS = 16 }; /* deeper cgroups are found by user space only */

/* Ids of the cgroups in scope, if programs that are executed there are to be told. Written by user space. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, u64);
	__type(value, u8);
} tls_scope MAP;

/* Whether the current process is in a cgroup in scope, or below one. 5.10 can only ask for the very one (compat.h). */
static __always_inline bool is_in_scope(void)
{
#ifdef HTTPEEK_COMPAT
	u64 id = bpf_get_current_cgroup_id();

	return bpf_map_lookup_elem(&tls_scope, &id);
#else
	u32 level;

	for (level = 0; level < SCOPE_LEVELS; level++) {
		u64 id = bpf_get_current_ancestor_cgroup_id(level);

		if (!id)
			break;
		if (bpf_map_lookup_elem(&tls_scope, &id))
			return true;
	}
	return false;
#endif
}

/*
 * A program was executed. Where processes are hooked one by one it has to be found before its first call; without this hook,
 * where it is refused, the next look finds it.
 */
SEC("?raw_tp/sched_process_exec")
int process_executed(void *ctx)
{
	if (is_in_scope())
		tell_process(bpf_get_current_pid_tgid() >> 32, true);
	return 0;
}
