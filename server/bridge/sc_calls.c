/* SPDX-License-Identifier: MIT */
#include "server/bridge/sc_calls.h"

#include "server/bridge/fault_text.h"
#include "server/bridge/guest.h"
#include "server/bridge/tracee/filter.h"
#include "server/kernel/call/result.h"
#include "server/kernel/input.h"

#include <errno.h>

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

/** Note that the guest has tried an unknown call. @err  positive; 0: it gets no errno. */
static void note_no_call(struct guest *g, int err)
{
    struct input in = {.kind = INPUT_NO_CALL, .no_call = {g->proc->pid, err, &g->turn}};

    (void)machine_input(g->proc->machine, &in);
}

/** A call that is refused here, because of a limit on what is copied. */
static void refuse(struct guest *g, int err)
{
    note_no_call(g, -err);
    guest_finish(g, result_of_failure(g->call.abi, g->call.nr, err));
}

/** Arguments that can't be had end the guest. */
static void end_by_arguments(struct guest *g, const uint64_t args[ARCH_ARGS], int err)
{
    const char *name = sc_call_by_nr(g->call.nr)->name;
    char text[FAULT_TEXT_MAX];
    bool stopped;

    call_done(&g->call);
    g->in_call = false;
    if (err != -EFAULT) {
        guest_fail(g, FAIL_EXCEPTION, "the host denied memory of the guest during %s", name);
        return;
    }
    stopped = guest_stop_behind_call(g);
    fault_text_pointer(g, name, args, stopped, text);
    if (stopped)
        fault_text_callers(g, text);
    guest_fail(g, FAIL_SC_SEGFAULT, "%s", text);
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
    if (input_call(&g->call, &g->turn) != SC_PENDING)
        on_call_done(&g->call);
}

/** A number that no call has. */
static void refuse_number(struct guest *g, int nr)
{
    int64_t result;
    const bool is_error = g->abi->convention->no_call(nr, &result);

    if (is_error)
        guest_note(g, "Unimplemented syscall %d", nr);
    note_no_call(g, is_error ? ENOSYS : 0);
    guest_send_answer(g, result);
}

void sc_calls_take(struct guest *g, int nr, const uint64_t args[ARCH_ARGS])
{
    if (sc_call_by_nr(nr) != NULL)
        begin(g, nr, args);
    else
        refuse_number(g, nr);
}
