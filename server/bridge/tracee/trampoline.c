/* SPDX-License-Identifier: MIT */
#include "server/bridge/tracee/trampoline.h"

#include "schema/calls.h"

#include <errno.h>
#include <sys/mman.h>

int trampoline_map(struct tracee *t)
{
    const uint64_t page = t->arch->trampoline;
    const uint64_t flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    const uint64_t args[6] = {page, SC_PAGE_SIZE, PROT_READ | PROT_EXEC, flags, (uint64_t)-1, 0};
    int err = tracee_inject(t, HOST_MMAP, args);

    if (err == 0 && tracee_write(t, page, t->arch->call_insn, CALL_INSN_SIZE) < 0)
        err = -ESRCH; /* being killed: its memory went first */
    if (err == 0)
        t->gate_at = page;
    return err == 0 || err == -ESRCH || err == -EIO ? err : -ENOMEM;
}

int trampoline_unmap(struct tracee *t)
{
    const uint64_t args[6] = {t->arch->trampoline, SC_PAGE_SIZE};
    int err = tracee_inject(t, HOST_MUNMAP, args);

    t->gate_at = 0;
    return err == 0 || err == -ESRCH ? err : -EIO;
}
