/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * registers.h: the registers of a process as a uprobe finds them, with the names that <bpf/bpf_tracing.h> uses. Written out,
 * because the objects for both processors are built on either, which has only its own <asm/ptrace.h>.
 */
#ifndef HTTPEEK_REGISTERS_H
#define HTTPEEK_REGISTERS_H

#include "base.h"

#ifdef __TARGET_ARCH_x86
/* arch/x86/include/uapi/asm/ptrace.h */
struct pt_regs {
	unsigned long r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi, orig_rax, rip, cs,
		eflags, rsp, ss;
};
_Static_assert(sizeof(struct pt_regs) == 168, "struct pt_regs");
#else
/* arch/arm64/include/uapi/asm/ptrace.h: struct user_pt_regs, with which the kernel's struct pt_regs begins */
struct user_pt_regs {
	u64 regs[31], sp, pc, pstate;
};
struct pt_regs {
	struct user_pt_regs user;
};
_Static_assert(sizeof(struct user_pt_regs) == 272, "struct user_pt_regs");
#endif

#include <bpf/bpf_tracing.h>

/* What a call finds as its stack pointer when it returns lies one word above what it found when it began, or not. */
#ifdef __TARGET_ARCH_x86
#define CALLER_STACK(ctx) (PT_REGS_SP(ctx) - sizeof(u64))
#else
#define CALLER_STACK(ctx) PT_REGS_SP(ctx)
#endif

/*
 * Go passes arguments in registers of its own (ABIInternal, Go 1.17 on): the receiver, then a slice's address, length and
 * capacity; results come back in the same ones. A goroutine's stack moves, so a call in progress is known by its goroutine.
 * https://go.dev/s/regabi
 */
#ifdef __TARGET_ARCH_x86
#define GO_PARM1(ctx) ((ctx)->rax)
#define GO_PARM2(ctx) ((ctx)->rbx)
#define GO_PARM3(ctx) ((ctx)->rcx)
#define GO_ROUTINE(ctx) ((ctx)->r14)
#else
#define GO_PARM1(ctx) ((ctx)->user.regs[0])
#define GO_PARM2(ctx) ((ctx)->user.regs[1])
#define GO_PARM3(ctx) ((ctx)->user.regs[2])
#define GO_ROUTINE(ctx) ((ctx)->user.regs[28])
#endif

#endif
