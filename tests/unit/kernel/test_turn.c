/* SPDX-License-Identifier: MIT */
/* Turns of guests: one at a time on a virtual clock, in the order they asked. */
#include "server/kernel/turn.h"

#include "server/kernel/call/pause.h"
#include "server/kernel/clock.h"
#include "tests/unit/kernel/world.h"

#include <criterion/criterion.h>

#include <errno.h>

enum { GUESTS = 4 };

static struct world w;
static struct turn turns[GUESTS];
static char order[64]; /* which guests were let run: "0121" */

static void on_run(struct turn *t)
{
    size_t used = strlen(order);

    order[used] = (char)('0' + (t - turns));
    order[used + 1] = '\0';
    machine_guest_busy(t->task, true);
}

static void open_world(enum clock_kind clock)
{
    world_open(&w, clock);
    order[0] = '\0';
    for (int i = 0; i < GUESTS; i++) {
        struct proc *p = proc_child(w.p, w_new_proc(w.p));

        cr_assert_eq(proc_drive(p, "guest"), 0);
        turn_init(&turns[i], &p->task, on_run);
    }
}

static void close_world(void)
{
    struct sc_proc_status status;

    for (int i = 0; i < GUESTS; i++) {
        turn_end(&turns[i]);
        cr_assert_eq(w_kill(w.p, turns[i].task->proc->pid, &status), 0);
    }
    world_close(&w);
}

Test(turn, one_runs_and_the_others_stand_in_line)
{
    open_world(CLOCK_VIRTUAL);
    turn_ask(&turns[0]);
    cr_assert_str_eq(order, "0", "at once: nobody else runs");
    turn_ask(&turns[1]);
    turn_ask(&turns[2]);
    world_run(&w);
    cr_assert_str_eq(order, "0");
    turn_end(&turns[0]); /* it made a call, and has its answer already */
    turn_ask(&turns[0]);
    world_run(&w);
    cr_assert_str_eq(order, "01");
    turn_end(&turns[1]);
    world_run(&w);
    turn_end(&turns[2]);
    world_run(&w);
    cr_assert_str_eq(order, "0120");
    close_world();
}

Test(turn, who_starts_never_runs_before_the_loop_turned)
{
    open_world(CLOCK_VIRTUAL);
    turn_ask_later(&turns[3]);
    cr_assert_str_eq(order, "");
    turn_ask(&turns[0]);
    cr_assert_str_eq(order, "", "the line is kept");
    world_run(&w);
    cr_assert_str_eq(order, "3");
    close_world();
}

Test(turn, who_goes_leaves_the_line)
{
    open_world(CLOCK_VIRTUAL);
    for (int i = 0; i < GUESTS; i++)
        turn_ask(&turns[i]);
    turn_end(&turns[1]);
    turn_end(&turns[1]);
    turn_end(&turns[0]);
    world_run(&w);
    cr_assert_str_eq(order, "02");
    close_world();
}

Test(turn, on_a_real_clock_all_run)
{
    open_world(CLOCK_REAL);
    turn_ask(&turns[1]);
    turn_ask(&turns[0]);
    turn_ask_later(&turns[2]);
    turn_ask_later(&turns[3]);
    world_run(&w);
    cr_assert_str_eq(order, "1023");
    close_world();
}

Test(turn, who_makes_no_call_loses_it_with_a_note)
{
    open_world(CLOCK_VIRTUAL);
    turn_ask(&turns[0]);
    w.now_ns += (uint64_t)2 * TURN_MAX_MS * 1000000;
    world_run(&w);
    cr_assert_str_eq(w.log, "", "nobody waits for it");
    turn_ask(&turns[1]);
    w.now_ns += (uint64_t)TURN_MAX_MS * 1000000 - 1;
    world_run(&w);
    cr_assert_str_eq(order, "0");
    w.now_ns += 1;
    world_run(&w);
    cr_assert_str_eq(order, "01");
    cr_assert_not_null(strstr(w.log, "without a call"));
    turn_ask(&turns[2]);
    turn_end(&turns[0]); /* it calls at last: it had no turn to pass on */
    turn_ask(&turns[0]);
    world_run(&w);
    cr_assert_str_eq(order, "01");
    turn_end(&turns[1]);
    world_run(&w);
    turn_end(&turns[2]);
    world_run(&w);
    cr_assert_str_eq(order, "0120");
    close_world();
}

Test(turn, in_lockstep_a_hold_keeps_guests_back)
{
    open_world(CLOCK_VIRTUAL);
    w.m->spec.lockstep = true;
    machine_hold(w.m);
    turn_ask(&turns[0]);
    turn_ask(&turns[1]);
    world_run(&w);
    cr_assert_str_eq(order, "");
    machine_release(w.m);
    world_run(&w);
    cr_assert_str_eq(order, "0");
    machine_hold(w.m);
    turn_end(&turns[0]);
    world_run(&w);
    cr_assert_str_eq(order, "0");
    machine_release(w.m);
    world_run(&w);
    cr_assert_str_eq(order, "01");
    close_world();
}

Test(turn, time_stands_still_while_somebody_waits_for_a_turn)
{
    struct call nap;

    open_world(CLOCK_VIRTUAL);
    cr_assert_eq(BEGIN(&nap, w.p, USLEEP, usleep, 5), SC_PENDING);
    turn_ask(&turns[0]);
    machine_guest_busy(turns[1].task, true);
    turn_ask(&turns[1]);
    turn_end(&turns[0]);
    machine_guest_busy(turns[0].task, false);
    world_run(&w);
    cr_assert_eq(machine_now_ns(w.m), 0);
    turn_end(&turns[1]);
    machine_guest_busy(turns[1].task, false);
    world_run(&w);
    cr_assert_eq(machine_now_ns(w.m), 5000);
    call_done(&nap);
    close_world();
}

/* ---- Who keeps a virtual clock, and who does not ---- */

static struct call yields[GUESTS];

/** call_done_fn: the guest gets its answer, and runs on when it is its turn. */
static void on_yielded(struct call *call)
{
    struct turn *t = call->user;

    call_done(call);
    machine_guest_busy(t->task, true);
    turn_ask(t);
}

/** A guest that runs makes YIELD. */
static void yields_again(int i)
{
    turn_end(&turns[i]);
    call_init(&yields[i], turns[i].task->proc, &abi_i386, SC_YIELD, on_yielded, &turns[i]);
    cr_assert_eq(call_begin(&yields[i]), SC_PENDING);
    machine_guest_busy(turns[i].task, false);
    world_run(&w);
}

/** A guest that runs makes a call that is answered at once. */
static void acts(int i)
{
    struct sc_stat st;

    turn_end(&turns[i]);
    cr_assert_eq(w_stat(turns[i].task->proc, "nobody:/", &st), -ENODEV);
    turn_ask(&turns[i]);
    world_run(&w);
}

/** Guests 0 and 1 run and yield, in turns, so many rounds. */
static void spin(int rounds)
{
    for (int i = 0; i < rounds; i++) {
        yields_again(0);
        yields_again(1);
    }
}

/** What waits for a time in the tests below. */
static struct call nap;

static void sleep_usecs(int64_t usecs)
{
    cr_assert_eq(BEGIN(&nap, w.p, USLEEP, usleep, usecs), SC_PENDING);
}

static bool woke(void)
{
    return nap.user == &nap;
}

static void open_spinners(void)
{
    open_world(CLOCK_VIRTUAL);
    turn_ask(&turns[0]);
    machine_guest_busy(turns[1].task, true);
    turn_ask(&turns[1]);
}

Test(turn, a_round_of_nothing_but_yields_moves_the_clock)
{
    open_spinners();
    sleep_usecs(100);
    spin(1);
    cr_assert_eq(machine_now_ns(w.m), 0, "what came before their first YIELD is no round");
    yields_again(0);
    cr_assert_eq(machine_now_ns(w.m), 0, "guest 1 may have something to do");
    yields_again(1);
    cr_assert_eq(machine_now_ns(w.m), 100000);
    cr_assert(woke());
    spin(5);
    cr_assert_eq(machine_now_ns(w.m), 100000, "nothing is left to come");
    call_done(&nap);
    close_world();
}

Test(turn, who_acts_between_yields_keeps_the_clock)
{
    open_spinners();
    sleep_usecs(100);
    spin(1);
    for (int i = 0; i < 3; i++) {
        yields_again(0);
        acts(1);
        yields_again(0);
        yields_again(1);
    }
    cr_assert_eq(machine_now_ns(w.m), 0);
    spin(2);
    cr_assert(woke());
    call_done(&nap);
    close_world();
}

Test(turn, a_guest_that_has_not_begun_keeps_the_clock)
{
    open_spinners();
    sleep_usecs(100);
    yields_again(0);
    machine_guest_busy(turns[2].task, true);
    turn_ask(&turns[2]);
    yields_again(1);
    yields_again(0);
    cr_assert_eq(w.m->turns.running, &turns[2]);
    cr_assert_eq(machine_now_ns(w.m), 0);
    yields_again(2);
    yields_again(1);
    cr_assert_eq(machine_now_ns(w.m), 0);
    yields_again(0);
    yields_again(2);
    cr_assert(woke());
    call_done(&nap);
    close_world();
}

Test(turn, holds_and_pauses_keep_the_clock_from_who_yields)
{
    struct call held;

    open_spinners();
    sleep_usecs(100);
    machine_hold(w.m);
    spin(3);
    cr_assert_eq(machine_now_ns(w.m), 0);
    pause_proc(turns[3].task->proc);
    cr_assert_eq(BEGIN(&held, turns[3].task->proc, ERRNO, last_errno, 0), SC_PENDING);
    machine_release(w.m);
    spin(3);
    cr_assert_eq(machine_now_ns(w.m), 0);
    resume_proc(turns[3].task->proc);
    spin(1);
    cr_assert_eq(held.user, &held);
    cr_assert_eq(machine_now_ns(w.m), 0);
    spin(2);
    cr_assert(woke());
    call_done(&held);
    call_done(&nap);
    close_world();
}

static int reached; /* goals that done() was called for */

static void on_goal(struct clock_goal *goal, int status)
{
    (void)goal;
    cr_assert_eq(status, 0);
    reached++;
}

Test(turn, a_goal_is_reached_although_some_yield)
{
    struct clock_goal goal = {0};

    reached = 0;
    open_spinners();
    sleep_usecs(100);
    machine_hold(w.m);
    cr_assert_eq(clock_go_to(w.m, &goal, 150000, on_goal), 0);
    spin(2);
    cr_assert(woke());
    cr_assert_eq(machine_now_ns(w.m), 100000);
    cr_assert_eq(reached, 0);
    spin(3);
    cr_assert_eq(reached, 1);
    cr_assert_eq(machine_now_ns(w.m), 150000);
    machine_release(w.m);
    call_done(&nap);
    close_world();
}

Test(turn, who_makes_no_call_does_not_keep_the_clock)
{
    open_world(CLOCK_VIRTUAL);
    sleep_usecs(100);
    turn_ask(&turns[0]);
    acts(0);
    w.now_ns += (uint64_t)TURN_MAX_MS * 1000000 - 1;
    world_run(&w);
    cr_assert_eq(machine_now_ns(w.m), 0);
    w.now_ns += 1;
    world_run(&w);
    cr_assert(woke());
    cr_assert_eq(machine_now_ns(w.m), 100000);
    cr_assert_not_null(strstr(w.log, "the clock moves on"));
    call_done(&nap);
    sleep_usecs(100);
    acts(0); /* it calls at last, and keeps it again */
    cr_assert_eq(machine_now_ns(w.m), 100000);
    yields_again(0);
    yields_again(0);
    cr_assert(woke());
    call_done(&nap);
    close_world();
}

Test(turn, nobody_loses_it_for_a_clock_that_is_held)
{
    open_world(CLOCK_VIRTUAL);
    machine_hold(w.m);
    sleep_usecs(100);
    turn_ask(&turns[0]);
    w.now_ns += (uint64_t)2 * TURN_MAX_MS * 1000000;
    world_run(&w);
    cr_assert_str_eq(w.log, "");
    machine_release(w.m);
    w.now_ns += (uint64_t)TURN_MAX_MS * 1000000 - 1;
    world_run(&w);
    cr_assert_str_eq(w.log, "");
    machine_hold(w.m);
    w.now_ns += 1;
    world_run(&w);
    cr_assert_str_eq(w.log, "", "it is held again");
    machine_release(w.m);
    w.now_ns += (uint64_t)TURN_MAX_MS * 1000000;
    world_run(&w);
    cr_assert(woke());
    call_done(&nap);
    close_world();
}
