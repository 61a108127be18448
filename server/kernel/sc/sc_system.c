/* SPDX-License-Identifier: MIT */
/* The calls about the machine itself: debug log, clock, turns, last error. */
#include "server/kernel/call/call.h"
#include "server/kernel/clock.h"
#include "server/kernel/machine.h"
#include "server/kernel/sc/transfer.h"

#include <errno.h>

int sc_dbg_print(struct call *call, const struct sc_dbg_print_args *args,
                 struct sc_dbg_print_out *out)
{
    struct machine *m = call->machine;
    struct sc_str next;
    bool more;
    int err;

    (void)out;
    if ((m->watch.kinds & EVENT_LOG) == 0)
        return 0;
    err = transfer_wait(call, NULL);
    if (err == 0)
        err = transfer_next(call, &args->msg, &next);
    if (err != 0)
        return err == -EAGAIN || err == -EIO ? -ENOMEM : err;
    more = transfer_has_more(call, NULL, args->msg.len, next.len, next.len);
    call->moved += next.len;
    event_emit(m,
               &(struct event){
                   .kind = EVENT_LOG, .pid = call->proc->pid, .bytes = next.ptr, .len = next.len});
    if (!more)
        return 0;
    transfer_enter_line(call, NULL);
    return call_park_again(call, m->watch.stalls > 0 ? &m->watch.stalled : &m->ready.calls);
}

int sc_yield(struct call *call, const struct sc_yield_args *args, struct sc_yield_out *out)
{
    (void)args;
    (void)out;
    clock_note_yield(call);
    return call_park(call, &call->machine->ready.calls);
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
    out->error = call->task->last_errno;
    return 0;
}
