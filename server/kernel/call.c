/* SPDX-License-Identifier: MIT */
#include "server/kernel/call.h"

#include "server/base/check.h"
#include "server/kernel/machine.h"
#include "server/kernel/wait.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef int (*call_handler_fn)(struct call *call);

#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS)                                 \
    static int begin_##low(struct call *call)                                                      \
    {                                                                                              \
        return sc_##low(call, &call->args.low, &call->out.low);                                    \
    }
#include "schema/syscalls.def"

static const call_handler_fn handlers[SC_MAX] = {
#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS) [nr] = begin_##low,
#include "schema/syscalls.def"
};

void call_init(struct call *call, struct proc *proc, enum sc_gate gate, int nr, call_done_fn done,
               void *user)
{
    memset(call, 0, sizeof(*call));
    call->proc = proc;
    call->machine = proc->machine;
    call->gate = gate;
    call->nr = nr;
    call->done = done;
    call->user = user;
    list_init(&call->in_proc);
    list_init(&call->wait);
}

/** The results are final. */
static void settle(struct call *call, int status)
{
    if (call->proc != NULL && status < 0)
        call->proc->last_errno = -status;
    list_del(&call->in_proc);
    call->machine->census.calls--;
    call->status = status;
    call->state = CALL_FINISHED;
}

int call_begin(struct call *call)
{
    struct machine *m = call->machine;
    int32_t outer_pid = m->current_pid;
    int status;

    CHECK(call->state == CALL_NEW);
    CHECK(call->nr >= 0 && call->nr < SC_MAX && handlers[call->nr] != NULL);
    call->state = CALL_RUNNING;
    list_append(&call->proc->calls, &call->in_proc);
    m->census.calls++;
    m->calls_total++;
    m->current_pid = call->proc->pid;
    m->told = false;
    if (proc_has_ended(call->proc))
        status = call_why(call, -ECANCELED, "process %d has ended", call->proc->pid);
    else
        status = handlers[call->nr](call);
    if (status != SC_PENDING)
        wait_settle(m);         /* a call that parks has changed nothing others wait for */
    m->current_pid = outer_pid; /* not 0 when another call's end led to this one */
    /* It has acted; that it has is told when the listeners are ready. */
    if (status == 0 && m->told && m->stalls > 0 && call->proc != NULL)
        status = call_park(call, &m->stalled);
    if (status == SC_PENDING) {
        CHECK(call->state == CALL_PARKED);
        machine_arm(m);
        return SC_PENDING;
    }
    settle(call, status);
    return status;
}

void call_done(struct call *call)
{
    CHECK(call->state == CALL_NEW || call->state == CALL_FINISHED);
    free(call->text);
    call->text = NULL;
    why_done(&call->why);
}

int call_park(struct call *call, struct list *waiters)
{
    list_append(waiters, &call->wait);
    call->state = CALL_PARKED;
    return SC_PENDING;
}

static void on_deadline(struct timer *t)
{
    call_finish(container_of(t, struct call, timer), 0);
}

int call_park_until(struct call *call, uint64_t deadline_ns)
{
    struct timer_heap *timers = &call->machine->clock_timers;

    if (deadline_ns < MACHINE_CLOCK_END &&
        timer_set(timers, &call->timer, deadline_ns, on_deadline) < 0)
        return -ENOMEM;
    call->state = CALL_PARKED;
    return SC_PENDING;
}

int call_park_waiting(struct call *call, struct wait_set *set)
{
    call->waits = set;
    call->state = CALL_PARKED;
    return SC_PENDING;
}

/** Take a parked call from where it waits; its results are in place. */
static void unpark(struct call *call, int status)
{
    CHECK(call->state == CALL_PARKED);
    list_del(&call->wait);
    timer_clear(&call->machine->clock_timers, &call->timer);
    wait_free(call->waits);
    call->waits = NULL;
    settle(call, status);
}

void call_finish(struct call *call, int status)
{
    unpark(call, status);
    call->done(call);
}

void call_cancel(struct call *call, int err)
{
    struct machine *m = call->machine;

    if (call->state != CALL_PARKED)
        return;
    call_finish(call, err);
    wait_settle(m); /* it may have held the last reference to a file */
}

void call_abandon(struct call *call, struct list *over)
{
    list_del(&call->in_proc);
    call->proc = NULL;
    if (call->state != CALL_PARKED)
        return;
    unpark(call, call_why(call, -ECANCELED, "the process ended while the call waited"));
    list_append(over, &call->wait);
}

void call_tell(struct list *over)
{
    while (!list_empty(over)) {
        struct call *call = container_of(over->next, struct call, wait);

        list_del(&call->wait);
        call->done(call);
    }
}
