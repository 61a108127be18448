/* SPDX-License-Identifier: MIT */
#include "server/kernel/turn.h"

#include "server/base/check.h"
#include "server/kernel/clock.h"

enum { NS_PER_MS = 1000000 };

void turn_init(struct turn *t, struct task *task, void (*run)(struct turn *t))
{
    t->task = task;
    t->run = run;
    list_init(&t->link);
}

/** Whether the machine can give a turn. */
static bool is_free(const struct machine *m)
{
    if (m->spec.clock == CLOCK_REAL)
        return true;
    return m->running == NULL && (!m->spec.lockstep || m->holds == 0 || m->goals.count > 0);
}

bool turn_is_due(const struct machine *m)
{
    return !list_empty(&m->turns) && is_free(m);
}

/** Whether something waits for the running guest: other guests, or the clock. */
static bool is_waited_for(const struct machine *m)
{
    return m->running != NULL &&
           (!list_empty(&m->turns) || !list_empty(&m->ready) || clock_has_aim(m));
}

/** timer_fn: the running guest has kept others waiting for too long. */
static void on_slice_over(struct timer *timer)
{
    struct machine *m = container_of(timer, struct machine, slice);
    struct task *t = m->running->task;

    if (!is_waited_for(m))
        return;
    m->running = NULL;
    machine_guest_busy(t, false);
    event_note(m, t->proc->pid,
               "process %d ran for %d ms without a call: others run beside it from here on and the "
               "clock moves on, in an order that may differ from run to run",
               t->proc->pid, TURN_MAX_MS);
}

void turn_limit(struct machine *m)
{
    uint64_t end;

    if (!is_waited_for(m) || timer_is_set(&m->slice))
        return;
    end = machine_host_ns(m) + (uint64_t)TURN_MAX_MS * NS_PER_MS;
    if (timer_set(&m->host_timers, &m->slice, end, on_slice_over) < 0)
        on_slice_over(&m->slice);
}

static void start(struct machine *m, struct turn *t)
{
    if (m->spec.clock == CLOCK_VIRTUAL)
        m->running = t;
    m->callbacks++;
    t->run(t);
}

void turn_ask_later(struct turn *t)
{
    struct machine *m = t->task->proc->machine;

    /* A guest asks when it is made, and for the answer to a call. Every call, valid or not, begins
     * with turn_end(), and the guest makes no other before it has its answer. */
    CHECK(list_empty(&t->link) && m->running != t);
    list_append(&m->turns, &t->link);
    machine_arm(m);
}

void turn_ask(struct turn *t)
{
    struct machine *m = t->task->proc->machine;

    if (!list_empty(&m->turns) || !list_empty(&m->ready) || !is_free(m)) {
        turn_ask_later(t);
        return;
    }
    start(m, t);
    if (clock_has_aim(m))
        machine_arm(m);
}

void turn_end(struct turn *t)
{
    struct machine *m = t->task->proc->machine;

    list_del(&t->link);
    if (m->running != t)
        return;
    m->running = NULL;
    timer_clear(&m->host_timers, &m->slice);
    if (!list_empty(&m->turns) || !list_empty(&m->ready))
        machine_arm(m);
}

void turn_pass(struct machine *m)
{
    while (turn_is_due(m)) {
        struct turn *t = container_of(m->turns.next, struct turn, link);

        list_del(&t->link);
        start(m, t);
    }
}
