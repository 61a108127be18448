/* SPDX-License-Identifier: MIT */
/*
 * Machines that stand still for a slow filesystem, and what arrives meanwhile. The fake workers work when
 * the test says so, so every order of events can be had.
 */
#include "fsdrivers/registry.h"
#include "server/kernel/call/pause.h"
#include "server/kernel/clock.h"
#include "server/kernel/door/slow.h"
#include "server/kernel/fs/open_file.h"
#include "tests/slow/slowfs.h"
#include "tests/unit/kernel/world.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>

#define NS_PER_S UINT64_C(1000000000)

static struct slow_plan plan;
static int interrupts;
static int worker_answer;

/** fs_open_fn: what registry_open() opens, made slow. */
static int open_slow(const char *driver, const struct fs_open *req, struct fs **out)
{
    struct fs *fs;
    int err = registry_open(driver, req, &fs);

    if (err < 0)
        return err;
    *out = slowfs_over(&plan, fs);
    return 0;
}

static int on_worker(void *user)
{
    (void)user;
    return worker_answer;
}

static void on_interrupt(void *user)
{
    (void)user;
    interrupts++;
}

/** Let the workers work until nothing is left to do. */
static void work(struct world *w)
{
    do
        world_run(w);
    while (world_work(w));
}

/** The answer of a call that BEGIN() has begun, once it has one. */
static int answer(struct world *w, struct call *c)
{
    if (c->state != CALL_FINISHED)
        work(w);
    cr_assert_eq(c->state, CALL_FINISHED);
    w_check_listed(c);
    call_done(c);
    return c->status;
}

static int make_slow(struct world *w, const char *name, const char *opts)
{
    struct call c;

    w->m->spec.fs_open = open_slow;
    (void)BEGIN(&c, w->p, MAKE_FS, make_fs, S("ramfs"), S(name), 0, S(opts));
    return answer(w, &c);
}

/** A world whose process has a second filesystem, slow:. @percent of its slots wait. */
static void open_world(struct world *w, enum clock_kind clock, unsigned percent)
{
    interrupts = 0;
    worker_answer = 0;
    plan = (struct slow_plan){
        .percent = 0, .seed = 1, .on_worker = on_worker, .on_interrupt = on_interrupt};
    world_open(w, clock);
    cr_assert_eq(make_slow(w, "slow", ""), 0);
    world_run(w);
    plan.percent = percent;
}

static void close_world(struct world *w)
{
    struct call c;

    if (ns_find(&w->p->ns, S("slow")) != NULL) {
        (void)BEGIN(&c, w->p, RM_FS, rm_fs, S("slow"));
        cr_assert_eq(answer(w, &c), 0);
    }
    work(w);
    cr_assert_eq(w->workers, 0);
    world_close(w);
}

static int begin_open(struct world *w, struct proc *p, struct call *c, const char *file)
{
    (void)w;
    return BEGIN(c, p, OPEN, open, S(file), FM_READ | FM_WRITE | FM_CREATE);
}

/** A file of slow: that is open. */
static int open_file(struct world *w, const char *file)
{
    struct call c;

    (void)begin_open(w, w->p, &c, file);
    cr_assert_eq(answer(w, &c), 0);
    return c.out.open.fd;
}

static int close_file(struct world *w, int fd)
{
    struct call c;

    (void)BEGIN(&c, w->p, CLOSE, close, fd);
    return answer(w, &c);
}

static int write_text(struct world *w, int fd, const char *text)
{
    struct call c;

    (void)BEGIN(&c, w->p, WRITE, write, fd, 0, {text, strlen(text)});
    return answer(w, &c);
}

Test(slow, a_machine_without_slow_filesystems_has_no_stack)
{
    struct world w;

    world_open(&w, CLOCK_REAL);
    cr_assert_null(w.m->stack);
    cr_assert_null(w.m->next_stack);
    cr_assert_eq(w.workers, 0);
    world_close(&w);
}

Test(slow, what_need_not_wait_is_done_in_place)
{
    struct world w;
    int fd;

    open_world(&w, CLOCK_REAL, 0);
    cr_assert_not_null(w.m->stack);
    fd = w_open(w.p, "slow:/a", FM_READ | FM_WRITE | FM_CREATE);
    cr_assert_geq(fd, 0);
    cr_assert_eq(w_write(w.p, fd, 0, "text"), 4);
    cr_assert_eq(w_close(w.p, fd), 0);
    cr_assert_eq(plan.waited, 0);
    close_world(&w);
}

Test(slow, what_waits_answers_the_same)
{
    struct world w;
    char buf[8] = "";
    struct call c;
    int fd;

    open_world(&w, CLOCK_REAL, 100);
    fd = open_file(&w, "slow:/a");
    cr_assert_eq(write_text(&w, fd, "text"), 0);
    call_init(&c, w.p, &abi_driven, SC_READ, w_on_done, NULL);
    c.args.read = (struct sc_read_args){fd, 0, sizeof(buf)};
    c.out.read.data = (struct sc_buf){buf, sizeof(buf), 0};
    cr_assert_eq(call_begin(&c), SC_PENDING);
    cr_assert_eq(answer(&w, &c), 0);
    cr_assert_eq(c.out.read.data.len, 4);
    cr_assert_arr_eq(buf, "text", 5);
    (void)begin_open(&w, w.p, &c, "slow:/no/such");
    cr_assert_eq(answer(&w, &c), -ENOENT);
    cr_assert_eq(close_file(&w, fd), 0);
    cr_assert_gt(plan.waited, 3);
    close_world(&w);
}

Test(slow, other_calls_wait_for_their_turn)
{
    struct call first;
    struct call second;
    struct call third;
    struct world w;

    open_world(&w, CLOCK_REAL, 100);
    cr_assert_eq(begin_open(&w, w.p, &first, "slow:/a"), SC_PENDING);
    cr_assert_not_null(w.m->standing);
    cr_assert_eq(BEGIN(&second, w.p, FS_ENUM, fs_enum, 0), SC_PENDING);
    cr_assert_eq(begin_open(&w, w.p, &third, "root:/a"), SC_PENDING);
    cr_assert_eq(first.state, CALL_RUNNING);
    cr_assert_eq(second.state, CALL_QUEUED);
    work(&w);
    cr_assert_eq(first.status, 0);
    cr_assert_eq(second.status, 0);
    cr_assert_eq(third.status, 0);
    cr_assert_lt(first.seq, second.seq);
    cr_assert_lt(second.seq, third.seq);
    cr_assert_eq(third.user, &third);
    call_done(&second);
    cr_assert_eq(w_close(w.p, third.out.open.fd), 0);
    cr_assert_eq(close_file(&w, first.out.open.fd), 0);
    close_world(&w);
}

Test(slow, a_queued_call_that_is_cancelled_never_begins)
{
    struct call first;
    struct call second;
    struct world w;

    open_world(&w, CLOCK_REAL, 100);
    cr_assert_eq(begin_open(&w, w.p, &first, "slow:/a"), SC_PENDING);
    cr_assert_eq(begin_open(&w, w.p, &second, "root:/never"), SC_PENDING);
    call_cancel(&second, -ECANCELED);
    cr_assert_eq(second.state, CALL_FINISHED);
    cr_assert_eq(second.status, -ECANCELED);
    cr_assert_eq(second.user, &second);
    cr_assert_eq(interrupts, 0);
    cr_assert_eq(answer(&w, &first), 0);
    cr_assert_eq(close_file(&w, first.out.open.fd), 0);
    cr_assert_eq(w_open(w.p, "root:/never", FM_READ), -ENOENT);
    close_world(&w);
}

Test(slow, a_call_that_stands_is_interrupted_and_ends_as_it_ends)
{
    struct world w;
    struct call c;

    open_world(&w, CLOCK_REAL, 100);
    cr_assert_eq(begin_open(&w, w.p, &c, "slow:/a"), SC_PENDING);
    call_cancel(&c, -ECANCELED);
    cr_assert_eq(interrupts, 1);
    cr_assert_eq(c.state, CALL_RUNNING);
    worker_answer = -EINTR;
    cr_assert(world_work(&w));
    worker_answer = 0;
    work(&w);
    cr_assert_eq(c.state, CALL_FINISHED);
    cr_assert_eq(c.status, -ECANCELED);
    call_done(&c);
    close_world(&w);
}

Test(slow, a_parked_call_is_cancelled_in_its_turn)
{
    struct call sleeping;
    struct world w;
    struct call c;

    open_world(&w, CLOCK_REAL, 100);
    cr_assert_eq(BEGIN(&sleeping, w.p, USLEEP, usleep, 1000000), SC_PENDING);
    cr_assert_eq(begin_open(&w, w.p, &c, "slow:/a"), SC_PENDING);
    call_cancel(&sleeping, -ECANCELED);
    call_cancel(&sleeping, -ECANCELED);
    cr_assert_eq(sleeping.state, CALL_PARKED);
    cr_assert_eq(answer(&w, &c), 0);
    cr_assert_eq(sleeping.state, CALL_FINISHED);
    cr_assert_eq(sleeping.status, -ECANCELED);
    cr_assert_eq(close_file(&w, c.out.open.fd), 0);
    close_world(&w);
}

/** A driven child that has slow:. */
static struct proc *make_child(struct world *w)
{
    struct proc *p;

    cr_assert_eq(proc_new(w->p, &p), 0);
    cr_assert_eq(proc_copy_names(w->p, p), 0);
    cr_assert_eq(proc_drive(p, "child"), 0);
    return p;
}

Test(slow, who_stands_can_be_killed)
{
    struct sc_proc_status status;
    struct proc *child;
    struct world w;
    struct call c;
    struct call next;

    open_world(&w, CLOCK_REAL, 100);
    child = make_child(&w);
    cr_assert_eq(begin_open(&w, child, &c, "slow:/a"), SC_PENDING);
    cr_assert_eq(begin_open(&w, child, &next, "slow:/b"), SC_PENDING);
    proc_end(child, PS_KILLED, 0, "a test");
    proc_end(child, PS_KILLED, 0, "once more");
    cr_assert_eq(interrupts, 1);
    cr_assert_not(proc_has_ended(child));
    work(&w);
    cr_assert(proc_has_ended(child));
    cr_assert_eq(c.status, 0);
    cr_assert_eq(next.state, CALL_FINISHED);
    cr_assert_eq(next.status, 0, "its turn came before the kill's");
    cr_assert_eq(w_kill(w.p, child->pid, &status), 0);
    close_world(&w);
}

Test(slow, a_process_that_dies_takes_its_queued_calls_along)
{
    struct sc_proc_status status;
    struct proc *child;
    struct call c;
    struct call kill;
    struct call late;
    struct world w;

    open_world(&w, CLOCK_REAL, 100);
    child = make_child(&w);
    cr_assert_eq(begin_open(&w, w.p, &c, "slow:/a"), SC_PENDING);
    cr_assert_eq(BEGIN(&kill, w.p, PROC_KILL, proc_kill, child->pid), SC_PENDING);
    cr_assert_eq(begin_open(&w, child, &late, "slow:/b"), SC_PENDING);
    work(&w);
    cr_assert_eq(c.status, 0);
    cr_assert_eq(kill.status, 0);
    status = kill.out.proc_kill.status;
    cr_assert_eq(status.state, PS_KILLED);
    cr_assert_eq(late.state, CALL_FINISHED);
    cr_assert_eq(late.status, -ECANCELED);
    cr_assert_eq(interrupts, 0);
    call_done(&late);
    cr_assert_eq(close_file(&w, c.out.open.fd), 0);
    close_world(&w);
}

Test(slow, the_clock_does_not_jump_while_it_stands)
{
    struct call sleeping;
    struct world w;
    struct call c;

    open_world(&w, CLOCK_VIRTUAL, 100);
    cr_assert_eq(begin_open(&w, w.p, &c, "slow:/a"), SC_PENDING);
    cr_assert_eq(BEGIN(&sleeping, w.p, USLEEP, usleep, 1000000), SC_PENDING);
    world_run(&w);
    machine_tick(w.m);
    cr_assert_eq(machine_now_ns(w.m), 0);
    work(&w);
    cr_assert_eq(sleeping.status, 0);
    cr_assert_eq(machine_now_ns(w.m), NS_PER_S);
    cr_assert_eq(c.status, 0);
    cr_assert_eq(close_file(&w, c.out.open.fd), 0);
    close_world(&w);
}

Test(slow, past_its_time_limit_EIO_from_then_on)
{
    uint64_t before;
    struct world w;
    struct call c;
    int fd;

    open_world(&w, CLOCK_REAL, 100);
    before = w.m->storage;
    fd = open_file(&w, "slow:/a");
    cr_assert_gt(w.m->storage, before);
    cr_assert_eq(begin_open(&w, w.p, &c, "slow:/b"), SC_PENDING);
    w.now_ns += FS_TIMEOUT_S * NS_PER_S - 1;
    machine_tick(w.m);
    cr_assert_eq(c.state, CALL_RUNNING);
    cr_assert_eq(w.wake_ns, w.now_ns + 1);
    w.now_ns++;
    machine_tick(w.m);
    cr_assert_eq(c.state, CALL_FINISHED);
    cr_assert_eq(c.status, -EIO);
    call_done(&c);
    cr_assert(strstr(w.log, "more than 30 seconds") != NULL, "%s", w.log);
    cr_assert_eq(begin_open(&w, w.p, &c, "slow:/c"), -EIO);
    call_done(&c);
    cr_assert_eq(write_text(&w, fd, "lost"), -EIO);
    (void)close_file(&w, fd);
    cr_assert_eq(w.workers, 1);
    cr_assert_lt(w.m->storage, before, "what it had is free again");
    close_world(&w); /* the worker comes back, and leaves */
}

Test(slow, an_answer_after_the_mount_is_gone_leaves_nothing)
{
    struct world w;
    struct call c;
    int fd;

    open_world(&w, CLOCK_REAL, 100);
    fd = open_file(&w, "slow:/left open");
    cr_assert_eq(begin_open(&w, w.p, &c, "slow:/b"), SC_PENDING);
    w.now_ns += FS_TIMEOUT_S * NS_PER_S;
    machine_tick(w.m);
    cr_assert_eq(answer(&w, &c), -EIO);
    work(&w);
    cr_assert_eq(w.workers, 1, "it is there until its mount is");
    cr_assert_eq(close_file(&w, fd), 0);
    close_world(&w);
}

Test(slow, a_machine_is_freed_while_it_stands)
{
    struct call second;
    struct world w;
    struct call c;

    open_world(&w, CLOCK_REAL, 100);
    cr_assert_eq(begin_open(&w, w.p, &c, "slow:/a"), SC_PENDING);
    cr_assert_eq(begin_open(&w, w.p, &second, "slow:/b"), SC_PENDING);
    listener_remove(w.m, &w.listener);
    machine_free(w.m);
    cr_assert_eq(c.status, 0);
    cr_assert_eq(second.status, 0);
    cr_assert_eq(w.workers, 0);
}

Test(slow, a_machine_is_freed_that_stands_for_one_that_hangs)
{
    struct world w;
    struct call c;
    uint64_t start;

    open_world(&w, CLOCK_REAL, 100);
    (void)open_file(&w, "slow:/a");
    cr_assert_eq(begin_open(&w, w.p, &c, "slow:/b"), SC_PENDING);
    listener_remove(w.m, &w.listener);
    start = w.now_ns;
    w.worker_hangs = true;
    machine_free(w.m);
    cr_assert_eq(w.now_ns - start, FS_TIMEOUT_S * NS_PER_S);
    cr_assert_eq(c.status, -EIO);
    call_done(&c);
    cr_assert_eq(w.workers, 1);
    while (world_work(&w))
        continue;
    cr_assert_eq(w.workers, 0);
}

Test(slow, without_a_worker_none_is_made_EMFILE)
{
    struct world w;

    open_world(&w, CLOCK_REAL, 100);
    w.worker_short = true;
    cr_assert_eq(make_slow(&w, "more", ""), -EMFILE);
    close_world(&w);
}

Test(slow, the_time_limit_is_an_option)
{
    struct world w;
    struct call c;

    open_world(&w, CLOCK_REAL, 100);
    cr_assert_eq(make_slow(&w, "more", "timeout=2"), 0);
    cr_assert_eq(begin_open(&w, w.p, &c, "more:/a"), SC_PENDING);
    w.now_ns += 2 * NS_PER_S;
    machine_tick(w.m);
    cr_assert_eq(answer(&w, &c), -EIO);
    (void)BEGIN(&c, w.p, RM_FS, rm_fs, S("more"));
    cr_assert_eq(answer(&w, &c), 0);
    close_world(&w);
}
