/* SPDX-License-Identifier: MIT */
/* Processes, waits, and clocks. Cites: ABI, calls 1-3, 10-13, 50-59; start of a guest. */
#include "tests/unit/kernel/world.h"

#include <criterion/criterion.h>

#include <errno.h>

static struct world w;

static void setup(void)
{
    world_open(&w, CLOCK_VIRTUAL);
}

static void teardown(void)
{
    world_close(&w);
}

TestSuite(proc, .init = setup, .fini = teardown);

/** Make a child that the test drives. */
static struct proc *new_child(struct proc *p)
{
    struct proc *child = proc_child(p, w_new_proc(p));

    cr_assert_not_null(child);
    cr_assert_eq(proc_drive(child, "child"), 0);
    return child;
}

Test(proc, new_child_has_nothing)
{
    struct call c;
    int pid = w_new_proc(w.p);

    cr_assert_eq(pid, w.p->pid + 1);
    cr_assert_eq(BEGIN(&c, w.p, PROC_STATUS, proc_status, pid), 0);
    cr_assert_eq(c.out.proc_status.status.state, PS_LOADING);
    cr_assert_eq(proc_child(w.p, pid)->ns.count, 0);
    cr_assert_eq(w_kill(w.p, pid, &c.out.proc_status.status), 0);
    cr_assert_eq(c.out.proc_status.status.state, PS_KILLED);
    cr_assert_eq(w_kill(w.p, pid, &c.out.proc_status.status), -ESRCH);
    cr_assert_eq(w_new_proc(w.p), pid + 1, "pids are never reused");
    cr_assert_eq(w_kill(w.p, pid + 1, &c.out.proc_status.status), 0);
}

Test(proc, wait_parks_until_exit_with_the_whole_code)
{
    struct call c;
    struct proc *child = new_child(w.p);
    int pid = child->pid;

    cr_assert_eq(BEGIN(&c, w.p, PROC_WAIT, proc_wait, pid), SC_PENDING);
    cr_assert_null(c.user);
    cr_assert_eq(w_exit(child, -559038737), 0);
    cr_assert_eq(c.user, &c, "finished");
    cr_assert_eq(c.status, 0);
    cr_assert_eq(c.out.proc_wait.status.pid, pid);
    cr_assert_eq(c.out.proc_wait.status.state, PS_DONE);
    cr_assert_eq(c.out.proc_wait.status.return_code, -559038737);
    call_done(&c);
}

Test(proc, wait_any_takes_the_one_that_ended_first)
{
    struct call c;
    struct proc *a = new_child(w.p);
    struct proc *b = new_child(w.p);
    int a_pid = a->pid;
    int b_pid = b->pid;

    w_exit(b, 2);
    w_exit(a, 1);
    cr_assert_eq(BEGIN(&c, w.p, PROC_WAIT_ANY, proc_wait_any, 0), 0);
    cr_assert_eq(c.out.proc_wait_any.status.pid, b_pid);
    cr_assert_eq(BEGIN(&c, w.p, PROC_WAIT_ANY, proc_wait_any, 0), 0);
    cr_assert_eq(c.out.proc_wait_any.status.pid, a_pid);
    cr_assert_eq(BEGIN(&c, w.p, PROC_WAIT_ANY, proc_wait_any, 0), -ECHILD);
    call_done(&c);
}

Test(proc, kill_wakes_a_wait_in_vain_ESRCH)
{
    struct call c;
    struct call any;
    struct sc_proc_status st;
    struct proc *child = new_child(w.p);
    int pid = child->pid;

    cr_assert_eq(BEGIN(&c, w.p, PROC_WAIT, proc_wait, pid), SC_PENDING);
    cr_assert_eq(BEGIN(&any, w.p, PROC_WAIT_ANY, proc_wait_any, 0), SC_PENDING);
    cr_assert_eq(w_kill(w.p, pid, &st), 0);
    cr_assert_eq(c.user, &c);
    cr_assert_eq(c.status, -ESRCH);
    cr_assert_eq(c.why.count, 1);
    cr_assert_eq(any.status, -ECHILD);
    call_done(&c);
    call_done(&any);
}

Test(proc, exit_ends_descendants_and_cancels_their_calls)
{
    struct call sleep;
    struct call wait;
    struct proc *child = new_child(w.p);
    struct proc *grandchild = new_child(child);
    int pid = child->pid;

    cr_assert_eq(BEGIN(&sleep, grandchild, USLEEP, usleep, 1000000), SC_PENDING);
    cr_assert_eq(BEGIN(&wait, child, PROC_WAIT, proc_wait, grandchild->pid), SC_PENDING);
    w_exit(child, 0);
    cr_assert_eq(sleep.status, -ECANCELED);
    cr_assert_null(sleep.proc);
    cr_assert_eq(wait.status, -ECANCELED);
    call_done(&sleep);
    call_done(&wait);
    cr_assert_eq(BEGIN(&wait, w.p, PROC_WAIT, proc_wait, pid), 0);
    call_done(&wait);
}

/** A gate that goes on from inside done(): reaps the child whose call this was. */
static void reap_from_done(struct call *call)
{
    struct sc_proc_status *st = call->user;
    int pid = st->pid;

    cr_assert_eq(call->status, -ECANCELED);
    cr_assert_eq(w_kill(w.p, pid, st), 0);
    cr_assert_null(proc_child(w.p, pid));
    call->user = NULL;
}

Test(proc, done_of_a_cancelled_call_finds_an_ended_process)
{
    struct call sleep;
    struct call wait;
    struct proc *child = new_child(w.p);
    struct sc_proc_status st = {.pid = child->pid};

    call_init(&sleep, child, &abi_driven, SC_USLEEP, reap_from_done, &st);
    sleep.args.usleep.usecs = 1;
    cr_assert_eq(call_begin(&sleep), SC_PENDING);
    cr_assert_eq(BEGIN(&wait, w.p, PROC_WAIT, proc_wait, child->pid), SC_PENDING);
    cr_assert_eq(w_exit(child, 5), 0);
    cr_assert_null(sleep.user, "done() was called");
    cr_assert_eq(st.state, PS_DONE);
    cr_assert_eq(st.return_code, 5);
    cr_assert_eq(wait.status, -ESRCH, "done() was faster");
    call_done(&sleep);
    call_done(&wait);
}

/** A gate whose done() ends the process that all this is about. */
static void end_caller_from_done(struct call *call)
{
    cr_assert_eq(w_exit(call->user, 0), 0);
    call->user = NULL;
}

Test(proc, done_may_end_the_process_whose_call_is_carried_out)
{
    struct call wait;
    struct call kill;
    struct call rest;
    struct proc *parent = new_child(w.p);
    struct proc *child = new_child(parent);
    int pid = parent->pid;

    call_init(&wait, parent, &abi_driven, SC_PROC_WAIT, end_caller_from_done, parent);
    wait.args.proc_wait.pid = child->pid;
    cr_assert_eq(call_begin(&wait), SC_PENDING);
    cr_assert_eq(BEGIN(&kill, parent, PROC_KILL, proc_kill, child->pid), 0);
    cr_assert_null(kill.proc);
    cr_assert_null(wait.user);
    cr_assert_eq(w.m->calls_running, 0);
    call_done(&wait);
    call_done(&kill);
    cr_assert_eq(BEGIN(&rest, w.p, PROC_WAIT, proc_wait, pid), 0);
    call_done(&rest);
}

Test(proc, calls_of_an_ended_process_are_cancelled_ECANCELED)
{
    struct call c;
    struct proc *child = new_child(w.p);
    struct sc_proc_status st;
    int pid = child->pid;

    w_exit(child, 0);
    cr_assert_eq(BEGIN(&c, child, NEW_PROC, new_proc, 0), -ECANCELED);
    cr_assert_eq(c.why.count, 1);
    call_done(&c);
    cr_assert_eq(BEGIN(&c, child, MMAP, mmap, 0x1000, 1, MM_READ), -ECANCELED);
    call_done(&c);
    cr_assert_eq(w_kill(w.p, pid, &st), 0);
}

Test(proc, trees_of_any_depth_end_without_recursion)
{
    struct proc *p = w.p;
    struct sc_proc_status st;
    int pid;

    for (int i = 0; i < 5000; i++)
        p = new_child(p);
    pid = container_of(w.p->children.next, struct proc, sibling)->pid;
    cr_assert_eq(w_kill(w.p, pid, &st), 0);
}

Test(proc, only_direct_children_are_reached_ESRCH)
{
    struct sc_proc_status st;
    struct proc *child = new_child(w.p);
    struct proc *grandchild = new_child(child);

    cr_assert_eq(w_kill(w.p, grandchild->pid, &st), -ESRCH);
    cr_assert_eq(w_kill(w.p, w.p->pid, &st), -ESRCH);
    cr_assert_eq(w_bind_fs(w.p, grandchild->pid, "r", "root"), -ESRCH);
    cr_assert_eq(w_kill(w.p, child->pid, &st), 0);
}

Test(proc, bindings_share_views_and_open_files)
{
    struct sc_proc_status st;
    struct proc *child = new_child(w.p);
    char buf[8];
    int fd = w_open(w.p, "root:/f", FM_READ | FM_WRITE | FM_CREATE);

    cr_assert_eq(w_bind_fs(w.p, child->pid, "r", "root"), 0);
    cr_assert_eq(w_bind_fs(w.p, child->pid, "r", "root"), -EEXIST);
    cr_assert_eq(w_bind_fs(w.p, child->pid, "x", "nope"), -ENODEV);
    cr_assert_eq(w_bind_fd(w.p, child->pid, 0, fd), -EINVAL);
    cr_assert_eq(w_bind_fd(w.p, child->pid, 7, 99), -EBADF);
    cr_assert_eq(w_bind_fd(w.p, child->pid, 7, fd), 0);
    cr_assert_eq(w_bind_fd(w.p, child->pid, 7, fd), -EEXIST);
    cr_assert_eq(w_write(child, 7, 0, "kid"), 3);
    cr_assert_eq(w_open(child, "r:/f", FM_READ), 8, "the next fd goes past the bound one");
    w_close(w.p, fd);
    cr_assert_eq(w_read(child, 7, 0, buf, sizeof(buf)), 3);
    w_exit(child, 0);
    cr_assert_eq(w_bind_fs(w.p, child->pid, "y", "root"), -ESRCH, "it has ended");
    cr_assert_eq(w_kill(w.p, child->pid, &st), 0);
    cr_assert_eq(st.state, PS_DONE, "kill of a finished child tells its real status");
    w_delete(w.p, "root:/f");
}

Test(proc, virtual_clock_jumps_when_everybody_waits)
{
    struct call c;

    cr_assert_eq(BEGIN(&c, w.p, USLEEP, usleep, -1), -EINVAL);
    call_done(&c);
    cr_assert_eq(BEGIN(&c, w.p, USLEEP, usleep, 0), 0);
    machine_hold(w.m);
    cr_assert_eq(BEGIN(&c, w.p, USLEEP, usleep, INT64_C(3600000000)), SC_PENDING);
    world_run(&w);
    cr_assert_null(c.user, "somebody holds the clock");
    machine_release(w.m);
    world_run(&w);
    cr_assert_eq(c.user, &c);
    cr_assert_eq(c.status, 0);
    cr_assert_eq(machine_now_ns(w.m), UINT64_C(3600000000000));
    call_done(&c);
}

Test(proc, usleep_past_the_end_of_time_never_wakes)
{
    struct call c;

    cr_assert_eq(BEGIN(&c, w.p, USLEEP, usleep, INT64_MAX), SC_PENDING);
    world_run(&w);
    cr_assert_null(c.user);
    cr_assert_eq(machine_now_ns(w.m), 0, "the clock does not jump to the end of time");
    call_cancel(&c, -ECANCELED);
    cr_assert_eq(c.status, -ECANCELED);
    call_cancel(&c, -ECANCELED);
    call_done(&c);
}

Test(proc, yield_goes_on_at_the_next_tick)
{
    struct call a;
    struct call b;

    cr_assert_eq(BEGIN(&a, w.p, YIELD, yield, 0), SC_PENDING);
    cr_assert_eq(BEGIN(&b, w.p, YIELD, yield, 0), SC_PENDING);
    cr_assert_eq(w.wake_ns, HOST_WAKE_SOON);
    world_run(&w);
    cr_assert_eq(a.user, &a);
    cr_assert_eq(b.user, &b);
    call_done(&a);
    call_done(&b);
}

Test(proc, real_clock_waits_for_the_host)
{
    struct world r;
    struct call c;

    world_open(&r, CLOCK_REAL);
    cr_assert_eq(BEGIN(&c, r.p, USLEEP, usleep, 10), SC_PENDING);
    cr_assert_eq(r.wake_ns, r.now_ns + 10000);
    world_run(&r);
    cr_assert_null(c.user);
    r.now_ns += 10000;
    world_run(&r);
    cr_assert_eq(c.user, &c);
    call_done(&c);
    world_close(&r);
}

Test(proc, memory_books_of_a_driven_process)
{
    struct call c;

    cr_assert_eq(BEGIN(&c, w.p, MMAP, mmap, 0xAFFFF000, 0x1000, 3), 0);
    cr_assert_eq(BEGIN(&c, w.p, MMAP, mmap, 0xAFFFF000, 1, 3), -EEXIST);
    call_done(&c);
    cr_assert_eq(BEGIN(&c, w.p, MCHMAP, mchmap, 0xAFFFF123, MM_READ), 0);
    cr_assert_eq(BEGIN(&c, w.p, MCHMAP, mchmap, 0xAFFFF123, 16), -EINVAL);
    call_done(&c);
    cr_assert_eq(BEGIN(&c, w.p, MUNMAP, munmap, 0xAFFFFFFF), 0);
    cr_assert_eq(BEGIN(&c, w.p, MUNMAP, munmap, 0xAFFFFFFF), -EFAULT);
    call_done(&c);
}

Test(proc, dbg_print_is_passed_on_byte_for_byte)
{
    struct call c;

    cr_assert_eq(BEGIN(&c, w.p, DBG_PRINT, dbg_print, S("(TEST-OK)\n")), 0);
    cr_assert_str_eq(w.log, "(TEST-OK)\n");
}

Test(machine, init_ends_the_machine)
{
    struct call c;
    struct world r;
    struct proc *child;

    world_open(&r, CLOCK_VIRTUAL);
    child = new_child(r.p);
    cr_assert_eq(BEGIN(&c, child, USLEEP, usleep, 1), SC_PENDING);
    cr_assert_eq(w_exit(r.m->init, 3), 0);
    cr_assert_eq(c.status, -ECANCELED);
    call_done(&c);
    cr_assert_eq(r.ends, 1);
    cr_assert_null(r.m->init);
    machine_free(r.m);
}

Test(machine, limit_of_processes_EAGAIN)
{
    struct machine_limits limits = {.procs = 4};
    struct sc_proc_status st;
    int a;
    int b;

    world_open_limited(&w, CLOCK_VIRTUAL, &limits);
    a = w_new_proc(w.p);
    b = w_new_proc(w.p);
    cr_assert_gt(b, 0);
    cr_assert_eq(w_new_proc(w.p), -EAGAIN);
    w_kill(w.p, a, &st);
    cr_assert_gt(w_new_proc(w.p), b);
    w_kill(w.p, b, &st);
    w_kill(w.p, b + 1, &st);
    world_close(&w);
}

Test(machine, random_numbers_follow_from_the_seed)
{
    char a[20];
    char b[20];
    struct world r;

    world_open(&r, CLOCK_VIRTUAL);
    machine_random(r.m, a, sizeof(a));
    world_close(&r);
    world_open(&r, CLOCK_VIRTUAL);
    machine_random(r.m, b, sizeof(b));
    world_close(&r);
    cr_assert_eq(memcmp(a, b, sizeof(a)), 0);
}

Test(proc, recent_calls_are_few_and_counted)
{
    struct recent r = {.count = 0};
    struct strbuf text = STRBUF_INIT;

    recent_text(&r, &text);
    cr_assert_str_eq(strbuf_str(&text), "");
    recent_add(&r, SC_OPEN, -ENOENT);
    recent_add(&r, SC_ERRNO, 0);
    recent_add(&r, SC_READ, 7);
    recent_add(&r, SC_READ, 0);
    recent_text(&r, &text);
    cr_assert_str_eq(strbuf_str(&text), "; last calls: SC_OPEN (ENOENT), SC_READ x 2");
    recent_add(&r, SC_READ, -EIO);
    recent_add(&r, SC_CLOSE, 0);
    recent_add(&r, SC_YIELD, 0);
    strbuf_reset(&text);
    recent_text(&r, &text);
    cr_assert_str_eq(strbuf_str(&text),
                     "; last calls: SC_READ x 2, SC_READ (EIO), SC_CLOSE, SC_YIELD");
    strbuf_done(&text);
}

Test(proc, calls_that_are_heard_wait_for_listeners_that_lag)
{
    struct call print;
    struct call quiet;

    machine_stall(w.m);
    cr_assert_eq(BEGIN(&print, w.p, DBG_PRINT, dbg_print, S("heard")), SC_PENDING);
    cr_assert_str_eq(w.log, "heard", "it has acted");
    cr_assert_eq(BEGIN(&quiet, w.p, ERRNO, last_errno, 0), 0, "nobody heard this one");
    world_run(&w);
    cr_assert_null(print.user);
    machine_unstall(w.m);
    world_run(&w);
    cr_assert_eq(print.user, &print);
    cr_assert_eq(print.status, 0);
    call_done(&print);
}

Test(proc, virtual_time_stands_still_while_a_heard_call_waits)
{
    struct call sleep;
    struct call print;

    cr_assert_eq(BEGIN(&sleep, w.p, USLEEP, usleep, 1000), SC_PENDING);
    machine_stall(w.m);
    cr_assert_eq(BEGIN(&print, w.p, DBG_PRINT, dbg_print, S("x")), SC_PENDING);
    world_run(&w);
    cr_assert_null(sleep.user);
    machine_unstall(w.m);
    world_run(&w);
    cr_assert_eq(sleep.user, &sleep);
    call_done(&sleep);
    call_done(&print);
}
