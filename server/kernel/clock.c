/* SPDX-License-Identifier: MIT */
#include "server/kernel/clock.h"

#include "server/kernel/wait.h"

#include <errno.h>

/** Whether nobody is about to act. */
static bool everybody_waits(const struct machine *m)
{
    return m->busy_guests == 0 && list_empty(&m->ready) && list_empty(&m->stalled) &&
           list_empty(&m->paused);
}

/** The next time something happens on a machine's clock, UINT64_MAX when nothing will. */
static uint64_t next_moment(const struct machine *m)
{
    uint64_t timer = timer_next(&m->clock_timers);
    uint64_t goal = timer_next(&m->goals);

    return timer < goal ? timer : goal;
}

bool clock_may_jump(const struct machine *m)
{
    return m->spec.clock == CLOCK_VIRTUAL && everybody_waits(m) &&
           (m->holds == 0 || m->goals.count > 0) && next_moment(m) != UINT64_MAX;
}

void clock_turn(struct machine *m)
{
    uint64_t now;

    if (clock_may_jump(m) && next_moment(m) > m->virtual_ns)
        m->virtual_ns = next_moment(m);
    now = machine_now_ns(m);
    while (timer_fire_one(&m->clock_timers, now))
        continue;
    wait_settle(m); /* a call whose time is over may have held the last reference to a file */
    while (everybody_waits(m) && timer_fire_one(&m->goals, now))
        continue;
}

/** timer_fn */
static void on_goal(struct timer *timer)
{
    struct clock_goal *goal = container_of(timer, struct clock_goal, timer);

    goal->done(goal, 0);
}

int clock_go_to(struct machine *m, struct clock_goal *goal, uint64_t now_ns,
                void (*done)(struct clock_goal *goal, int status))
{
    if (m->spec.clock != CLOCK_VIRTUAL || now_ns < m->virtual_ns || now_ns >= MACHINE_CLOCK_END)
        return -EINVAL;
    goal->machine = m;
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
        goal->done(goal, -ECANCELED);
    }
}
