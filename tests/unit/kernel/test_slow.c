/* SPDX-License-Identifier: MIT */
/*
 * Machines that stand still for a slow filesystem, and what arrives meanwhile. The fake workers work when
 * the test says so, so every order of events can be had.
 */
#include "server/kernel/call/pause.h"
#include "server/kernel/clock.h"
#include "server/kernel/door/slow.h"
#include "server/kernel/fs/open_file.h"
#include "server/kernel/input.h"
#include "tests/slow/slow_world.h"

#include <criterion/criterion.h>

#include <errno.h>

Test(slow, a_machine_without_slow_filesystems_has_no_stack)
{
    struct world w;

    world_open(&w, CLOCK_REAL);
    cr_assert_null(w.m->stand.stack);
    cr_assert_null(w.m->stand.next_stack);
    cr_assert_eq(w.workers, 0);
    world_close(&w);
}

Test(slow, what_need_not_wait_is_done_in_place)
{
    struct world w;
    int fd;

    sw_open_world(&w, CLOCK_REAL, 0);
    cr_assert_not_null(w.m->stand.stack);
    fd = w_open(w.p, "slow:/a", FM_READ | FM_WRITE | FM_CREATE);
    cr_assert_geq(fd, 0);
    cr_assert_eq(w_write(w.p, fd, 0, "text"), 4);
    cr_assert_eq(w_close(w.p, fd), 0);
    cr_assert_eq(sw_plan.waited, 0);
    sw_close_world(&w);
}

Test(slow, what_waits_answers_the_same)
{
    struct world w;
    char buf[8] = "";
    struct call c;
    int fd;

    sw_open_world(&w, CLOCK_REAL, 100);
    fd = sw_open_file(&w, "slow:/a");
    cr_assert_eq(sw_write_text(&w, fd, "text"), 0);
    call_init(&c, w.p, &abi_driven, SC_READ, w_on_done, NULL);
    c.args.read = (struct sc_read_args){fd, 0, sizeof(buf)};
    c.out.read.data = (struct sc_buf){buf, sizeof(buf), 0};
    cr_assert_eq(call_begin(&c), SC_PENDING);
    cr_assert_eq(sw_answer(&w, &c), 0);
    cr_assert_eq(c.out.read.data.len, 4);
    cr_assert_arr_eq(buf, "text", 5);
    (void)sw_begin_open(&w, w.p, &c, "slow:/no/such");
    cr_assert_eq(sw_answer(&w, &c), -ENOENT);
    cr_assert_eq(sw_close_file(&w, fd), 0);
    cr_assert_gt(sw_plan.waited, 3);
    sw_close_world(&w);
}

Test(slow, other_calls_wait_for_their_turn)
{
    struct call first;
    struct call second;
    struct call third;
    struct world w;

    sw_open_world(&w, CLOCK_REAL, 100);
    cr_assert_eq(sw_begin_open(&w, w.p, &first, "slow:/a"), SC_PENDING);
    cr_assert_not_null(w.m->stand.slot);
    cr_assert_eq(BEGIN(&second, w.p, FS_ENUM, fs_enum, 0), SC_PENDING);
    cr_assert_eq(sw_begin_open(&w, w.p, &third, "root:/a"), SC_PENDING);
    cr_assert_eq(first.state, CALL_RUNNING);
    cr_assert_eq(second.state, CALL_QUEUED);
    sw_work(&w);
    cr_assert_eq(first.status, 0);
    cr_assert_eq(second.status, 0);
    cr_assert_eq(third.status, 0);
    cr_assert_lt(first.seq, second.seq);
    cr_assert_lt(second.seq, third.seq);
    cr_assert_eq(third.user, &third);
    call_done(&second);
    cr_assert_eq(w_close(w.p, third.out.open.fd), 0);
    cr_assert_eq(sw_close_file(&w, first.out.open.fd), 0);
    sw_close_world(&w);
}

Test(slow, a_queued_call_that_is_cancelled_never_begins)
{
    struct call first;
    struct call second;
    struct world w;

    sw_open_world(&w, CLOCK_REAL, 100);
    cr_assert_eq(sw_begin_open(&w, w.p, &first, "slow:/a"), SC_PENDING);
    cr_assert_eq(sw_begin_open(&w, w.p, &second, "root:/never"), SC_PENDING);
    call_cancel(&second, -ECANCELED);
    cr_assert_eq(second.state, CALL_FINISHED);
    cr_assert_eq(second.status, -ECANCELED);
    cr_assert_eq(second.user, &second);
    cr_assert_eq(sw_interrupts, 0);
    cr_assert_eq(sw_answer(&w, &first), 0);
    cr_assert_eq(sw_close_file(&w, first.out.open.fd), 0);
    cr_assert_eq(w_open(w.p, "root:/never", FM_READ), -ENOENT);
    sw_close_world(&w);
}

Test(slow, an_instance_that_is_destroyed_is_not_interrupted)
{
    struct world w;
    struct call c;

    sw_open_world(&w, CLOCK_REAL, 0);
    cr_assert_eq(BEGIN(&c, w.p, RM_FS, rm_fs, S("slow")), SC_PENDING);
    cr_assert_not_null(w.m->stand.slot);
    call_cancel(&c, -ECANCELED);
    slow_interrupt(w.m);
    cr_assert_eq(sw_interrupts, 0);
    cr_assert_eq(sw_answer(&w, &c), 0);
    sw_close_world(&w);
}

Test(slow, a_call_that_stands_is_interrupted_and_ends_as_it_ends)
{
    struct world w;
    struct call c;

    sw_open_world(&w, CLOCK_REAL, 100);
    cr_assert_eq(sw_begin_open(&w, w.p, &c, "slow:/a"), SC_PENDING);
    call_cancel(&c, -ECANCELED);
    cr_assert_eq(sw_interrupts, 1);
    cr_assert_eq(c.state, CALL_RUNNING);
    sw_worker_answer = -EINTR;
    cr_assert(world_work(&w));
    sw_worker_answer = 0;
    sw_work(&w);
    cr_assert_eq(c.state, CALL_FINISHED);
    cr_assert_eq(c.status, -ECANCELED);
    call_done(&c);
    sw_close_world(&w);
}

Test(slow, a_parked_call_is_cancelled_in_its_turn)
{
    struct call sleeping;
    struct world w;
    struct call c;

    sw_open_world(&w, CLOCK_REAL, 100);
    cr_assert_eq(BEGIN(&sleeping, w.p, USLEEP, usleep, 1000000), SC_PENDING);
    cr_assert_eq(sw_begin_open(&w, w.p, &c, "slow:/a"), SC_PENDING);
    call_cancel(&sleeping, -ECANCELED);
    call_cancel(&sleeping, -ECANCELED);
    cr_assert_eq(sleeping.state, CALL_PARKED);
    cr_assert_eq(sw_answer(&w, &c), 0);
    cr_assert_eq(sleeping.state, CALL_FINISHED);
    cr_assert_eq(sleeping.status, -ECANCELED);
    cr_assert_eq(sw_close_file(&w, c.out.open.fd), 0);
    sw_close_world(&w);
}

Test(slow, who_stands_can_be_killed)
{
    struct sc_proc_status status;
    struct proc *child;
    struct world w;
    struct call c;
    struct call next;

    sw_open_world(&w, CLOCK_REAL, 100);
    child = sw_child(&w);
    cr_assert_eq(sw_begin_open(&w, child, &c, "slow:/a"), SC_PENDING);
    cr_assert_eq(sw_begin_open(&w, child, &next, "slow:/b"), SC_PENDING);
    proc_end(child, PS_KILLED, 0, "a test");
    proc_end(child, PS_KILLED, 0, "once more");
    cr_assert_eq(sw_interrupts, 1);
    cr_assert_not(proc_has_ended(child));
    sw_work(&w);
    cr_assert(proc_has_ended(child));
    cr_assert_eq(c.status, 0);
    cr_assert_eq(next.state, CALL_FINISHED);
    cr_assert_eq(next.status, 0, "its turn came before the kill's");
    cr_assert_eq(w_kill(w.p, child->pid, &status), 0);
    sw_close_world(&w);
}

Test(slow, a_process_that_dies_takes_its_queued_calls_along)
{
    struct sc_proc_status status;
    struct proc *child;
    struct call c;
    struct call kill;
    struct call late;
    struct world w;

    sw_open_world(&w, CLOCK_REAL, 100);
    child = sw_child(&w);
    cr_assert_eq(sw_begin_open(&w, w.p, &c, "slow:/a"), SC_PENDING);
    cr_assert_eq(BEGIN(&kill, w.p, PROC_KILL, proc_kill, child->pid), SC_PENDING);
    cr_assert_eq(sw_begin_open(&w, child, &late, "slow:/b"), SC_PENDING);
    sw_work(&w);
    cr_assert_eq(c.status, 0);
    cr_assert_eq(kill.status, 0);
    status = kill.out.proc_kill.status;
    cr_assert_eq(status.state, PS_KILLED);
    cr_assert_eq(late.state, CALL_FINISHED);
    cr_assert_eq(late.status, -ECANCELED);
    cr_assert_eq(sw_interrupts, 0);
    call_done(&late);
    cr_assert_eq(sw_close_file(&w, c.out.open.fd), 0);
    sw_close_world(&w);
}

Test(slow, the_clock_does_not_jump_while_it_stands)
{
    struct call sleeping;
    struct world w;
    struct call c;

    sw_open_world(&w, CLOCK_VIRTUAL, 100);
    cr_assert_eq(sw_begin_open(&w, w.p, &c, "slow:/a"), SC_PENDING);
    cr_assert_eq(BEGIN(&sleeping, w.p, USLEEP, usleep, 1000000), SC_PENDING);
    world_run(&w);
    machine_tick(w.m);
    cr_assert_eq(machine_now_ns(w.m), 0);
    sw_work(&w);
    cr_assert_eq(sleeping.status, 0);
    cr_assert_eq(machine_now_ns(w.m), NS_PER_S);
    cr_assert_eq(c.status, 0);
    cr_assert_eq(sw_close_file(&w, c.out.open.fd), 0);
    sw_close_world(&w);
}

Test(slow, a_machine_is_freed_while_it_stands)
{
    struct call second;
    struct world w;
    struct call c;

    sw_open_world(&w, CLOCK_REAL, 100);
    cr_assert_eq(sw_begin_open(&w, w.p, &c, "slow:/a"), SC_PENDING);
    cr_assert_eq(sw_begin_open(&w, w.p, &second, "slow:/b"), SC_PENDING);
    listener_remove(w.m, &w.listener);
    machine_free(w.m);
    cr_assert_eq(c.status, 0);
    cr_assert_eq(second.status, 0);
    cr_assert_eq(w.workers, 0);
}

Test(slow, without_a_worker_none_is_made_EMFILE)
{
    struct world w;

    sw_open_world(&w, CLOCK_REAL, 100);
    w.worker_short = true;
    cr_assert_eq(sw_make(&w, "more", ""), -EMFILE);
    sw_close_world(&w);
}

Test(slow, the_first_one_has_the_machine_stand_already_while_it_is_made)
{
    struct world w;
    struct call c;
    struct call next;

    sw_plan = (struct slow_plan){.percent = 100, .seed = 1};
    world_open(&w, CLOCK_REAL);
    cr_assert_eq(sw_begin_make(&w, w.p, &c), SC_PENDING);
    cr_assert_not_null(w.m->stand.slot);
    cr_assert_eq(BEGIN(&next, w.p, FS_ENUM, fs_enum, 0), SC_PENDING);
    cr_assert_eq(sw_answer(&w, &c), 0);
    cr_assert_eq(sw_answer(&w, &next), 0);
    sw_close_world(&w);
}

Test(slow, a_call_of_a_guest_that_is_queued_keeps_its_turn)
{
    struct turn turn;
    struct call first;
    struct call second;
    struct world w;

    sw_open_world(&w, CLOCK_VIRTUAL, 100);
    turn_init(&turn, &w.p->task, NULL);
    w.m->turns.running = &turn;
    cr_assert_eq(sw_begin_open(&w, w.p, &first, "slow:/a"), SC_PENDING);
    call_init(&second, w.p, &abi_driven, SC_FS_ENUM, w_on_done, NULL);
    cr_assert_eq(input_call(&second, &turn), SC_PENDING);
    cr_assert_eq(w.m->turns.running, &turn);
    cr_assert_eq(sw_answer(&w, &second), 0);
    cr_assert_null(w.m->turns.running);
    cr_assert_eq(first.status, 0);
    cr_assert_eq(sw_close_file(&w, first.out.open.fd), 0);
    sw_close_world(&w);
}
