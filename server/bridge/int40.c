/* SPDX-License-Identifier: MIT */
#include "server/bridge/int40.h"

#include "server/bridge/guest.h"
#include "server/bridge/sc_calls.h"

#include <inttypes.h>
#include <string.h>

static const unsigned char int40[CALL_INSN_SIZE] = {0xCD, 0x40};
static const unsigned char int80[CALL_INSN_SIZE] = {0xCD, 0x80};

/** Whether a call made at @site came through the gate. */
static bool take_site(struct guest *g, uint64_t site)
{
    if (site <= UINT32_MAX && sites_has(&g->sites, (uint32_t)site))
        return true;
    if (site != g->lent_site || site == 0)
        return false;
    g->lent_site = 0;
    (void)tracee_write(&g->tracee, site, int40, sizeof(int40));
    return true;
}

/** The guest entered the host's kernel at an address where no `int $0x40` was. */
static void fail_no_gate(struct guest *g, uint64_t site)
{
    if (site >= guest_user_limit(g)) /* the host's return address, not the site */
        guest_fail(g, FAIL_EXCEPTION, "sysenter is not a gate");
    else
        guest_fail(g, FAIL_EXCEPTION, "int $0x80 at 0x%" PRIx64 " is not a gate%s", site,
                   g->sites.count > 0 ? " (or a copy of code whose int $0x40 was patched when it "
                                        "first ran: scboxd --no-patch)"
                                      : "");
}

bool int40_admit(struct guest *g, uint64_t site)
{
    if (take_site(g, site))
        return true;
    fail_no_gate(g, site);
    return false;
}

/** Whether the guest has stopped at an `int $0x40`. */
static bool at_gate(const struct guest *g)
{
    unsigned char insn[CALL_INSN_SIZE];

    return tracee_read(&g->tracee, g->tracee.regs.rip, insn, sizeof(insn)) == 0 &&
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

/** Rewrite the gate's instruction and let the guest execute it again. */
static void rewrite(struct guest *g, uint32_t site)
{
    if (tracee_write(&g->tracee, site, int80, sizeof(int80)) < 0) {
        guest_fail(g, FAIL_EXCEPTION, "the host denied memory of the guest at 0x%" PRIx32, site);
        return;
    }
    if (!g->patching || sites_add(&g->sites, site) < 0)
        g->lent_site = site;
    guest_went_on(g, tracee_continue(&g->tracee));
}

bool int40_on_fault(struct guest *g)
{
    struct user_regs_struct *r = &g->tracee.regs;
    const uint32_t site = (uint32_t)r->rip;
    uint64_t args[ARCH_ARGS];

    if (!at_gate(g))
        return false;
    if (is_shared(g, site) || (g->bridge->filtered && !sc_calls_is_memory((int)r->rax))) {
        r->rip += CALL_INSN_SIZE;
        arch_get_args(g->tracee.arch, r, args);
        guest_take(g, VIA_STOP, (int)r->rax, args);
    } else {
        rewrite(g, site);
    }
    return true;
}
