/* SPDX-License-Identifier: MIT */
/* Terminals of sessions: reads that wait for what is typed. Cites: READ: blocking handles park. */
#include "server/kernel/fs/tty.h"
#include "tests/unit/kernel/world.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>

static struct world w;

/** w.p becomes a session's process with io:. */
static void setup(void)
{
    struct call c;

    world_open(&w, CLOCK_VIRTUAL);
    cr_assert_eq(BEGIN(&c, w.p, MAKE_FS, make_fs, S("devfs"), S("io"), 0, S("")), 0);
    w.p->detached = true;
    machine_census(w.m, &w.start);
}

static void teardown(void)
{
    world_close(&w);
}

TestSuite(tty, .init = setup, .fini = teardown);

static int64_t type(struct proc *p, const char *text)
{
    return tty_input(p, text, strlen(text), false, NULL);
}

static int begin_read(struct call *c, struct proc *p, int fd, char *buf, size_t size)
{
    call_init(c, p, &abi_driven, SC_READ, w_on_done, NULL);
    c->args.read = (struct sc_read_args){fd, 0, size};
    c->out.read.data = (struct sc_buf){buf, size, 0};
    return call_begin(c);
}

static void expect_read(struct call *c, const char *text)
{
    cr_assert_eq(c->user, c, "answered");
    cr_assert_eq(c->status, 0, "%s", sc_errno_name(c->status));
    cr_assert_eq(c->out.read.data.len, strlen(text));
    cr_assert_eq(memcmp(c->out.read.data.ptr, text, strlen(text)), 0);
    call_done(c);
}

Test(tty, reads_wait_for_what_is_typed_and_end_with_it)
{
    int fd = w_open(w.p, "io:/tty", FM_READ | FM_BLOCKING);
    int now = w_open(w.p, "io:/console", FM_READ);
    struct call c[2];
    char buf[2][8];

    cr_assert_eq(w_read(w.p, now, 0, buf[0], 8), -EAGAIN);
    cr_assert_eq(begin_read(&c[0], w.p, fd, buf[0], 3), SC_PENDING);
    cr_assert_eq(begin_read(&c[1], w.p, fd, buf[1], 8), SC_PENDING);
    cr_assert_eq(type(w.p, "hello"), 5);
    expect_read(&c[0], "hel");
    expect_read(&c[1], "lo");
    cr_assert_eq(begin_read(&c[0], w.p, fd, buf[0], 8), SC_PENDING);
    cr_assert_eq(tty_input(w.p, "bye", 3, true, NULL), 3);
    expect_read(&c[0], "bye");
    cr_assert_eq(w_read(w.p, fd, 0, buf[0], 8), 0);
    cr_assert_eq(w_read(w.p, now, 0, buf[0], 8), 0);
    cr_assert_eq(type(w.p, "more"), -EPIPE);
    cr_assert_eq(w_close(w.p, fd), 0);
    cr_assert_eq(w_close(w.p, now), 0);
}

Test(tty, takes_64_KiB_and_ends_only_when_all_was_taken)
{
    char *big = calloc(1, TTY_MAX + 1);
    int fd = w_open(w.p, "io:/tty", FM_READ);

    cr_assert_not_null(big);
    cr_assert_eq(tty_input(w.p, big, TTY_MAX + 1, true, NULL), TTY_MAX);
    cr_assert_eq(tty_input(w.p, big, 1, true, NULL), 0);
    cr_assert_eq(w_read(w.p, fd, 0, big, TTY_MAX), TTY_MAX);
    cr_assert_eq(w_read(w.p, fd, 0, big, 1), -EAGAIN);
    cr_assert_eq(tty_input(w.p, big, 1, true, NULL), 1);
    cr_assert_eq(w_read(w.p, fd, 0, big, 8), 1);
    cr_assert_eq(w_read(w.p, fd, 0, big, 8), 0);
    cr_assert_eq(w_close(w.p, fd), 0);
    free(big);
}

Test(tty, belongs_to_the_session_and_all_below_it)
{
    struct proc *other;
    struct proc *child = proc_child(w.p, w_new_proc(w.p));
    int fd = w_open(w.p, "io:/tty", FM_READ | FM_BLOCKING);
    struct sc_proc_status st;
    struct call c[2];
    char buf[2][8];

    cr_assert_eq(proc_new(w.m->init, &other), 0);
    cr_assert_eq(proc_copy_names(w.p, other), 0);
    cr_assert_eq(proc_drive(other, "other"), 0);
    other->detached = true;
    cr_assert_eq(proc_drive(child, "child"), 0);
    cr_assert_eq(w_bind_fd(w.p, child->pid, fd, fd), 0);
    cr_assert_eq(begin_read(&c[0], child, fd, buf[0], 8), SC_PENDING);
    cr_assert_eq(w_open(other, "io:/tty", FM_READ | FM_BLOCKING), 1);
    cr_assert_eq(begin_read(&c[1], other, 1, buf[1], 8), SC_PENDING);
    cr_assert_eq(type(child, "mine"), 4);
    expect_read(&c[0], "mine");
    cr_assert_null(c[1].user);
    cr_assert_eq(type(other, "yours"), 5);
    expect_read(&c[1], "yours");
    cr_assert_eq(begin_read(&c[0], child, fd, buf[0], 8), SC_PENDING);
    cr_assert_eq(w_kill(w.p, child->pid, &st), 0);
    cr_assert_eq(c[0].status, -ECANCELED);
    call_done(&c[0]);
    proc_end(other, PS_KILLED, 0, NULL);
    cr_assert_eq(w_close(w.p, fd), 0);
}

Test(tty, select_waits_for_input)
{
    int32_t fds[2] = {w_open(w.p, "io:/tty", FM_READ), w_open(w.p, "io:/null", FM_READ)};
    struct sc_str one = {(const char *)fds, sizeof(fds[0])};
    struct sc_str two = {(const char *)fds, sizeof(fds)};
    struct call c;
    char buf[8];

    cr_assert_eq(BEGIN(&c, w.p, SELECT, select, two, -1), 0);
    cr_assert_eq(c.out.select.fd, fds[1]);
    cr_assert_eq(BEGIN(&c, w.p, SELECT, select, one, 0), 0);
    cr_assert_eq(c.out.select.fd, 0);
    cr_assert_eq(BEGIN(&c, w.p, SELECT, select, one, 1000), SC_PENDING);
    cr_assert_eq(type(w.p, "x"), 1);
    cr_assert_eq(c.user, &c);
    cr_assert_eq(c.out.select.fd, fds[0]);
    call_done(&c);
    cr_assert_eq(BEGIN(&c, w.p, SELECT, select, two, -1), 0);
    cr_assert_eq(c.out.select.fd, fds[0]);
    cr_assert_eq(w_read(w.p, fds[0], 0, buf, 8), 1);
    cr_assert_eq(w_close(w.p, fds[0]), 0);
    cr_assert_eq(w_close(w.p, fds[1]), 0);
}

Test(tty, who_gets_a_terminal_of_its_own_waits_for_that_one_from_then_on)
{
    struct proc *child = proc_child(w.p, w_new_proc(w.p));
    int fd = w_open(w.p, "io:/tty", FM_READ | FM_BLOCKING);
    struct sc_proc_status st;
    struct call c[2];
    char buf[2][8];

    cr_assert_eq(proc_drive(child, "child"), 0);
    cr_assert_eq(w_bind_fd(w.p, child->pid, fd, fd), 0);
    cr_assert_eq(begin_read(&c[0], child, fd, buf[0], 8), SC_PENDING);
    cr_assert_eq(begin_read(&c[1], w.p, fd, buf[1], 8), SC_PENDING);
    cr_assert_eq(tty_own(child), 0);
    cr_assert_eq(type(w.p, "mine"), 4);
    cr_assert_null(c[0].user);
    expect_read(&c[1], "mine");
    cr_assert_eq(type(child, "its"), 3);
    expect_read(&c[0], "its");
    cr_assert_eq(w_kill(w.p, child->pid, &st), 0);
    cr_assert_eq(w_close(w.p, fd), 0);
}
