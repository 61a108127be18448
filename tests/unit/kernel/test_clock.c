/* SPDX-License-Identifier: MIT */
/* The virtual clock: who keeps it, in which order sleepers wake, and moving it on by hand. */
#include "server/kernel/clock.h"
#include "tests/unit/kernel/world.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>

enum { MANY = 10000, USEC = 1000, MS = 1000000 };

static struct world w;

static void setup(void)
{
    world_open(&w, CLOCK_VIRTUAL);
}

static void teardown(void)
{
    world_close(&w);
}

TestSuite(clock, .init = setup, .fini = teardown);

/** A call that sleeps and notes when it woke, as the how manieth. */
struct sleeper {
    struct call call;
    uint64_t woke_ns;
    int place;
    int64_t again_usecs; /* it sleeps again for so long, once; 0 not */
};

static int woken;

static void on_awake(struct call *call);

static void sleep_for(struct sleeper *s, int64_t usecs)
{
    call_init(&s->call, w.p, &abi_driven, SC_USLEEP, on_awake, s);
    s->call.args.usleep.usecs = usecs;
    cr_assert_eq(call_begin(&s->call), SC_PENDING);
}

static void on_awake(struct call *call)
{
    struct sleeper *s = call->user;
    int64_t again = s->again_usecs;

    s->woke_ns = machine_now_ns(w.m);
    s->place = woken++;
    call_done(call);
    s->again_usecs = 0;
    if (again > 0)
        sleep_for(s, again);
}

/** A goal that notes when it was there. */
struct arrival {
    struct clock_goal goal;
    uint64_t at_ns;
    int status;
    int count;
};

static void on_there(struct clock_goal *goal, int status)
{
    struct arrival *a = container_of(goal, struct arrival, goal);

    a->at_ns = machine_now_ns(goal->machine);
    a->status = status;
    a->count++;
}

Test(clock, many_sleepers_wake_in_order_each_at_its_own_time)
{
    struct sleeper *all = calloc(MANY, sizeof(*all));

    cr_assert_not_null(all);
    for (int i = 0; i < MANY; i++) /* 1009 is prime: every time occurs some ten times */
        sleep_for(&all[i], 1 + (i * 7919) % 1009);
    world_run(&w);
    cr_assert_eq(woken, MANY);
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(all[i].woke_ns, (uint64_t)(1 + (i * 7919) % 1009) * USEC);
    for (int i = 1009; i < MANY; i++) /* equal times: in the order they were asked for */
        cr_assert_eq(all[i].place, all[i - 1009].place + 1);
    free(all);
}

Test(clock, who_wakes_and_sleeps_again_goes_behind_who_slept_already)
{
    struct sleeper first = {.again_usecs = 10};
    struct sleeper second = {.again_usecs = 0};

    sleep_for(&first, 10);
    sleep_for(&second, 20);
    world_run(&w);
    cr_assert_eq(second.woke_ns, 20 * USEC);
    cr_assert_eq(first.woke_ns, 20 * USEC);
    cr_assert_eq(second.place, 1);
    cr_assert_eq(first.place, 2);
}

/** The process that waits for a child learns of its end before time goes on. */
Test(clock, who_is_woken_by_a_sleeper_acts_at_the_same_time)
{
    struct sleeper later = {.again_usecs = 0};
    struct proc *child;
    struct call wait;
    struct call nap;
    struct sc_proc_status status;
    int pid = w_new_proc(w.p);

    child = proc_child(w.p, pid);
    cr_assert_eq(proc_drive(child, "child"), 0);
    cr_assert_eq(BEGIN(&wait, w.p, PROC_WAIT, proc_wait, pid), SC_PENDING);
    cr_assert_eq(BEGIN(&nap, child, USLEEP, usleep, 5), SC_PENDING);
    sleep_for(&later, 1000);
    machine_tick(w.m);
    cr_assert_eq(nap.user, &nap);
    machine_guest_busy(&child->task, true); /* as a guest that was woken: it runs and then exits */
    machine_tick(w.m);
    cr_assert_eq(machine_now_ns(w.m), 5 * USEC);
    cr_assert_eq(w_exit(child, 3), 0);
    cr_assert_eq(wait.user, &wait);
    cr_assert_eq(machine_now_ns(w.m), 5 * USEC);
    world_run(&w);
    cr_assert_eq(later.woke_ns, 1000 * USEC);
    call_done(&nap);
    call_done(&wait);
    cr_assert_eq(w_kill(w.p, pid, &status), -ESRCH);
}

Test(clock, holds_busy_guests_yields_and_stalls_keep_it)
{
    struct sleeper s = {.again_usecs = 0};
    struct call yield;

    machine_hold(w.m);
    machine_hold(w.m);
    sleep_for(&s, 7);
    world_run(&w);
    machine_release(w.m);
    world_run(&w);
    cr_assert_eq(machine_now_ns(w.m), 0);
    machine_guest_busy(&w.p->task, true);
    machine_release(w.m);
    world_run(&w);
    cr_assert_eq(machine_now_ns(w.m), 0);
    machine_stall(w.m);
    cr_assert_eq(BEGIN(&yield, w.p, DBG_PRINT, dbg_print, S("heard")), SC_PENDING);
    machine_guest_busy(&w.p->task, false);
    world_run(&w);
    cr_assert_eq(machine_now_ns(w.m), 0);
    machine_unstall(w.m);
    world_run(&w);
    cr_assert_eq(yield.user, &yield);
    cr_assert_eq(s.woke_ns, 7 * USEC);
    call_done(&yield);
}

Test(clock, by_hand_it_moves_in_spite_of_holds)
{
    struct sleeper early = {.again_usecs = 100};
    struct sleeper late = {.again_usecs = 0};
    struct arrival a = {.count = 0};

    machine_hold(w.m);
    sleep_for(&early, 100);
    sleep_for(&late, 300);
    cr_assert_eq(clock_go_to(w.m, &a.goal, 250 * USEC, on_there), 0);
    cr_assert_eq(a.count, 0, "never at once");
    world_run(&w);
    cr_assert_eq(a.count, 1);
    cr_assert_eq(a.at_ns, 250 * USEC);
    cr_assert_eq(early.woke_ns, 200 * USEC, "the second sleep too, at its own time");
    cr_assert_eq(woken, 2);
    world_run(&w);
    cr_assert_eq(machine_now_ns(w.m), 250 * USEC, "it is held again");
    machine_release(w.m);
    world_run(&w);
    cr_assert_eq(late.woke_ns, 300 * USEC);
}

Test(clock, timers_at_the_goal_come_before_it)
{
    struct sleeper s = {.again_usecs = 0};
    struct arrival a = {.count = 0};

    machine_hold(w.m);
    cr_assert_eq(clock_go_to(w.m, &a.goal, 5 * MS, on_there), 0);
    sleep_for(&s, 5000);
    machine_tick(w.m);
    cr_assert_eq(s.woke_ns, 5 * MS);
    cr_assert_eq(a.count, 1);
    machine_release(w.m);
}

Test(clock, a_goal_waits_for_guests_that_run)
{
    struct arrival a = {.count = 0};

    machine_hold(w.m);
    machine_guest_busy(&w.p->task, true);
    cr_assert_eq(clock_go_to(w.m, &a.goal, 0, on_there), 0);
    world_run(&w);
    cr_assert_eq(a.count, 0);
    machine_guest_busy(&w.p->task, false);
    world_run(&w);
    cr_assert_eq(a.count, 1);
    cr_assert_eq(a.at_ns, 0);
    machine_release(w.m);
}

Test(clock, several_goals_are_reached_nearest_first)
{
    struct arrival far = {.count = 0};
    struct arrival near = {.count = 0};
    struct arrival never = {.count = 0};

    machine_hold(w.m);
    cr_assert_eq(clock_go_to(w.m, &far.goal, 9 * MS, on_there), 0);
    cr_assert_eq(clock_go_to(w.m, &never.goal, 1 * MS, on_there), 0);
    cr_assert_eq(clock_go_to(w.m, &near.goal, 3 * MS, on_there), 0);
    clock_give_up(&never.goal);
    clock_give_up(&never.goal);
    world_run(&w);
    cr_assert_eq(near.at_ns, 3 * MS);
    cr_assert_eq(far.at_ns, 9 * MS);
    cr_assert_eq(never.count, 0);
    machine_release(w.m);
}

Test(clock, goals_that_cannot_be_are_refused_EINVAL)
{
    struct arrival a = {.count = 0};

    cr_assert_eq(clock_go_to(w.m, &a.goal, 2 * MS, on_there), 0);
    world_run(&w);
    cr_assert_eq(a.count, 1);
    cr_assert_eq(clock_go_to(w.m, &a.goal, 2 * MS - 1, on_there), -EINVAL);
    cr_assert_eq(clock_go_to(w.m, &a.goal, MACHINE_CLOCK_END, on_there), -EINVAL);
    cr_assert_eq(clock_go_to(w.m, &a.goal, MACHINE_CLOCK_END - 1, on_there), 0);
    world_run(&w);
    cr_assert_eq(machine_now_ns(w.m), MACHINE_CLOCK_END - 1);
}

Test(clock_end, a_machine_that_goes_tells_its_goals_ECANCELED)
{
    struct arrival a = {.count = 0};

    world_open(&w, CLOCK_VIRTUAL);
    machine_guest_busy(&w.p->task, true);
    cr_assert_eq(clock_go_to(w.m, &a.goal, MS, on_there), 0);
    machine_guest_busy(&w.p->task, false);
    world_close(&w);
    cr_assert_eq(a.count, 1);
    cr_assert_eq(a.status, -ECANCELED);
}

Test(clock_end, a_real_clock_is_not_moved_EINVAL)
{
    struct arrival a = {.count = 0};

    world_open(&w, CLOCK_REAL);
    cr_assert_eq(clock_go_to(w.m, &a.goal, MS, on_there), -EINVAL);
    world_close(&w);
    cr_assert_eq(a.count, 0);
}

Test(clock, no_moment_lies_past_its_end)
{
    struct arrival late = {.status = 1};

    cr_assert_eq(machine_after_ns(w.m, UINT64_MAX), MACHINE_CLOCK_END);
    cr_assert_eq(clock_go_to(w.m, &late.goal, MACHINE_CLOCK_END - USEC, on_there), 0);
    world_run(&w);
    cr_assert_eq(machine_after_ns(w.m, 1), MACHINE_CLOCK_END);
    cr_assert_eq(machine_after_ns(w.m, 1000), MACHINE_CLOCK_END);
}
