/* SPDX-License-Identifier: MIT */
/* Events of calls: every call is told when it begins and when it has finished, however it did. */
#include "tests/unit/kernel/spy.h"
#include "tests/unit/kernel/world.h"

#include <criterion/criterion.h>

#include <errno.h>

static struct world w;
static struct spy spy;

static void setup(void)
{
    world_open(&w, CLOCK_VIRTUAL);
    spy_start(&spy, w.m, 0);
}

static void teardown(void)
{
    spy_stop(&spy);
    world_close(&w);
}

TestSuite(trace, .init = setup, .fini = teardown, .timeout = 20);

Test(trace, a_call_is_told_before_and_after)
{
    cr_assert_eq(w_open(w.p, "root:/no", FM_READ), -ENOENT);
    cr_assert_eq(w_create(w.p, "root:/a", FT_REGULAR), 0);
    spy_expect(&spy, "+1:OPEN@2 -1:OPEN@2=ENOENT +2:CREATE@2 -2:CREATE@2=0 ");
    w_delete(w.p, "root:/a");
}

Test(trace, without_a_listener_calls_still_have_numbers)
{
    struct call c;

    spy_stop(&spy);
    cr_assert_eq(BEGIN(&c, w.p, ERRNO, last_errno, 0), 0);
    cr_assert_eq(c.seq, 1);
    cr_assert_eq(BEGIN(&c, w.p, ERRNO, last_errno, 0), 0);
    cr_assert_eq(c.seq, 2);
    spy_start(&spy, w.m, 0);
}

Test(trace, a_parked_call_returns_when_it_has_finished)
{
    struct call sleep;

    cr_assert_eq(BEGIN(&sleep, w.p, USLEEP, usleep, 250), SC_PENDING);
    spy_expect(&spy, "+1:USLEEP@2 ");
    world_run(&w);
    spy_expect(&spy, "-1:USLEEP@2=0 ");
    cr_assert_eq(sleep.begun_ns, 0);
    cr_assert_eq(machine_now_ns(w.m), 250000);
    call_done(&sleep);
}

Test(trace, a_call_that_began_before_is_not_told_at_its_end)
{
    struct call sleep;

    spy_stop(&spy);
    cr_assert_eq(BEGIN(&sleep, w.p, USLEEP, usleep, 1), SC_PENDING);
    spy_start(&spy, w.m, 0);
    world_run(&w);
    cr_assert_eq(sleep.user, &sleep);
    spy_expect(&spy, "");
    call_done(&sleep);
}

Test(trace, a_cancelled_call_returns_with_what_ended_it)
{
    struct call wait;
    int child = w_new_proc(w.p);
    struct sc_proc_status status;

    cr_assert_eq(BEGIN(&wait, w.p, PROC_WAIT, proc_wait, child), SC_PENDING);
    call_cancel(&wait, -ECANCELED);
    spy_expect(&spy, "+1:NEW_PROC@2 -1:NEW_PROC@2=0 +2:PROC_WAIT@2 -2:PROC_WAIT@2=ECANCELED ");
    call_done(&wait);
    w_kill(w.p, child, &status);
}

Test(trace, a_killed_process_returns_from_its_calls_before_its_end)
{
    struct call sleep;
    struct sc_proc_status status;
    int pid = w_new_proc(w.p);
    struct proc *child = proc_find(w.m, pid);

    cr_assert_eq(proc_drive(child, "child"), 0);
    cr_assert_eq(BEGIN(&sleep, child, USLEEP, usleep, 1000000), SC_PENDING);
    cr_assert_eq(w_kill(w.p, pid, &status), 0);
    spy_expect(&spy,
               "+1:NEW_PROC@2 -1:NEW_PROC@2=0 +2:USLEEP@3 +3:PROC_KILL@2 -2:USLEEP@3=ECANCELED x3 "
               "-3:PROC_KILL@2=0 ");
    cr_assert_eq(sleep.pid, pid, "the number stays");
    call_done(&sleep);
}

Test(trace, exit_begins_and_does_not_return)
{
    struct sc_proc_status status;
    int pid = w_new_proc(w.p);
    struct proc *child = proc_find(w.m, pid);

    cr_assert_eq(proc_drive(child, "child"), 0);
    cr_assert_eq(w_exit(child, 5), 0);
    spy_expect(&spy, "+1:NEW_PROC@2 -1:NEW_PROC@2=0 +2:EXIT@3 x3 ");
    w_kill(w.p, pid, &status);
    cr_assert_eq(status.return_code, 5);
}

Test(trace, a_call_of_an_ended_process_is_told)
{
    struct sc_proc_status status;
    int pid = w_new_proc(w.p);
    struct proc *child = proc_find(w.m, pid);
    struct call c;

    proc_drive(child, "child");
    w_exit(child, 0);
    spy_expect(&spy, "+1:NEW_PROC@2 -1:NEW_PROC@2=0 +2:EXIT@3 x3 ");
    machine_stall(w.m);
    cr_assert_eq(BEGIN(&c, child, ERRNO, last_errno, 0), -ECANCELED, "nothing holds it");
    machine_unstall(w.m);
    spy_expect(&spy, "+3:ERRNO@3 -3:ERRNO@3=ECANCELED ");
    call_done(&c);
    w_kill(w.p, pid, &status);
}

Test(trace, a_listener_may_want_one_process_and_those_below_it)
{
    static struct spy below;
    struct sc_proc_status status;
    int pid = w_new_proc(w.p);
    struct proc *child = proc_find(w.m, pid);

    cr_assert_eq(proc_drive(child, "child"), 0);
    spy_start(&below, w.m, pid);
    w_create(w.p, "root:/x", FT_REGULAR);
    w_new_proc(child);
    cr_assert_eq(proc_drive(proc_find(w.m, 4), "grandchild"), 0);
    w_open(proc_find(w.m, 4), "root:/x", FM_READ);
    w_delete(w.p, "root:/x");
    spy_expect(&below, "+3:NEW_PROC@3 -3:NEW_PROC@3=0 +4:OPEN@4 -4:OPEN@4=ENODEV ");
    w_kill(w.p, pid, &status);
    spy_expect(&below, "x4 x3 ");
    spy_stop(&below);
}

Test(trace, a_told_call_waits_before_it_acts_while_a_listener_lags)
{
    struct call create;
    struct sc_stat stat;

    machine_stall(w.m);
    cr_assert_eq(BEGIN(&create, w.p, CREATE, create, S("root:/a"), FT_REGULAR), SC_PENDING);
    world_run(&w);
    spy_expect(&spy, "+1:CREATE@2 ");
    cr_assert_null(create.user);
    machine_unstall(w.m);
    world_run(&w);
    cr_assert_eq(create.user, &create);
    cr_assert_eq(create.status, 0);
    spy_expect(&spy, "-1:CREATE@2=0 ");
    call_done(&create);
    cr_assert_eq(w_stat(w.p, "root:/a", &stat), 0);
    w_delete(w.p, "root:/a");
}

Test(trace, failing_and_sleeping_calls_wait_as_well)
{
    struct call fails;
    struct call sleep;

    machine_stall(w.m);
    cr_assert_eq(BEGIN(&fails, w.p, CLOSE, close, 77), SC_PENDING);
    cr_assert_eq(BEGIN(&sleep, w.p, USLEEP, usleep, 5), SC_PENDING);
    world_run(&w);
    spy_expect(&spy, "+1:CLOSE@2 +2:USLEEP@2 ");
    machine_unstall(w.m);
    world_run(&w);
    cr_assert_eq(fails.status, -EBADF);
    spy_expect(&spy, "-1:CLOSE@2=EBADF -2:USLEEP@2=0 ");
    call_done(&fails);
    call_done(&sleep);
}

Test(trace, who_is_not_told_does_not_wait)
{
    struct sc_proc_status status;
    int pid = w_new_proc(w.p);
    struct call c;

    spy_stop(&spy);
    spy_start(&spy, w.m, pid);
    machine_stall(w.m);
    cr_assert_eq(BEGIN(&c, w.p, ERRNO, last_errno, 0), 0);
    machine_unstall(w.m);
    spy_expect(&spy, "");
    w_kill(w.p, pid, &status);
}

Test(trace, a_held_call_may_be_cancelled_or_killed_before_it_acts)
{
    struct call cancelled;
    struct call killed;
    struct sc_stat stat;
    int pid = w_new_proc(w.p);
    struct proc *child = proc_find(w.m, pid);
    struct call kill;

    proc_drive(child, "child");
    machine_stall(w.m);
    cr_assert_eq(BEGIN(&cancelled, w.p, CREATE, create, S("root:/a"), FT_REGULAR), SC_PENDING);
    cr_assert_eq(BEGIN(&killed, child, ERRNO, last_errno, 0), SC_PENDING);
    call_cancel(&cancelled, -ECANCELED);
    cr_assert_eq(BEGIN(&kill, w.p, PROC_KILL, proc_kill, pid), SC_PENDING);
    machine_unstall(w.m);
    proc_end(child, PS_KILLED, 0, NULL);
    world_run(&w);
    cr_assert_eq(kill.status, 0);
    spy_expect(&spy, "+1:NEW_PROC@2 -1:NEW_PROC@2=0 +2:CREATE@2 +3:ERRNO@3 -2:CREATE@2=ECANCELED "
                     "+4:PROC_KILL@2 -3:ERRNO@3=ECANCELED x3 -4:PROC_KILL@2=0 ");
    cr_assert_eq(w_stat(w.p, "root:/a", &stat), -ENOENT, "it never acted");
    call_done(&cancelled);
    call_done(&killed);
    call_done(&kill);
}

/** done() of a call that begins another one. */
static void on_done_begin(struct call *call)
{
    struct call *next = call->user;

    call->user = call;
    (void)BEGIN(next, w.p, ERRNO, last_errno, 0);
}

Test(trace, a_call_within_a_call_does_not_hide_what_the_outer_one_told)
{
    struct call sleep;
    struct call inner;
    struct call exits;
    int pid = w_new_proc(w.p);
    struct proc *child = proc_find(w.m, pid);

    spy_stop(&spy); /* only the log is listened to */
    proc_drive(child, "child");
    call_init(&sleep, child, &abi_driven, SC_USLEEP, on_done_begin, &inner);
    sleep.args.usleep.usecs = 1000;
    cr_assert_eq(call_begin(&sleep), SC_PENDING);
    w.listener.kinds = EVENT_LOG | EVENT_NOTE | EVENT_END;
    listener_remove(w.m, &w.listener);
    listener_add(w.m, &w.listener);
    machine_stall(w.m);
    cr_assert_eq(BEGIN(&exits, w.p, PROC_KILL, proc_kill, pid), SC_PENDING,
                 "the end of the child was heard, so the kill waits");
    cr_assert_eq(sleep.user, &sleep);
    cr_assert_eq(inner.status, 0);
    machine_unstall(w.m);
    world_run(&w);
    cr_assert_eq(exits.user, &exits);
    call_done(&sleep);
    call_done(&inner);
    call_done(&exits);
    spy_start(&spy, w.m, 0);
}

Test(trace, calls_of_one_process_act_in_the_order_they_began)
{
    struct call create;
    struct call open;
    struct call close;

    machine_stall(w.m);
    cr_assert_eq(BEGIN(&create, w.p, CREATE, create, S("root:/a"), FT_REGULAR), SC_PENDING);
    machine_unstall(w.m);
    cr_assert_eq(BEGIN(&open, w.p, OPEN, open, S("root:/a"), FM_READ), SC_PENDING);
    machine_stall(w.m);
    cr_assert_eq(BEGIN(&close, w.p, CLOSE, close, 1), SC_PENDING);
    world_run(&w);
    cr_assert_eq(open.status, 0);
    cr_assert_null(close.user);
    machine_unstall(w.m);
    world_run(&w);
    cr_assert_eq(close.status, 0);
    spy_expect(&spy, "+1:CREATE@2 +2:OPEN@2 +3:CLOSE@2 -1:CREATE@2=0 -2:OPEN@2=0 -3:CLOSE@2=0 ");
    call_done(&create);
    call_done(&open);
    call_done(&close);
    w_delete(w.p, "root:/a");
}

Test(trace, what_has_acted_and_waits_to_be_told_is_not_undone_by_cancelling)
{
    struct call c;

    machine_stall(w.m);
    spy_stop(&spy);
    cr_assert_eq(BEGIN(&c, w.p, DBG_PRINT, dbg_print, S("heard")), SC_PENDING);
    cr_assert_str_eq(w.log, "heard");
    call_cancel(&c, -ECANCELED);
    cr_assert_eq(c.user, &c, "the waiting is over");
    cr_assert_eq(c.status, 0, "but it was heard");
    machine_unstall(w.m);
    spy_start(&spy, w.m, 0);
    call_done(&c);
}
