/* SPDX-License-Identifier: MIT */
#include "server/bridge/sc_calls.h"

#include "server/bridge/filter.h"
#include "server/bridge/guest.h"
#include "server/kernel/machine.h"

#include <errno.h>
#include <inttypes.h>

bool sc_calls_is_memory(int nr)
{
    return nr == SC_MMAP || nr == SC_MMAP_FILE || nr == SC_MCHMAP || nr == SC_MUNMAP;
}

void sc_calls_filter(struct filter *f)
{
    for (size_t i = 0; i < sc_calls_count; i++) {
        if (!sc_calls_is_memory(sc_calls[i].nr))
            filter_notify(f, sc_calls[i].nr);
    }
}

static void on_call_done(struct call *call)
{
    struct guest *g = call->user;

    guest_finish(g, g->proc != NULL ? marshal_out(&g->marshal, call, &g->tracee) : 0);
}

/** A call that is refused here, because of a limit on what is copied. */
static void refuse(struct guest *g, int err)
{
    g->proc->task.last_errno = -err;
    guest_finish(g, g->abi->convention->failure(sc_call_by_nr(g->call.nr)->rc, err));
}

/** Arguments that can't be had end the guest. */
static void end_by_arguments(struct guest *g, const uint64_t args[ARCH_ARGS], int err)
{
    const char *name = sc_call_by_nr(g->call.nr)->name;

    call_done(&g->call);
    g->in_call = false;
    if (err == -EFAULT)
        guest_fail(g, FAIL_SC_SEGFAULT,
                   "bad pointer in %s(0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64
                   ", 0x%" PRIx64 ")",
                   name, args[0], args[1], args[2], args[3], args[4]);
    else
        guest_fail(g, FAIL_EXCEPTION, "the host denied memory of the guest during %s", name);
}

/** Carry out a call that exists. */
static void begin(struct guest *g, int nr, const uint64_t args[ARCH_ARGS])
{
    int err;

    g->in_call = true;
    call_init(&g->call, g->proc, g->abi->kernel, nr, on_call_done, g);
    err = marshal_in(&g->marshal, &g->call, &g->tracee, &g->sites, args);
    if (err == -EFAULT || err == -EIO) {
        end_by_arguments(g, args, err);
        return;
    }
    if (err < 0) {
        refuse(g, err);
        return;
    }
    if (call_begin(&g->call) != SC_PENDING)
        on_call_done(&g->call);
    else if (g->proc != NULL)
        machine_guest_busy(&g->proc->task, false);
}

/** A number that no call has. */
static void refuse_number(struct guest *g, int nr)
{
    int64_t result;

    if (g->abi->convention->no_call(nr, &result)) {
        guest_note(g, "Unimplemented syscall %d", nr);
        g->proc->task.last_errno = ENOSYS;
    }
    guest_send_answer(g, result);
}

void sc_calls_take(struct guest *g, int nr, const uint64_t args[ARCH_ARGS])
{
    if (sc_call_by_nr(nr) != NULL)
        begin(g, nr, args);
    else
        refuse_number(g, nr);
}
