/* SPDX-License-Identifier: MIT */
/* Slow filesystems whose slots are past their time limit, or interrupted. */
#include "server/kernel/door/slow.h"
#include "server/kernel/fs/vfs.h"
#include "server/kernel/input.h"
#include "tests/slow/slow_world.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

Test(broken, past_its_time_limit_EIO_from_then_on)
{
    uint64_t before;
    struct world w;
    struct call c;
    int fd;

    sw_open_world(&w, CLOCK_REAL, 100);
    before = w.m->storage;
    fd = sw_open_file(&w, "slow:/a");
    cr_assert_gt(w.m->storage, before);
    cr_assert_eq(sw_begin_open(&w, w.p, &c, "slow:/b"), SC_PENDING);
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
    cr_assert_eq(sw_begin_open(&w, w.p, &c, "slow:/c"), -EIO);
    call_done(&c);
    cr_assert_eq(sw_write_text(&w, fd, "lost"), -EIO);
    (void)sw_close_file(&w, fd);
    cr_assert_eq(w.workers, 1);
    cr_assert_lt(w.m->storage, before, "what it had is free again");
    sw_close_world(&w); /* the worker comes back, and leaves */
}

Test(broken, an_answer_after_the_mount_is_gone_leaves_nothing)
{
    struct world w;
    struct call c;
    int fd;

    sw_open_world(&w, CLOCK_REAL, 100);
    fd = sw_open_file(&w, "slow:/left open");
    cr_assert_eq(sw_begin_open(&w, w.p, &c, "slow:/b"), SC_PENDING);
    w.now_ns += FS_TIMEOUT_S * NS_PER_S;
    machine_tick(w.m);
    cr_assert_eq(sw_answer(&w, &c), -EIO);
    sw_work(&w);
    cr_assert_eq(w.workers, 1, "it is there until its mount is");
    cr_assert_eq(sw_close_file(&w, fd), 0);
    sw_close_world(&w);
}

Test(broken, a_machine_is_freed_that_stands_for_one_that_hangs)
{
    struct world w;
    struct call c;
    uint64_t start;

    sw_open_world(&w, CLOCK_REAL, 100);
    (void)sw_open_file(&w, "slow:/a");
    cr_assert_eq(sw_begin_open(&w, w.p, &c, "slow:/b"), SC_PENDING);
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

Test(broken, the_time_limit_is_an_option)
{
    struct world w;
    struct call c;

    sw_open_world(&w, CLOCK_REAL, 100);
    cr_assert_eq(sw_make(&w, "more", "timeout=2"), 0);
    cr_assert_eq(sw_begin_open(&w, w.p, &c, "more:/a"), SC_PENDING);
    w.now_ns += 2 * NS_PER_S;
    machine_tick(w.m);
    cr_assert_eq(sw_answer(&w, &c), -EIO);
    (void)BEGIN(&c, w.p, RM_FS, rm_fs, S("more"));
    cr_assert_eq(sw_answer(&w, &c), 0);
    sw_close_world(&w);
}

/** Open a world in which a call of its process waits for a filesystem to be made. */
static void open_making(struct world *w, struct call *c)
{
    sw_plan = (struct slow_plan){.percent = 100, .seed = 1};
    world_open(w, CLOCK_REAL);
    cr_assert_eq(sw_begin_make(w, w->p, c), SC_PENDING);
}

Test(broken, one_that_is_made_too_late_is_destroyed)
{
    struct world w;
    struct call c;

    open_making(&w, &c);
    w.now_ns += 2 * NS_PER_S;
    machine_tick(w.m);
    cr_assert_eq(c.state, CALL_FINISHED);
    cr_assert_eq(c.status, -EIO);
    call_done(&c);
    cr_assert_eq(w.workers, 1);
    sw_work(&w);
    cr_assert_eq(w.workers, 0);
    sw_close_world(&w);
}

/** End a call that waits for its filesystem to be made. */
static void check_given_up(struct world *w, struct call *c)
{
    cr_assert_eq(w->wake_ns, HOST_WAKE_SOON);
    machine_tick(w->m);
    cr_assert_eq(c->state, CALL_FINISHED);
    cr_assert_eq(c->status, -ECANCELED);
    call_done(c);
    cr_assert_null(w->m->stand.slot);
    cr_assert_eq(w->workers, 1, "it is being made yet");
    sw_work(w);
    cr_assert_eq(w->workers, 0);
}

Test(broken, one_whose_maker_is_cancelled_is_destroyed_when_it_is_made)
{
    struct world w;
    struct call c;

    open_making(&w, &c);
    call_cancel(&c, -ECANCELED);
    check_given_up(&w, &c);
    cr_assert_null(ns_find(&w.p->ns, S("slow")));
    cr_assert(strstr(w.log, "timeout") == NULL, "%s", w.log);
    cr_assert_eq(sw_begin_make(&w, w.p, &c), SC_PENDING); /* the name is free */
    slow_interrupt(w.m);
    check_given_up(&w, &c);
    sw_close_world(&w);
}

Test(broken, one_whose_maker_is_killed_is_destroyed_when_it_is_made)
{
    struct sc_proc_status status;
    struct proc *child;
    struct world w;
    struct call c;

    sw_plan = (struct slow_plan){.percent = 100, .seed = 1};
    world_open(&w, CLOCK_REAL);
    child = sw_child(&w);
    cr_assert_eq(sw_begin_make(&w, child, &c), SC_PENDING);
    proc_end(child, PS_KILLED, 0, NULL);
    cr_assert_not(proc_has_ended(child));
    check_given_up(&w, &c);
    cr_assert(proc_has_ended(child));
    cr_assert_eq(w_kill(w.p, child->pid, &status), 0);
    sw_close_world(&w);
}

Test(broken, one_that_is_made_before_it_is_given_up_is_there)
{
    struct world w;
    struct call c;

    open_making(&w, &c);
    call_cancel(&c, -ECANCELED);
    while (world_work(&w))
        continue;
    machine_tick(w.m);
    cr_assert_eq(c.state, CALL_FINISHED);
    cr_assert_eq(c.status, 0);
    call_done(&c);
    cr_assert_eq(sw_begin_open(&w, w.p, &c, "slow:/a"), SC_PENDING);
    w.now_ns += 2 * NS_PER_S;
    machine_tick(w.m);
    cr_assert_eq(c.status, -EIO, "which is of another slot");
    call_done(&c);
    sw_close_world(&w);
}

Test(broken, a_machine_is_freed_while_one_that_is_given_up_hangs)
{
    struct world w;
    struct call c;
    uint64_t start;

    open_making(&w, &c);
    listener_remove(w.m, &w.listener);
    start = w.now_ns;
    w.worker_hangs = true;
    slow_interrupt(w.m);
    machine_free(w.m);
    cr_assert_eq(w.now_ns, start);
    cr_assert_eq(c.status, -ECANCELED);
    call_done(&c);
    cr_assert_eq(w.workers, 1);
    while (world_work(&w))
        continue;
    cr_assert_eq(w.workers, 0);
}

Test(broken, a_broken_instance_keeps_its_descriptors_until_its_worker_is_back)
{
    struct mount *mount;
    struct world w;
    struct call c;

    sw_open_world(&w, CLOCK_REAL, 100);
    mount = ns_find(&w.p->ns, S("slow"))->mount;
    cr_assert_eq(machine_take_descriptors(w.m, 2, -EMFILE, NULL), 0);
    mount->descriptors = 2;
    cr_assert_eq(sw_begin_open(&w, w.p, &c, "slow:/a"), SC_PENDING);
    w.now_ns += FS_TIMEOUT_S * NS_PER_S;
    machine_tick(w.m);
    cr_assert_eq(c.status, -EIO);
    call_done(&c);
    cr_assert_eq(w.m->descriptors, 0);
    cr_assert_eq(w.descriptors, 2, "they are open yet");
    sw_work(&w);
    cr_assert_eq(w.descriptors, 0);
    sw_close_world(&w);
}

Test(broken, in_a_hurry_nothing_has_more_time)
{
    struct world w;
    struct call c;
    struct call next;

    sw_open_world(&w, CLOCK_REAL, 100);
    cr_assert_eq(sw_make(&w, "more", ""), 0);
    cr_assert_eq(sw_begin_open(&w, w.p, &c, "slow:/a"), SC_PENDING);
    cr_assert_eq(sw_begin_open(&w, w.p, &next, "more:/a"), SC_PENDING);
    cr_assert_str_eq(slow_waits_for(w.m), "ramfs");
    slow_hurry(w.m, w.now_ns + 5 * NS_PER_S);
    cr_assert_eq(w.wake_ns, w.now_ns + 5 * NS_PER_S);
    w.now_ns += 5 * NS_PER_S;
    machine_tick(w.m);
    cr_assert_eq(c.status, -EIO);
    call_done(&c);
    cr_assert_eq(next.state, CALL_RUNNING);
    cr_assert_eq(w.wake_ns, w.now_ns + SLOW_HURRY_MS * UINT64_C(1000000));
    w.now_ns = w.wake_ns - 1;
    machine_tick(w.m);
    cr_assert_eq(next.state, CALL_RUNNING);
    w.now_ns++;
    machine_tick(w.m);
    cr_assert_eq(next.status, -EIO);
    call_done(&next);
    cr_assert_null(slow_waits_for(w.m));
    (void)BEGIN(&c, w.p, RM_FS, rm_fs, S("more"));
    cr_assert_eq(sw_answer(&w, &c), 0);
    sw_close_world(&w);
}

/** machine_spec.on_input */
static void note_slots(void *user, struct machine *m, const struct input *in)
{
    struct world *w = user;

    (void)m;
    if (in->kind == INPUT_SLOT)
        (void)snprintf(w->log, sizeof(w->log), "%d", in->slot.err);
}

Test(broken, a_slot_past_its_limit_or_interrupted_is_an_input)
{
    struct world w;
    struct call c;

    sw_open_world(&w, CLOCK_REAL, 100);
    w.m->spec.on_input = note_slots;
    sw_worker_answer = -EINTR;
    cr_assert_eq(sw_begin_open(&w, w.p, &c, "slow:/a"), SC_PENDING);
    cr_assert(world_work(&w));
    sw_worker_answer = 0;
    cr_assert_eq(sw_answer(&w, &c), -ECANCELED);
    cr_assert_eq(atoi(w.log), -EINTR);
    cr_assert_eq(sw_begin_open(&w, w.p, &c, "slow:/a"), SC_PENDING);
    w.now_ns += FS_TIMEOUT_S * NS_PER_S;
    w.log[0] = '\0';
    machine_tick(w.m);
    cr_assert_eq(c.status, -EIO);
    cr_assert_eq(atoi(w.log), -EIO);
    call_done(&c);
    w.m->spec.on_input = NULL;
    sw_close_world(&w);
}
