/* SPDX-License-Identifier: MIT */
/*
 * Signals of guests: faults, traps, gates that look like faults, and what others send.
 */
#include "server/bridge/fault_text.h"
#include "server/bridge/guest.h"
#include "server/bridge/tracee/cpu.h"
#include "server/kernel/machine.h"
#include "server/kernel/proc/memory.h"

#include <inttypes.h>
#include <string.h>

enum {
    ICEBP = 0xF1,      /* one-byte instruction that traps */
    EFLAGS_TF = 0x100, /* the processor traps after each instruction */
};

/** Whether the guest runs code of its architecture. After a sysenter in 64-bit code it does not. */
static bool in_own_mode(const struct guest *g)
{
    return g->tracee.regs.cs == g->tracee.arch->code_segment;
}

/** An access that the page tables refused. An instruction above the user limit is told without its
 * address: behind a sysenter it is the host's, and another one in every run. */
static void fail_access(struct guest *g, uint64_t addr)
{
    char text[FAULT_TEXT_MAX];

    if (g->tracee.regs.rip >= guest_user_limit(g)) {
        guest_fail(g, FAIL_EXCEPTION, "a jump above the user limit, or sysenter");
        return;
    }
    fault_text_access(g, addr, text);
    fault_text_callers(g, text);
    guest_fail(g, memory_fail_code(addr, guest_user_limit(g)), "%s", text);
}

static void on_segv(struct guest *g, const siginfo_t *info)
{
    char text[FAULT_TEXT_MAX];

    if (info->si_code != SI_KERNEL)
        fail_access(g, (uint64_t)(uintptr_t)info->si_addr);
    else if (g->abi->on_fault != NULL && g->abi->on_fault(g))
        return;
    else if (g->proc->machine->spec.lockstep &&
             cpu_emulate(&g->tracee, g->proc->machine, &g->tsc_readings))
        guest_went_on(g, tracee_resume(&g->tracee));
    else {
        fault_text_protection(g, text);
        fault_text_callers(g, text);
        guest_fail(g, FAIL_EXCEPTION, "%s", text);
    }
}

/** int3, icebp or a single step: a note, and the guest continues. Some hypervisors report icebp before it and
 * not behind it, so one that stands here is skipped. */
static void on_trap(struct guest *g)
{
    struct user_regs_struct *r = &g->tracee.regs;
    unsigned char insn = 0;

    (void)tracee_read(&g->tracee, r->rip, &insn, sizeof(insn));
    if (insn == ICEBP)
        r->rip++;
    r->eflags &= ~(unsigned long long)EFLAGS_TF;
    guest_note(g, "breakpoint trap before 0x%" PRIx64, (uint64_t)r->rip);
    guest_went_on(g, tracee_resume(&g->tracee));
}

void guest_on_signal(struct guest *g)
{
    char text[FAULT_TEXT_MAX];
    siginfo_t info;

    if (tracee_siginfo(&g->tracee, &info) < 0)
        return; /* being killed */
    if (tracee_is_sent(&info))
        guest_went_on(g, tracee_continue(&g->tracee));
    else if (!in_own_mode(g))
        guest_fail(g, FAIL_EXCEPTION, "it left its processor mode, by sysenter or a far jump");
    else if (g->tracee.signal == SIGSEGV)
        on_segv(g, &info);
    else if (g->tracee.signal == SIGTRAP)
        on_trap(g);
    else {
        fault_text_exception(g, info.si_code, text);
        fault_text_callers(g, text);
        guest_fail(g, FAIL_EXCEPTION, "%s", text);
    }
}
