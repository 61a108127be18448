/* SPDX-License-Identifier: MIT */
/*
 * Signals of guests: faults, traps, `int $0x40`, and what others send.
 *
 * `int $0x40` has no gate in the host's kernel, so it ends in a general protection fault, which
 * looks like all others: the bytes at the instruction decide. Its site is then rewritten to
 * `int $0x80`, which arrives as a notification, and remembered, because an `int $0x80` at any other
 * place is the guest's own and a fault; one that a program writes over a site that has been used can't
 * be told from ours, and counts as the gate that was there. In memory that is shared with a file nothing is rewritten,
 * for others would see it: there a call is carried out at its fault, each time.
 *
 * Under a seccomp filter of somebody else's (a container's) that does not do: what it refuses, by
 * number, our filter never sees, and to it our numbers are the host's: SC_READ is gtty(), which no
 * container allows. So there a call is carried out at its fault. Only the memory calls, which need
 * a real system call to put the host's in its place, are still rewritten, each time; their numbers
 * are those of unlink(), execve(), chdir() and time(), which containers allow.
 */
#include "server/bridge/cpu.h"
#include "server/bridge/fault_text.h"
#include "server/bridge/guest.h"
#include "server/kernel/machine.h"
#include "server/kernel/memory.h"

#include <inttypes.h>
#include <string.h>

enum {
    ICEBP = 0xF1,           /* one-byte instruction that traps */
    EFLAGS_TF = 0x100,      /* the processor traps after each instruction */
    CODE_SEGMENT_32 = 0x23, /* of 32-bit code, on Linux */
    CODE_SEGMENT_64 = 0x33,
};

static const unsigned char int40[CALL_INSN_SIZE] = {0xCD, 0x40};
static const unsigned char int80[CALL_INSN_SIZE] = {0xCD, 0x80};

bool guest_take_site(struct guest *g, uint64_t addr)
{
    if (addr <= UINT32_MAX && sites_has(&g->sites, (uint32_t)addr))
        return true;
    if (addr != g->lent_site || addr == 0)
        return false;
    g->lent_site = 0;
    (void)tracee_write(&g->tracee, addr, int40, sizeof(int40));
    return true;
}

/** Whether the guest runs code of its gate's kind. After a sysenter in 64-bit code it does not. */
static bool in_own_mode(const struct guest *g)
{
    return g->tracee.regs.cs ==
           (g->tracee.gate == SC_GATE_I386 ? CODE_SEGMENT_32 : CODE_SEGMENT_64);
}

/** Whether the guest stands at an `int $0x40`. */
static bool at_gate(const struct guest *g)
{
    const struct user_regs_struct *r = &g->tracee.regs;
    unsigned char insn[CALL_INSN_SIZE];

    return g->tracee.gate == SC_GATE_I386 &&
           tracee_read(&g->tracee, r->rip, insn, sizeof(insn)) == 0 &&
           memcmp(insn, int40, sizeof(insn)) == 0;
}

/** Whether an instruction lies in memory that is shared with a file, be it in part. */
static bool is_shared(const struct guest *g, uint64_t addr)
{
    for (uint64_t at = addr; at < addr + CALL_INSN_SIZE; at++) {
        const struct region *r = aspace_find(&g->proc->memory, at);

        if (r != NULL && r->kind == REGION_FILE)
            return true;
    }
    return false;
}

/** Carry the call out, or rewrite the gate's instruction and let the guest execute it again. */
static void open_gate(struct guest *g)
{
    const uint32_t site = (uint32_t)g->tracee.regs.rip;

    if (is_shared(g, site) ||
        (g->bridge->filtered && !filter_is_memory_call((int)g->tracee.regs.rax))) {
        guest_on_gate(g);
        return;
    }
    if (tracee_write(&g->tracee, site, int80, sizeof(int80)) < 0) {
        guest_fail(g, FAIL_EXCEPTION, "the host denied memory of the guest at 0x%" PRIx32, site);
        return;
    }
    if (!g->patching || sites_add(&g->sites, site) < 0)
        g->lent_site = site;
    (void)tracee_continue(&g->tracee);
}

/** An access that the page tables refused. An instruction above the user limit is told without its
 * address: behind a sysenter it is the host's, and another one in every run. */
static void fail_access(struct guest *g, uint64_t addr)
{
    char text[FAULT_TEXT_MAX];

    if (g->tracee.regs.rip >= guest_user_limit(g->tracee.gate)) {
        guest_fail(g, FAIL_EXCEPTION, "a jump above the user limit, or sysenter");
        return;
    }
    fault_text_access(g, addr, text);
    fault_text_callers(g, text);
    guest_fail(g, memory_fail_code(addr, guest_user_limit(g->tracee.gate)), "%s", text);
}

static void on_segv(struct guest *g, const siginfo_t *info)
{
    char text[FAULT_TEXT_MAX];

    if (info->si_code != SI_KERNEL)
        fail_access(g, (uint64_t)(uintptr_t)info->si_addr);
    else if (at_gate(g))
        open_gate(g);
    else if (g->proc->machine->spec.lockstep &&
             cpu_emulate(&g->tracee, g->proc->machine, &g->tsc_readings))
        guest_went_on(g, tracee_resume(&g->tracee));
    else {
        fault_text_protection(g, text);
        fault_text_callers(g, text);
        guest_fail(g, FAIL_EXCEPTION, "%s", text);
    }
}

/** int3, icebp or a single step: told, and survived. Some hypervisors report icebp before it and
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
        (void)tracee_continue(&g->tracee);
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
