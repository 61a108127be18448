/* SPDX-License-Identifier: MIT */
#include "server/kernel/call/pause.h"

#include "server/base/check.h"
#include "server/kernel/call/call.h"
#include "server/kernel/machine.h"

void pause_proc(struct proc *p)
{
    p->paused = true;
}

void pause_machine(struct machine *m)
{
    m->pause_new = true;
    for (struct proc *p = m->procs; p != NULL; p = p->hh.next)
        p->paused = true;
}

void resume_proc(struct proc *p)
{
    struct list *paused = &p->machine->paused;

    p->paused = false;
    for (struct list *i = paused->next, *next; i != paused; i = next) {
        struct call *call = container_of(i, struct call, wait);

        next = i->next;
        if (call->proc == p)
            call_release(call);
    }
}

void pause_lift(struct machine *m)
{
    m->pause_new = false;
    for (struct proc *p = m->procs; p != NULL; p = p->hh.next)
        p->paused = false;
}

void pause_settle(struct machine *m)
{
    for (struct list *i = m->paused.next, *next; i != &m->paused; i = next) {
        struct call *call = container_of(i, struct call, wait);

        next = i->next;
        if (call->proc != NULL && !call->proc->paused)
            call_release(call);
    }
}

void resume_machine(struct machine *m)
{
    pause_lift(m);
    while (!list_empty(&m->paused))
        call_release(container_of(m->paused.next, struct call, wait));
}

struct call *pause_held(struct machine *m, int32_t pid)
{
    for (struct list *i = m->paused.next; i != &m->paused; i = i->next) {
        struct call *call = container_of(i, struct call, wait);

        if (call->pid == pid)
            return call;
    }
    return NULL;
}

void pause_step(struct call *call)
{
    call_release(call);
}

void pause_answer(struct call *call, int status)
{
    CHECK(call->nr != SC_EXIT); /* the gate has refused such a request */
    call->imposed = true;
    if (status < 0)
        (void)call_why(call, 0, "it was held, and its outcome was set by proc.step");
    call_skip(call, status);
    call_release(call);
}

int pause_before(struct call *call)
{
    if (!call->proc->paused || !call_may_wait(call))
        return 0;
    (void)call_park(call, &call->machine->paused);
    event_call(EVENT_PAUSE, call, NULL);
    return SC_PENDING;
}
