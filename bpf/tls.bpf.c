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

/* int SSL_read(SSL *, void *, int), ssize_t gnutls_record_recv(gnutls_session_t, void *, size_t): where data will be put. */
SEC("uprobe")
int tls_read(struct pt_regs *ctx)
{
	begin_call(PT_REGS_SP(ctx), false, PT_REGS_PARM1(ctx), PT_REGS_PARM2(ctx), RESULT_COUNT, 0);
	return 0;
}

/* int SSL_read_ex(SSL *, void *, size_t, size_t *): the count is put where the fourth argument says. */
SEC("uprobe")
int tls_read_ex(struct pt_regs *ctx)
{
	begin_call(PT_REGS_SP(ctx), false, PT_REGS_PARM1(ctx), PT_REGS_PARM2(ctx), RESULT_ONE, PT_REGS_PARM4(ctx));
	return 0;
}

/* int SSL_read_early_data(SSL *, void *, size_t, size_t *): 0 is an error, 1 more to come, 2 the end. */
SEC("uprobe")
int tls_read_early(struct pt_regs *ctx)
{
	begin_call(PT_REGS_SP(ctx), false, PT_REGS_PARM1(ctx), PT_REGS_PARM2(ctx), RESULT_POSITIVE, PT_REGS_PARM4(ctx));
	return 0;
}

/* int SSL_write(SSL *, const void *, int), ssize_t gnutls_record_send(gnutls_session_t, const void *, size_t). */
SEC("uprobe")
int tls_write(struct pt_regs *ctx)
{
	begin_call(PT_REGS_SP(ctx), true, PT_REGS_PARM1(ctx), PT_REGS_PARM2(ctx), RESULT_COUNT, 0);
	return 0;
}

/* int SSL_write_ex(SSL *, const void *, size_t, size_t *), SSL_write_early_data. */
SEC("uprobe")
int tls_write_ex(struct pt_regs *ctx)
{
	begin_call(PT_REGS_SP(ctx), true, PT_REGS_PARM1(ctx), PT_REGS_PARM2(ctx), RESULT_ONE, PT_REGS_PARM4(ctx));
	return 0;
}

/* int SSL_write_ex2(SSL *, const void *, size_t, uint64_t flags, size_t *): OpenSSL 3.3 on. */
SEC("uprobe")
int tls_write_ex2(struct pt_regs *ctx)
{
	begin_call(PT_REGS_SP(ctx), true, PT_REGS_PARM1(ctx), PT_REGS_PARM2(ctx), RESULT_ONE, PT_REGS_PARM5(ctx));
	return 0;
}

/* ossl_ssize_t SSL_sendfile(SSL *, int fd, off_t, size_t, int): from a file straight to the kernel (kTLS): bytes of a body. */
SEC("uprobe")
int tls_sendfile(struct pt_regs *ctx)
{
	begin_call(PT_REGS_SP(ctx), true, PT_REGS_PARM1(ctx), 0, RESULT_COUNT, 0);
	return 0;
}

/*
 * All of these return: how much was got, or taken; what was not will be offered again. The lower half says it for all: none
 * takes more than 2 GB at once. Of Go programs it is each of the return instructions: a return probe changes return
 * addresses, which Go's runtime does not survive.
 */
SEC("uretprobe")
int tls_end(struct pt_regs *ctx)
{
	finish_call(CALLER_STACK(ctx), GO_ROUTINE(ctx), PT_REGS_RC(ctx));
	return 0;
}

/* int SSL_do_handshake(SSL *), gnutls_handshake(gnutls_session_t): this thread will send the object's first records. */
SEC("uprobe")
int tls_handshake(struct pt_regs *ctx)
{
	note_object(PT_REGS_PARM1(ctx));
	return 0;
}

/* void SSL_free(SSL *), SSL_clear, gnutls_deinit: the address will be another connection's. */
SEC("uprobe")
int tls_free(struct pt_regs *ctx)
{
	note_freed(PT_REGS_PARM1(ctx));
	return 0;
}

/* func (c *tls.Conn) Read(b []byte) (int, error). */
SEC("uprobe")
int go_read(struct pt_regs *ctx)
{
	begin_call(GO_ROUTINE(ctx), false, GO_PARM1(ctx), GO_PARM2(ctx), RESULT_COUNT, 0);
	return 0;
}

/* func (c *tls.Conn) Write(b []byte) (int, error): takes all, or the connection is over. So its beginning suffices. */
SEC("uprobe")
int go_write(struct pt_regs *ctx)
{
	feed(GO_PARM1(ctx), GO_PARM2(ctx), GO_PARM3(ctx), bpf_ktime_get_ns(), true);
	return 0;
}

/* func (c *tls.Conn) flush() (int, error): sends what the handshake has written, in this thread. */
SEC("uprobe")
int go_flush(struct pt_regs *ctx)
{
	note_object(GO_PARM1(ctx));
	return 0;
}

/* func (c *tls.Conn) Close() error. The memory may be another connection's after that. */
SEC("uprobe")
int go_close(struct pt_regs *ctx)
{
	note_freed(GO_PARM1(ctx));
	return 0;
}
