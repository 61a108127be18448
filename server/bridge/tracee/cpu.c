/* SPDX-License-Identifier: MIT */
#include "server/bridge/tracee/cpu.h"

#include "server/kernel/machine.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

enum { ARCH_CPUID_REQUEST = 0x1012 }; /* ARCH_SET_CPUID of <asm/prctl.h>: with 0 cpuid traps */

enum { INSN_MAX = 3, HALF_BITS = 32 };

struct leaf {
    uint32_t eax, ebx, ecx, edx;
};

/* Bits of cpuid leaf 1, and of leaf 0x80000001. */
enum {
    EDX_FPU = 1 << 0,
    EDX_TSC = 1 << 4,
    EDX_CX8 = 1 << 8,
    EDX_CMOV = 1 << 15,
    EDX_MMX = 1 << 23,
    EDX_FXSR = 1 << 24,
    EDX_SSE = 1 << 25,
    EDX_SSE2 = 1 << 26,
    EXT_EDX_LONG_MODE = 1 << 29,
};

/** What cpuid answers: vendor "scbox x86-64", family 6. Other leaves are zero. */
static struct leaf cpuid_leaf(uint32_t number)
{
    switch (number) {
    case 0:
        return (struct leaf){1, 0x6F626373, 0x34362D36, 0x38782078}; /* ebx, edx, ecx spell it */
    case 1:
        return (struct leaf){0x600, 0, 0,
                             EDX_FPU | EDX_TSC | EDX_CX8 | EDX_CMOV | EDX_MMX | EDX_FXSR | EDX_SSE |
                                 EDX_SSE2};
    case 0x80000000:
        return (struct leaf){0x80000001, 0, 0, 0};
    case 0x80000001:
        return (struct leaf){0, 0, 0, EXT_EDX_LONG_MODE};
    default:
        return (struct leaf){0, 0, 0, 0};
    }
}

int cpu_hide(struct tracee *t)
{
    const uint64_t no_tsc[6] = {PR_SET_TSC, PR_TSC_SIGSEGV};
    const uint64_t no_cpuid[6] = {ARCH_CPUID_REQUEST, 0};
    int err = tracee_inject(t, HOST_PRCTL, no_tsc);

    if (err != -ESRCH && err != -EIO)
        err = tracee_inject(t, HOST_ARCH_PRCTL, no_cpuid);
    return err == -ESRCH || err == -EIO ? err : 0; /* else the host can't */
}

static void answer_cpuid(struct user_regs_struct *r)
{
    const struct leaf leaf = cpuid_leaf((uint32_t)r->rax);

    r->rax = leaf.eax;
    r->rbx = leaf.ebx;
    r->rcx = leaf.ecx;
    r->rdx = leaf.edx;
}

static void answer_tsc(struct user_regs_struct *r, uint64_t now)
{
    r->rax = (uint32_t)now;
    r->rdx = now >> HALF_BITS;
}

bool cpu_emulate(struct tracee *t, const struct machine *m, uint64_t *readings)
{
    static const unsigned char cpuid[] = {0x0F, 0xA2};
    static const unsigned char rdtsc[] = {0x0F, 0x31};
    static const unsigned char rdtscp[] = {0x0F, 0x01, 0xF9};
    struct user_regs_struct *r = &t->regs;
    unsigned char insn[INSN_MAX] = {0};

    if (tracee_read(t, r->rip, insn, sizeof(insn)) < 0)
        (void)tracee_read(t, r->rip, insn, sizeof(rdtsc)); /* the last two bytes of a page */
    if (memcmp(insn, cpuid, sizeof(cpuid)) == 0) {
        answer_cpuid(r);
        r->rip += sizeof(cpuid);
        return true;
    }
    if (memcmp(insn, rdtsc, sizeof(rdtsc)) != 0 && memcmp(insn, rdtscp, sizeof(rdtscp)) != 0)
        return false;
    answer_tsc(r, machine_now_ns(m) + (*readings)++ * CPU_TSC_STEP);
    if (insn[1] == rdtscp[1]) {
        r->rcx = 0;
        r->rip += sizeof(rdtscp);
    } else {
        r->rip += sizeof(rdtsc);
    }
    return true;
}
