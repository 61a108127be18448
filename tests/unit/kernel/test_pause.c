/* SPDX-License-Identifier: MIT */
/* Pausing and stepping: calls are held before they are carried out. */
#include "server/kernel/call/pause.h"
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

TestSuite(pause, .init = setup, .fini = teardown, .timeout = 20);

static struct proc *child_of(struct proc *p)
{
    struct proc *child;

    cr_assert_eq(proc_new(p, &child), 0);
    cr_assert_eq(proc_drive(child, "child"), 0);
    return child;
}

static void end(struct proc *child)
{
    child->detached = true;
    proc_end(child, PS_KILLED, 0, NULL);
}

/** Hold a call of w.p that creates root:/a. */
static void hold_create(struct call *c)
{
    pause_proc(w.p);
    cr_assert_eq(BEGIN(c, w.p, CREATE, create, S("root:/a"), FT_REGULAR), SC_PENDING);
    world_run(&w);
    cr_assert_null(c->user, "it is held");
    cr_assert_eq(pause_held(w.m, w.p->pid), c);
}

Test(pause, a_held_call_has_not_acted_until_it_is_stepped)
{
    struct call create;
    struct call stat;

    hold_create(&create);
    spy_expect(&spy, "+1:CREATE@2 ?1:CREATE@2 ");
    pause_step(&create);
    cr_assert_null(pause_held(w.m, w.p->pid));
    world_run(&w);
    cr_assert_eq(create.user, &create);
    cr_assert_eq(create.status, 0);
    cr_assert_eq(BEGIN(&stat, w.p, STAT, stat, S("root:/a")), SC_PENDING, "the next one is held");
    resume_proc(w.p);
    world_run(&w);
    cr_assert_eq(stat.status, 0);
    spy_expect(&spy, "-1:CREATE@2=0 +2:STAT@2 ?2:STAT@2 -2:STAT@2=0 ");
    call_done(&create);
    call_done(&stat);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
}

Test(pause, what_was_in_flight_goes_on)
{
    struct call sleep;

    cr_assert_eq(BEGIN(&sleep, w.p, USLEEP, usleep, 10), SC_PENDING);
    pause_proc(w.p);
    world_run(&w);
    cr_assert_eq(sleep.user, &sleep);
    call_done(&sleep);
    resume_proc(w.p);
}

Test(pause, virtual_time_stands_still_while_a_call_is_held)
{
    struct call sleep;
    struct call held;
    struct proc *child = child_of(w.p);

    cr_assert_eq(BEGIN(&sleep, w.p, USLEEP, usleep, 10), SC_PENDING);
    pause_proc(child);
    cr_assert_eq(BEGIN(&held, child, ERRNO, last_errno, 0), SC_PENDING);
    world_run(&w);
    cr_assert_null(sleep.user);
    cr_assert_eq(machine_now_ns(w.m), 0);
    resume_proc(child);
    world_run(&w);
    cr_assert_eq(held.user, &held);
    cr_assert_eq(sleep.user, &sleep);
    call_done(&sleep);
    call_done(&held);
    end(child);
}

Test(pause, an_answered_call_is_not_carried_out)
{
    struct call create;
    struct call open;
    struct sc_stat stat;

    hold_create(&create);
    pause_answer(&create, -EDQUOT);
    world_run(&w);
    cr_assert_eq(create.status, -EDQUOT);
    cr_assert_str_eq(create.why.text[0], "it was held, and its outcome was set by proc.step");
    cr_assert(create.imposed);
    call_done(&create);
    cr_assert_eq(BEGIN(&open, w.p, OPEN, open, S("root:/a"), FM_READ), SC_PENDING);
    open.out.open.fd = 42;
    pause_answer(&open, 0);
    resume_proc(w.p);
    world_run(&w);
    cr_assert_eq(open.status, 0);
    cr_assert_eq(open.out.open.fd, 42);
    call_done(&open);
    cr_assert_eq(w_stat(w.p, "root:/a", &stat), -ENOENT);
}

Test(pause, a_whole_machine_pauses_with_those_made_later)
{
    struct call mine;
    struct call its;
    struct proc *child;

    pause_machine(w.m);
    child = child_of(w.p);
    cr_assert_eq(BEGIN(&its, child, ERRNO, last_errno, 0), SC_PENDING);
    cr_assert_eq(BEGIN(&mine, w.p, ERRNO, last_errno, 0), SC_PENDING);
    resume_proc(child);
    world_run(&w);
    cr_assert_eq(its.user, &its, "one of them goes on");
    cr_assert_null(mine.user);
    resume_machine(w.m);
    world_run(&w);
    cr_assert_eq(mine.user, &mine);
    call_done(&mine);
    call_done(&its);
    end(child);
    child = child_of(w.p);
    cr_assert(!child->paused);
    end(child);
}

Test(pause, held_calls_of_one_process_go_in_their_order)
{
    struct call first;
    struct call second;

    pause_proc(w.p);
    cr_assert_eq(BEGIN(&first, w.p, ERRNO, last_errno, 0), SC_PENDING);
    cr_assert_eq(BEGIN(&second, w.p, ERRNO, last_errno, 0), SC_PENDING);
    cr_assert_eq(pause_held(w.m, w.p->pid), &first);
    pause_step(&first);
    cr_assert_eq(pause_held(w.m, w.p->pid), &second);
    world_run(&w);
    cr_assert_eq(first.user, &first);
    cr_assert_null(second.user);
    resume_proc(w.p);
    world_run(&w);
    spy_expect(&spy, "+1:ERRNO@2 ?1:ERRNO@2 +2:ERRNO@2 ?2:ERRNO@2 -1:ERRNO@2=0 -2:ERRNO@2=0 ");
    call_done(&first);
    call_done(&second);
}

Test(pause, a_cancelled_call_leaves_the_pause)
{
    struct call create;
    struct sc_stat stat;

    hold_create(&create);
    call_cancel(&create, -ECANCELED);
    cr_assert_eq(create.status, -ECANCELED);
    cr_assert_null(pause_held(w.m, w.p->pid));
    resume_proc(w.p);
    cr_assert_eq(w_stat(w.p, "root:/a", &stat), -ENOENT);
    call_done(&create);
}

Test(pause, a_step_may_be_overtaken_by_cancel_or_kill)
{
    struct call stepped;
    struct call killed;
    struct proc *child = child_of(w.p);

    hold_create(&stepped);
    pause_step(&stepped);
    call_cancel(&stepped, -ECANCELED);
    world_run(&w);
    cr_assert_eq(stepped.status, -ECANCELED);
    pause_proc(child);
    cr_assert_eq(BEGIN(&killed, child, ERRNO, last_errno, 0), SC_PENDING);
    pause_answer(&killed, 0);
    end(child);
    world_run(&w);
    cr_assert_eq(killed.status, -ECANCELED);
    resume_proc(w.p);
    call_done(&stepped);
    call_done(&killed);
}

Test(pause, exit_can_be_held_stepped_and_killed)
{
    struct sc_proc_status status;
    struct proc *child = child_of(w.p);
    int pid = child->pid;
    struct call exits;

    pause_proc(child);
    cr_assert_eq(BEGIN(&exits, child, EXIT, exit, 9), SC_PENDING);
    cr_assert_eq(child->state, (uint32_t)PS_RUNNING);
    pause_step(&exits);
    world_run(&w);
    cr_assert_eq(exits.user, &exits);
    cr_assert_null(exits.proc);
    cr_assert_eq(w_kill(w.p, pid, &status), 0);
    cr_assert_eq(status.return_code, 9);
    spy_expect(&spy, "+1:EXIT@3 ?1:EXIT@3 x3 +2:PROC_KILL@2 -2:PROC_KILL@2=0 ");
    call_done(&exits);

    child = child_of(w.p);
    pause_proc(child);
    cr_assert_eq(BEGIN(&exits, child, EXIT, exit, 9), SC_PENDING);
    end(child);
    cr_assert_eq(exits.status, -ECANCELED);
    call_done(&exits);
}

Test(pause, a_call_that_nobody_would_be_told_of_is_not_held)
{
    struct call c;

    pause_machine(w.m);
    call_init(&c, w.p, &abi_driven, SC_ERRNO, NULL, NULL);
    cr_assert_eq(call_begin(&c), 0);
    resume_machine(w.m);
}

Test(pause, a_machine_ends_with_calls_held)
{
    struct call held;

    pause_machine(w.m);
    cr_assert_eq(BEGIN(&held, w.p, USLEEP, usleep, 5), SC_PENDING);
    spy_stop(&spy);
    listener_remove(w.m, &w.listener);
    machine_free(w.m);
    cr_assert_eq(held.status, -ECANCELED);
    call_done(&held);
    world_open(&w, CLOCK_VIRTUAL);
    spy_start(&spy, w.m, 0);
}

Test(pause, what_begins_after_the_pause_goes_behind_what_was_held)
{
    struct call create;
    struct call write;
    struct call other;

    hold_create(&create);
    resume_proc(w.p);
    cr_assert_eq(BEGIN(&write, w.p, OPEN, open, S("root:/a"), FM_WRITE), SC_PENDING,
                 "the file is not there yet");
    listener_remove(w.m, &spy.listener);
    cr_assert_eq(BEGIN(&other, w.p, DELETE, delete, S("root:/a")), SC_PENDING);
    listener_add(w.m, &spy.listener);
    world_run(&w);
    cr_assert_eq(write.status, 0);
    cr_assert_eq(other.status, -EBUSY, "it was opened before");
    cr_assert_eq(w.p->task.queued, 0);
    call_done(&create);
    call_done(&write);
    call_done(&other);
    w_close(w.p, 1);
    w_delete(w.p, "root:/a");
}

Test(pause, a_place_in_the_line_is_given_up_by_cancelling)
{
    struct call held;
    struct call behind;
    struct call free;

    pause_proc(w.p);
    cr_assert_eq(BEGIN(&held, w.p, ERRNO, last_errno, 0), SC_PENDING);
    resume_proc(w.p);
    cr_assert_eq(BEGIN(&behind, w.p, ERRNO, last_errno, 0), SC_PENDING);
    call_cancel(&behind, -ECANCELED);
    call_cancel(&held, -ECANCELED);
    cr_assert_eq(BEGIN(&free, w.p, ERRNO, last_errno, 0), 0, "nobody stands in line");
    call_done(&held);
    call_done(&behind);
    call_done(&free);
}

/** A sleeper whom the held call of @child keeps from waking. */
static void hold_clock(struct proc *child, struct call *sleep, struct call *held)
{
    cr_assert_eq(BEGIN(sleep, w.p, USLEEP, usleep, 10), SC_PENDING);
    pause_proc(child);
    cr_assert_eq(BEGIN(held, child, ERRNO, last_errno, 0), SC_PENDING);
    world_run(&w);
    cr_assert_null(sleep->user);
}

Test(pause, virtual_time_goes_on_when_the_held_call_is_withdrawn)
{
    struct call sleep;
    struct call held;
    struct proc *child = child_of(w.p);

    hold_clock(child, &sleep, &held);
    call_cancel(&held, -ECANCELED);
    world_run(&w);
    cr_assert_eq(sleep.user, &sleep);
    call_done(&sleep);
    call_done(&held);
    end(child);
}

Test(pause, virtual_time_goes_on_when_the_process_of_the_held_call_ends)
{
    struct call sleep;
    struct call held;
    struct proc *child = child_of(w.p);

    hold_clock(child, &sleep, &held);
    end(child);
    world_run(&w);
    cr_assert_eq(sleep.user, &sleep);
    call_done(&sleep);
    call_done(&held);
}
