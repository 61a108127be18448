/* SPDX-License-Identifier: MIT */
/*
 * The seccomp filter of a guest.
 *
 * It never answers ALLOW, so nothing a guest does by itself reaches the host's kernel:
 *
 *     another architecture's call (int $0x80 in 64-bit code, a far jump)  KILL_PROCESS: its numbers
 *         mean something else, so nothing that we put in its place would be what we mean
 *     a number that the ABI of the guest names                            USER_NOTIF: a call
 *     the host's sched_yield                                             USER_NOTIF: share.c needs
 *         a call that is notified whatever filter a container has; else refused by us
 *     MMAP, MMAP_FILE, MCHMAP, MUNMAP                                     TRACE: a call too, in a
 *         ptrace stop, where the bridge can put a real mmap, munmap or mprotect in its place
 *     anything else                                                       TRACE: refused by us
 *
 * The host's kernel keeps two x86_64 numbers for the code that its own uprobes put into processes,
 * and asks no filter about them: 335, uretprobe (Linux 6.14), and 336, uprobe (6.18). Outside of
 * such code the first is SIGILL and the second answers ENXIO; neither does anything else.
 *
 * When the bridge has rewritten a call in a TRACE stop, the kernel asks the filter once more, and
 * takes TRACE for "let it run". So the host numbers that tracee.c injects must not be calls that
 * are notified.
 */
#include "server/bridge/tracee/filter.h"

#include <linux/seccomp.h>
#include <stddef.h>

static void emit(struct filter *f, struct sock_filter ins)
{
    f->code[f->len++] = ins;
}

static void emit_load(struct filter *f, size_t offset)
{
    emit(f, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

/** Answer @action if the loaded word is @value. */
static void emit_case(struct filter *f, uint32_t value, uint32_t action)
{
    emit(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
    emit(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

void filter_notify(struct filter *f, int nr)
{
    emit_case(f, (uint32_t)nr, SECCOMP_RET_USER_NOTIF);
}

void filter_build(const struct arch *arch, void (*add)(struct filter *), struct filter *out)
{
    out->len = 0;
    emit_load(out, offsetof(struct seccomp_data, arch));
    emit(out, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch->audit, 1, 0));
    emit(out, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
    emit_load(out, offsetof(struct seccomp_data, nr));
    add(out);
    filter_notify(out, arch->host_nr[HOST_SCHED_YIELD]);
    emit(out, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | FILTER_TRACED));
}
