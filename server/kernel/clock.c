/* SPDX-License-Identifier: MIT */
#include "server/kernel/clock.h"

#include "server/kernel/call/call.h"
#include "server/kernel/call/wait.h"
#include "server/kernel/turn.h"

#include <errno.h>

enum { ROUND_YIELDS = 2 }; /* a round lies between two YIELDs */

/** Whether an earlier YIELD of the same task is still parked: both are in one round. */
static bool yields_already(const struct call *call)
{
    const struct list *calls = &call->task->calls;

    for (const struct list *i = calls->next; i != calls; i = i->next) {
        const struct call *other = container_of(i, struct call, in_task);

        if (other != call && other->nr == SC_YIELD && other->state == CALL_PARKED)
            return true;
    }
    return false;
}

void clock_note_yield(const struct call *call)
{
    struct task *t = call->task;
    const uint64_t acts = call->machine->acts;

    if (t->yields_since == acts && yields_already(call))
        return;
    if (t->yields_since != acts)
        t->yields = 0;
    t->yields_since = acts;
    t->yields += t->yields < ROUND_YIELDS;
}

/** Whether a task has only yielded for a whole round, in which nothing else acted. */
static bool only_yields(const struct task *t)
{
    return t->yields == ROUND_YIELDS && t->yields_since == t->proc->machine->acts;
}

/** Whether everything that can run only yields; true if nothing can run. */
static bool nobody_acts(const struct machine *m)
{
    uint32_t in_line = 0;

    if (m->running != NULL)
        return false;
    for (const struct list *i = m->ready.next; i != &m->ready; i = i->next) {
        const struct call *call = container_of(i, struct call, wait);

        if (call->nr != SC_YIELD || !only_yields(call->task))
            return false;
    }
    for (const struct list *i = m->turns.next; i != &m->turns; i = i->next, in_line++) {
        if (!only_yields(container_of(i, struct turn, link)->task))
            return false;
    }
    return m->busy_guests == in_line;
}

/** Whether nothing is about to act. */
static bool everybody_waits(const struct machine *m)
{
    return list_empty(&m->stalled) && list_empty(&m->paused) && nobody_acts(m);
}

/** The time of the next timer or goal of a machine's clock, UINT64_MAX if there is none. */
static uint64_t next_moment(const struct machine *m)
{
    uint64_t timer = timer_next(&m->clock_timers);
    uint64_t goal = timer_next(&m->goals);

    return timer < goal ? timer : goal;
}

bool clock_has_aim(const struct machine *m)
{
    return m->spec.clock == CLOCK_VIRTUAL && (m->holds == 0 || m->goals.count > 0) &&
           next_moment(m) != UINT64_MAX;
}

bool clock_may_jump(const struct machine *m)
{
    return clock_has_aim(m) && everybody_waits(m);
}

bool clock_is_spun_for(const struct machine *m)
{
    return (!list_empty(&m->ready) || !list_empty(&m->turns)) && clock_may_jump(m);
}

void clock_turn(struct machine *m)
{
    uint64_t now;

    if (clock_may_jump(m) && next_moment(m) > m->virtual_ns)
        m->virtual_ns = next_moment(m);
    now = machine_now_ns(m);
    while (timer_fire_one(&m->clock_timers, now))
        continue;
    wait_settle(m); /* a timer may have dropped the last reference to a file */
    while (everybody_waits(m) && timer_fire_one(&m->goals, now))
        continue;
}

/** timer_fn */
static void on_goal(struct timer *timer)
{
    struct clock_goal *goal = container_of(timer, struct clock_goal, timer);

    goal->machine->callbacks++;
    goal->done(goal, 0);
}

int clock_go_to(struct machine *m, struct clock_goal *goal, uint64_t now_ns, clock_goal_fn done)
{
    if (m->spec.clock != CLOCK_VIRTUAL || now_ns < m->virtual_ns || now_ns >= MACHINE_CLOCK_END)
        return -EINVAL;
    goal->machine = m;
    goal->number = ++m->goals_set;
    goal->done = done;
    if (timer_set(&m->goals, &goal->timer, now_ns, on_goal) < 0)
        return -ENOMEM;
    machine_arm(m);
    return 0;
}

void clock_give_up(struct clock_goal *goal)
{
    if (!timer_is_set(&goal->timer))
        return;
    timer_clear(&goal->machine->goals, &goal->timer);
    machine_arm(goal->machine);
}

void clock_give_up_all(struct machine *m)
{
    while (m->goals.count > 0) {
        struct clock_goal *goal = container_of(m->goals.at[0], struct clock_goal, timer);

        timer_clear(&m->goals, &goal->timer);
        m->callbacks++;
        goal->done(goal, -ECANCELED);
    }
}
