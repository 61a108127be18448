/* SPDX-License-Identifier: MIT */
/* Turns of guests: one at a time on a virtual clock, in the order they asked. */
#include "server/kernel/turn.h"
#include "tests/unit/world.h"

#include <criterion/criterion.h>

enum { GUESTS = 4 };

static struct world w;
static struct turn turns[GUESTS];
static char order[64]; /* which guests were let run: "0121" */

static void on_run(struct turn *t)
{
    size_t used = strlen(order);

    order[used] = (char)('0' + (t - turns));
    order[used + 1] = '\0';
    machine_guest_busy(t->proc, true);
}

static void open_world(enum clock_kind clock)
{
    world_open(&w, clock);
    order[0] = '\0';
    for (int i = 0; i < GUESTS; i++) {
        struct proc *p = proc_child(w.p, w_new_proc(w.p));

        cr_assert_eq(proc_drive(p, "guest"), 0);
        turn_init(&turns[i], p, on_run);
    }
}

static void close_world(void)
{
    struct sc_proc_status status;

    for (int i = 0; i < GUESTS; i++) {
        turn_end(&turns[i]);
        cr_assert_eq(w_kill(w.p, turns[i].proc->pid, &status), 0);
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
    machine_guest_busy(turns[1].proc, true);
    turn_ask(&turns[1]);
    turn_end(&turns[0]);
    machine_guest_busy(turns[0].proc, false);
    world_run(&w);
    cr_assert_eq(machine_now_ns(w.m), 0);
    turn_end(&turns[1]);
    machine_guest_busy(turns[1].proc, false);
    world_run(&w);
    cr_assert_eq(machine_now_ns(w.m), 5000);
    call_done(&nap);
    close_world();
}
