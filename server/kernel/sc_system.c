/* SPDX-License-Identifier: MIT */
/* The calls about the machine itself: debug log, clock, turns, last error. */
#include "server/kernel/call.h"
#include "server/kernel/clock.h"
#include "server/kernel/machine.h"

#include <errno.h>

int sc_dbg_print(struct call *call, const struct sc_dbg_print_args *args,
                 struct sc_dbg_print_out *out)
{
    (void)out;
    event_emit(call->machine, &(struct event){.kind = EVENT_LOG,
                                              .pid = call->proc->pid,
                                              .bytes = args->msg.ptr,
                                              .len = call_cut(call, args->msg.len)});
    return 0;
}

int sc_yield(struct call *call, const struct sc_yield_args *args, struct sc_yield_out *out)
{
    (void)args;
    (void)out;
    clock_note_yield(call->proc);
    return call_park(call, &call->machine->ready);
}

int sc_usleep(struct call *call, const struct sc_usleep_args *args, struct sc_usleep_out *out)
{
    uint64_t usecs = (uint64_t)args->usecs;

    (void)out;
    if (args->usecs < 0)
        return call_why(call, -EINVAL, "usecs is negative");
    if (usecs == 0)
        return 0;
    return call_park_until(call, machine_after_ns(call->machine, usecs));
}

int sc_last_errno(struct call *call, const struct sc_last_errno_args *args,
                  struct sc_last_errno_out *out)
{
    (void)args;
    out->error = call->proc->last_errno;
    return 0;
}
