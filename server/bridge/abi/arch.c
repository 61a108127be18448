/* SPDX-License-Identifier: MIT */
#include "server/bridge/abi/arch.h"

#include "schema/calls.h"

#include <linux/audit.h>
#include <string.h>

/* The trampolines are in the last page of user memory, which the host never gives to anything that
 * matters here. */

#define REG(name) offsetof(struct user_regs_struct, name)

const struct arch arch_i386 = {
    .is_64 = false,
    .audit = AUDIT_ARCH_I386,
    .code_segment = 0x23,
    .word = sizeof(uint32_t),
    .trampoline = UINT64_C(0xFFFFD000),
    .map_offset_unit = SC_PAGE_SIZE, /* mmap2() */
    .call_insn = {0xCD, 0x80},       /* int $0x80 */
    .host_nr = {[HOST_MMAP] = 192,
                [HOST_MUNMAP] = 91,
                [HOST_MPROTECT] = 125,
                [HOST_PRCTL] = 172,
                [HOST_ARCH_PRCTL] = 384,
                [HOST_CLOSE_RANGE] = 436,
                [HOST_SCHED_YIELD] = 158},
    .arg = {REG(rbx), REG(rcx), REG(rdx), REG(rsi), REG(rdi), REG(rbp)},
    .protection_fault = "general protection fault",
};

const struct arch arch_x86_64 = {
    .is_64 = true,
    .audit = AUDIT_ARCH_X86_64,
    .code_segment = 0x33,
    .word = sizeof(uint64_t),
    .trampoline = UINT64_C(0x7FFFFFFFE000),
    .map_offset_unit = 1,
    .call_insn = {0x0F, 0x05}, /* syscall */
    .host_nr = {[HOST_MMAP] = 9,
                [HOST_MUNMAP] = 11,
                [HOST_MPROTECT] = 10,
                [HOST_PRCTL] = 157,
                [HOST_ARCH_PRCTL] = 158,
                [HOST_CLOSE_RANGE] = 436,
                [HOST_SCHED_YIELD] = 24},
    .arg = {REG(rdi), REG(rsi), REG(rdx), REG(r10), REG(r8), REG(r9)},
    .protection_fault = "general protection fault (an address that is not canonical, or an operand "
                        "that is not aligned)",
};

void arch_get_args(const struct arch *arch, const struct user_regs_struct *r,
                   uint64_t out[ARCH_ARGS])
{
    for (size_t i = 0; i < ARCH_ARGS; i++)
        memcpy(&out[i], (const char *)r + arch->arg[i], sizeof(out[i]));
}

void arch_set_args(const struct arch *arch, struct user_regs_struct *r,
                   const uint64_t args[ARCH_ARGS])
{
    for (size_t i = 0; i < ARCH_ARGS; i++)
        memcpy((char *)r + arch->arg[i], &args[i], sizeof(args[i]));
}

int64_t arch_result(const struct arch *arch, const struct user_regs_struct *r)
{
    return arch->is_64 ? (int64_t)r->rax : (int32_t)r->rax;
}
