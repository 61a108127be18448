/* SPDX-License-Identifier: MIT */
/* Calls within calls: what done() may do while others are still to be told. Cites: call.h, proc.h. */
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

TestSuite(nested, .init = setup, .fini = teardown, .timeout = 20);

static struct proc *new_child(void)
{
    struct proc *child = proc_child(w.p, w_new_proc(w.p));

    cr_assert_eq(proc_drive(child, "child"), 0);
    return child;
}

static struct proc *ended; /* a process that has ended and was not waited for */
static struct call late;   /* begun for it even so */

/** done(): the ended process is waited for. */
static void on_read(struct call *call)
{
    struct sc_proc_status status;

    call->user = call;
    cr_assert_eq(w_kill(w.p, ended->pid, &status), 0);
}

/** done(): one more call for the ended process. */
static void on_woken(struct call *call)
{
    call->user = call;
    cr_assert_eq(BEGIN(&late, ended, ERRNO, last_errno, 0), -ECANCELED);
}

Test(nested, a_record_may_go_while_a_call_of_its_process_is_refused)
{
    struct proc *other = new_child();
    struct call sleep;
    struct call read;
    struct call c;
    struct sc_proc_status status;
    char byte;

    ended = new_child();
    cr_assert_eq(w_exit(ended, 0), 0);
    cr_assert_eq(BEGIN(&c, w.p, MK_CHANNEL, mk_channel, FM_BLOCKING), 0);
    cr_assert_eq(w_bind_fd(w.p, other->pid, 1, c.out.mk_channel.ends.second), 0);
    cr_assert_eq(w_close(w.p, c.out.mk_channel.ends.second), 0);
    call_init(&read, w.p, &abi_driven, SC_READ, on_read, NULL);
    read.args.read = (struct sc_read_args){c.out.mk_channel.ends.first, 0, 1};
    read.out.read.data = (struct sc_buf){&byte, 1, 0};
    cr_assert_eq(call_begin(&read), SC_PENDING);
    call_init(&sleep, other, &abi_driven, SC_USLEEP, on_woken, NULL);
    sleep.args.usleep.usecs = 5;
    cr_assert_eq(call_begin(&sleep), SC_PENDING);

    cr_assert_eq(w_kill(w.p, other->pid, &status), 0);
    cr_assert_eq(sleep.user, &sleep);
    cr_assert_eq(read.user, &read);
    cr_assert_eq(read.status, 0, "the other end is closed");
    cr_assert_null(late.proc, "its process is gone");
    cr_assert_eq(w_close(w.p, c.out.mk_channel.ends.first), 0);
    call_done(&late);
    call_done(&sleep);
    call_done(&read);
}
