/* SPDX-License-Identifier: MIT */
#include "server/kernel/call/call.h"

#include "server/base/check.h"
#include "server/kernel/call/pause.h"
#include "server/kernel/call/wait.h"
#include "server/kernel/door/slow.h"
#include "server/kernel/input.h"
#include "server/kernel/machine.h"
#include "server/kernel/sc/transfer.h"

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

void call_init(struct call *call, struct proc *proc, const struct abi *abi, int nr,
               call_done_fn done, void *user)
{
    memset(call, 0, sizeof(*call));
    call->proc = proc;
    call->task = &proc->task;
    call->pid = proc->pid;
    call->machine = proc->machine;
    call->transfer_max = SIZE_MAX;
    call->abi = abi;
    call->nr = nr;
    call->done = done;
    call->user = user;
    list_init(&call->in_task);
    list_init(&call->wait);
    list_init(&call->in_line);
    list_init(&call->entry.link);
}

/** Emit that a call has finished; not for an EXIT that was carried out: it does not return. */
static void tell_return(const struct call *call)
{
    if (call->traced && (call->nr != SC_EXIT || call->status < 0))
        event_call(EVENT_RETURN, call, NULL);
}

/** A call begins or ends: processes that only yield may find something to do. */
static void note_act(const struct call *call)
{
    call->machine->ready.acts += call->nr != SC_YIELD;
}

/** Set the final results. */
static void settle(struct call *call, int status)
{
    note_act(call);
    if (call->task != NULL && call->nr != SC_ERRNO)
        call->task->last_errno = status < 0 ? -status : 0;
    if (call->proc != NULL)
        recent_add(&call->proc->recent, call->nr, status);
    list_del(&call->in_task);
    entry_withdraw(&call->entry);
    call->machine->census.calls--;
    call->status = status;
    call->state = CALL_FINISHED;
    transfer_leave_line(call);
    tell_return(call);
}

bool call_may_wait(const struct call *call)
{
    return call->done != NULL && !proc_has_ended(call->proc);
}

/* The steps. Each answers 0: the next step follows; or the call's status; or SC_PENDING: the call
 * is held, and continues with the next step later. */

static int tell_call(struct call *call)
{
    struct machine *m = call->machine;

    if ((m->watch.kinds & (EVENT_CALL | EVENT_RETURN)) == 0)
        return 0;
    call->traced = true;
    call->begun_ns = machine_now_ns(m);
    event_call(EVENT_CALL, call, NULL);
    return m->watch.emitted && m->watch.stalls > 0 && call_may_wait(call)
               ? call_park(call, &m->watch.stalled)
               : 0;
}

/** Queue behind the process's calls that were held and are not carried out yet. */
static int stand_in_line(struct call *call)
{
    if (call->task->queued == 0 || !call_may_wait(call))
        return 0;
    call->queued = true;
    call->task->queued++;
    return call_park(call, &call->machine->ready.calls);
}

static int refuse(struct call *call)
{
    return call->refusal;
}

static int carry_out(struct call *call)
{
    if (proc_has_ended(call->proc))
        return call_why(call, -ECANCELED, "process %d has ended", call->pid);
    return handlers[call->nr](call);
}

static const call_handler_fn steps[STEP_COUNT] = {
    [STEP_TELL] = tell_call,      [STEP_QUEUE] = stand_in_line, [STEP_PAUSE] = pause_before,
    [STEP_FAULTS] = fault_before, [STEP_REFUSE] = refuse,       [STEP_HANDLER] = carry_out};

/** The step to begin with: without observers their steps are skipped. */
static enum call_step first_step(const struct call *call)
{
    const struct machine *m = call->machine;
    bool watched = (m->watch.kinds & (EVENT_CALL | EVENT_RETURN)) != 0 || call->proc->paused ||
                   call->task->queued > 0 || m->faults.count > 0;

    return watched ? STEP_TELL : STEP_HANDLER;
}

/** Take the remaining steps. Returns the status, or SC_PENDING: the call is parked. */
static int take_steps(struct call *call)
{
    struct machine *m = call->machine;
    bool outer_told = m->watch.emitted;
    int status = 0;

    call->state = CALL_RUNNING;
    m->calls_running++; /* more than 1 if another call's end began this one */
    m->watch.emitted = false;
    while (status == 0 && call->next < STEP_COUNT)
        status = steps[call->next++](call);
    call->held = call->next < STEP_COUNT;
    if (status == -ECANCELED && m->stand.interrupted) {
        call->imposed = true;
        (void)call_why(call, status, "it was cancelled while it waited for its filesystem");
    }
    m->stand.interrupted = false;
    if (status != SC_PENDING)
        wait_settle(m); /* a call that parks has changed nothing that others wait for */
    /* It was carried out; EVENT_RETURN waits until the listeners keep up. */
    if (status != SC_PENDING && m->watch.emitted && m->watch.stalls > 0 && call->proc != NULL &&
        call_may_wait(call)) {
        call_skip(call, status);
        call->held = true;
        status = call_park(call, &m->watch.stalled);
    }
    m->calls_running--;
    m->watch.emitted = outer_told;
    return status;
}

/** Begin a call that is in task->calls. Returns the status, or SC_PENDING: it is parked. */
static int begin(struct call *call)
{
    struct machine *m = call->machine;
    int status;

    call->seq = ++m->calls_total;
    note_act(call);
    if (call->proc == NULL) { /* the process ended while the call was queued */
        status = call_why(call, -ECANCELED, "process %d has ended", call->pid);
        settle(call, status);
        return status;
    }
    if (call->turn != NULL)
        turn_end(call->turn);
    call->next = first_step(call);
    status = take_steps(call);
    if (status == SC_PENDING) {
        CHECK(call->state == CALL_PARKED); /* SC_PENDING comes from call_park…() alone */
        if (call->turn != NULL && call->proc != NULL)
            machine_guest_busy(call->task, false);
        machine_arm(m);
        return SC_PENDING;
    }
    settle(call, status);
    return status;
}

/** Carry out a call_cancel() that came while the machine stood still. */
static void take_cancel(struct call *call)
{
    const int err = call->cancelled;

    if (err == 0 || entry_waits(&call->entry)) /* run_cancel() is queued: it needs the errno */
        return;
    call->cancelled = 0;
    call_cancel(call, err);
}

/** entry.run */
static void run_begin(struct entry *in)
{
    struct call *call = container_of(in, struct call, entry);

    if (begin(call) == SC_PENDING)
        take_cancel(call);
    else if (call->waited)
        call->done(call);
}

/** entry.tell */
static void tell_begin(struct entry *in)
{
    struct call *call = container_of(in, struct call, entry);

    input_tell(call->machine, &(struct input){.kind = INPUT_CALL, .call = {call, NULL}});
}

int call_begin(struct call *call)
{
    struct machine *m = call->machine;

    /* Gates check the number before call_init(), and begin a call once. */
    CHECK(call->state == CALL_NEW);
    CHECK(call->nr >= 0 && call->nr < SC_MAX && handlers[call->nr] != NULL);
    list_append(&call->task->calls, &call->in_task);
    m->census.calls++;
    call->state = CALL_QUEUED;
    if (call->done == NULL)
        slow_wait(m); /* without done() there is no later answer */
    if (m->stand.stack == NULL || call->done == NULL)
        return begin(call);
    call->entry.tell = tell_begin;
    if (stack_enter(m, &call->entry, run_begin))
        return call->state == CALL_FINISHED ? call->status : SC_PENDING;
    call->waited = true;
    return SC_PENDING;
}

void call_done(struct call *call)
{
    /* Gates call it after call_begin()'s answer, in done(), or for a call that they never began. */
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

int call_park_again(struct call *call, struct list *waiters)
{
    call->again = true;
    return call_park(call, waiters);
}

static void on_deadline(struct timer *t)
{
    call_go_on(container_of(t, struct call, timer));
}

int call_park_until(struct call *call, uint64_t deadline_ns)
{
    struct timer_heap *timers = &call->machine->clock.timers;

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

/** Take a parked call out of what it waits in. */
static void unpark(struct call *call)
{
    /* A call is unparked from the list, timer or queue it is found in, which takes it out.
     * call_cancel(), which can come at any time, checks the state. */
    CHECK(call->state == CALL_PARKED);
    if (call->queued && call->task != NULL)
        call->task->queued--;
    call->queued = false;
    list_del(&call->wait);
    timer_clear(&call->machine->clock.timers, &call->timer);
    wait_free(call->waits);
    call->waits = NULL;
}

/** Call the gate's done(). */
static void tell_done(struct call *call)
{
    call->machine->input.callbacks++;
    call->done(call);
}

void call_finish(struct call *call, int status)
{
    unpark(call);
    settle(call, status);
    tell_done(call);
}

void call_release(struct call *call)
{
    list_del(&call->wait);
    if (call->next == STEP_QUEUE)
        call->next++; /* it is queued now */
    call->queued = call->next < STEP_COUNT;
    call->task->queued += call->queued;
    list_append(&call->machine->ready.calls, &call->wait);
    machine_arm(call->machine);
}

void call_go_on(struct call *call)
{
    int status = call->status;

    unpark(call);
    if (call->again)
        call->next = STEP_HANDLER;
    call->again = false;
    if (call->next < STEP_COUNT)
        status = take_steps(call);
    if (status == SC_PENDING) {
        take_cancel(call);
        return;
    }
    settle(call, status);
    tell_done(call);
}

void call_skip(struct call *call, int status)
{
    call->next = STEP_COUNT;
    call->status = status;
}

/** Cancel a parked call, from inside the machine. */
static void cancel(struct call *call, int err)
{
    struct machine *m = call->machine;

    if (call->held && call->next == STEP_COUNT)
        err = call->status; /* it has its outcome already */
    else
        call->imposed |= call->held;
    call_finish(call, err);
    wait_settle(m); /* it may have held the last reference to a file */
    machine_arm(m); /* it may have kept a virtual clock from jumping */
}

/** entry.run, for a parked call. */
static void run_cancel(struct entry *in)
{
    struct call *call = container_of(in, struct call, entry);
    const int err = call->cancelled;

    call->cancelled = 0;
    if (call->state == CALL_PARKED)
        cancel(call, err);
}

/** entry.tell */
static void tell_cancel(struct entry *in)
{
    struct call *call = container_of(in, struct call, entry);

    input_tell(call->machine,
               &(struct input){.kind = INPUT_CANCEL, .cancel = {call->seq, call->cancelled, call}});
}

/** Cancel a call that is still queued. */
static void cancel_queued(struct call *call, int err)
{
    call->seq = ++call->machine->calls_total;
    settle(call, err);
    call->done(call);
}

void call_cancel(struct call *call, int err)
{
    if (call->state == CALL_QUEUED) {
        cancel_queued(call, err);
    } else if (call->state == CALL_RUNNING && call->machine->stand.slot != NULL) {
        call->cancelled = err; /* for when it is parked, if it ever is */
        slow_interrupt_pid(call->machine, call->pid);
    } else if (call->state == CALL_PARKED && !entry_waits(&call->entry)) {
        call->cancelled = err;
        call->entry.tell = tell_cancel;
        (void)stack_enter(call->machine, &call->entry, run_cancel);
    }
}

static void abandon(struct call *call, struct list *over)
{
    list_del(&call->in_task);
    call->proc = NULL;
    call->task = NULL;
    if (call->state != CALL_PARKED)
        return;
    call->imposed |= call->held;
    unpark(call);
    settle(call, call_why(call, -ECANCELED, "the process ended while the call waited"));
    list_append(over, &call->wait);
}

void call_abandon_all(struct proc *p, struct list *over)
{
    while (!list_empty(&p->task.calls))
        abandon(container_of(p->task.calls.next, struct call, in_task), over);
}

void call_tell(struct list *over)
{
    while (!list_empty(over)) {
        struct call *call = container_of(over->next, struct call, wait);

        list_del(&call->wait);
        tell_done(call);
    }
}
