/* SPDX-License-Identifier: MIT */
#include "server/bridge/trampoline.h"

#include "server/bridge/stub.h"

#include <errno.h>
#include <sys/mman.h>

/* The last page of user memory, which the host never gives to anything that matters here. */
#define TRAMPOLINE_X86_64 UINT64_C(0x7FFFFFFFE000)
#define TRAMPOLINE_I386 UINT64_C(0xFFFFD000)

uint64_t trampoline_addr(enum sc_gate gate)
{
    return gate == SC_GATE_I386 ? TRAMPOLINE_I386 : TRAMPOLINE_X86_64;
}

int trampoline_map(struct tracee *t)
{
    const uint64_t page = trampoline_addr(t->gate);
    const uint64_t flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    const uint64_t args[6] = {page, SC_PAGE_SIZE, PROT_READ | PROT_EXEC, flags, (uint64_t)-1, 0};
    int err = tracee_inject(t, HOST_MMAP, args);

    if (err == 0 && tracee_write(t, page, stub_call_insn(t->gate), CALL_INSN_SIZE) < 0)
        err = -ESRCH; /* being killed: its memory went first */
    if (err == 0)
        t->gate_at = page;
    return err == 0 || err == -ESRCH || err == -EIO ? err : -ENOMEM;
}

int trampoline_unmap(struct tracee *t)
{
    const uint64_t args[6] = {trampoline_addr(t->gate), SC_PAGE_SIZE};
    int err = tracee_inject(t, HOST_MUNMAP, args);

    t->gate_at = 0;
    return err == 0 || err == -ESRCH ? err : -EIO;
}
