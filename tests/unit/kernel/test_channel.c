/* SPDX-License-Identifier: MIT */
/* Channels, SELECT and arguments. Cites: ABI, calls 32, 33, 35, 53 and 76-79. */
#include "server/kernel/fs/channel.h"
#include "tests/unit/kernel/world.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>

static struct world w;

static void setup(void)
{
    world_open(&w, CLOCK_VIRTUAL);
}

static void teardown(void)
{
    world_close(&w);
}

TestSuite(channel, .init = setup, .fini = teardown);

static struct sc_channel make(uint32_t flags)
{
    struct call c;

    cr_assert_eq(BEGIN(&c, w.p, MK_CHANNEL, mk_channel, flags), 0);
    return c.out.mk_channel.ends;
}

static void close_both(struct sc_channel ch)
{
    cr_assert_eq(w_close(w.p, ch.first), 0);
    cr_assert_eq(w_close(w.p, ch.second), 0);
}

static struct proc *new_child(struct proc *p)
{
    struct proc *child = proc_child(p, w_new_proc(p));

    cr_assert_not_null(child);
    cr_assert_eq(proc_drive(child, "child"), 0);
    return child;
}

/** A READ that may park; @c ends in w_on_done(). */
static int begin_read(struct call *c, struct proc *p, int fd, char *buf, size_t size)
{
    call_init(c, p, &abi_driven, SC_READ, w_on_done, NULL);
    c->args.read = (struct sc_read_args){fd, 0, size};
    c->out.read.data = (struct sc_buf){buf, size, 0};
    return call_begin(c);
}

static int begin_write(struct call *c, struct proc *p, int fd, const char *data, size_t len)
{
    return BEGIN(c, p, WRITE, write, fd, 0, ((struct sc_str){data, len}));
}

static int begin_select(struct call *c, struct proc *p, const int32_t *fds, size_t count,
                        int64_t timeout)
{
    struct sc_str blob = {(const char *)fds, count * sizeof(*fds)};

    return BEGIN(c, p, SELECT, select, blob, timeout);
}

static void expect_read(struct call *c, const char *text)
{
    cr_assert_eq(c->user, c, "answered");
    cr_assert_eq(c->status, 0, "%s", sc_errno_name(c->status));
    cr_assert_eq(c->out.read.data.len, strlen(text));
    cr_assert_eq(memcmp(c->out.read.data.ptr, text, strlen(text)), 0);
    call_done(c);
}

static void expect_error(struct call *c, int err)
{
    cr_assert_eq(c->user, c, "answered");
    cr_assert_eq(c->status, err, "%s", sc_errno_name(c->status));
    w_check_listed(c);
    call_done(c);
}

Test(channel, bytes_go_both_ways_and_end_with_the_other_end)
{
    struct sc_channel ch = make(0);
    char buf[16];

    cr_assert_eq(w_read(w.p, ch.first, 0, buf, 16), -EAGAIN);
    cr_assert_eq(w_write(w.p, ch.first, 0, "there"), 5);
    cr_assert_eq(w_write(w.p, ch.second, 99, "back"), 4, "positions mean nothing");
    cr_assert_eq(w_read(w.p, ch.second, -7, buf, 3), 3);
    cr_assert_eq(memcmp(buf, "the", 3), 0);
    cr_assert_eq(w_read(w.p, ch.first, 0, buf, 16), 4);
    cr_assert_eq(w_close(w.p, ch.first), 0);
    cr_assert_eq(w_write(w.p, ch.second, 0, "x"), -EPIPE);
    cr_assert_eq(w_read(w.p, ch.second, 0, buf, 16), 2, "what was sent before can be read");
    cr_assert_eq(w_read(w.p, ch.second, 0, buf, 16), 0, "the end");
    cr_assert_eq(w_close(w.p, ch.second), 0);
}

Test(channel, takes_64_KiB_each_way_and_what_fits)
{
    struct sc_channel ch = make(0);
    char *big = calloc(1, CHANNEL_MAX + 10);
    struct call c;

    cr_assert_not_null(big);
    cr_assert_eq(begin_write(&c, w.p, ch.first, big, CHANNEL_MAX - 3), 0);
    cr_assert_eq(begin_write(&c, w.p, ch.first, big, 10), 0);
    cr_assert_eq(c.out.write.size, 3);
    cr_assert_eq(begin_write(&c, w.p, ch.first, big, 10), -EAGAIN);
    w_check_listed(&c);
    call_done(&c);
    cr_assert_eq(w_write(w.p, ch.second, 0, "free"), 4, "the other way has its own room");
    cr_assert_eq(w_read(w.p, ch.second, 0, big, CHANNEL_MAX + 10), CHANNEL_MAX);
    close_both(ch);
    free(big);
}

Test(channel, status_and_what_a_channel_is_not)
{
    struct sc_channel ch = make(FM_BLOCKING);
    struct call c;

    cr_assert_eq(w_write(w.p, ch.first, 0, "four"), 4);
    cr_assert_eq(BEGIN(&c, w.p, STAT_OPEN, stat_open, ch.second), 0);
    cr_assert_eq(c.out.stat_open.stat.type, FT_FIFO);
    cr_assert_eq(c.out.stat_open.stat.size, 4);
    cr_assert_eq(BEGIN(&c, w.p, GET_MODE, get_mode, ch.first), 0);
    cr_assert_eq(c.out.get_mode.mode, FM_READ | FM_WRITE | FM_BLOCKING);
    cr_assert_eq(BEGIN(&c, w.p, IOCTL, ioctl, ch.first, 40, 0), -EBADF);
    call_done(&c);
    cr_assert_eq(BEGIN(&c, w.p, READDIR, readdir, ch.first, 0), -EBADF);
    call_done(&c);
    cr_assert_eq(BEGIN(&c, w.p, MAKE_FS, make_fs, S("ramfs"), S("x"), ch.first, S("")), -ENOTSUP);
    w_check_listed(&c);
    call_done(&c);
    cr_assert_eq(BEGIN(&c, w.p, MK_CHANNEL, mk_channel, FM_READ), -EINVAL);
    call_done(&c);
    close_both(ch);
}

Test(channel, parked_readers_are_answered_in_order_each_with_what_is_there)
{
    struct sc_channel ch = make(FM_BLOCKING);
    char buf[3][8];
    struct call c[3];

    for (int i = 0; i < 3; i++)
        cr_assert_eq(begin_read(&c[i], w.p, ch.second, buf[i], 2), SC_PENDING);
    cr_assert_eq(w_write(w.p, ch.first, 0, "abc"), 3);
    expect_read(&c[0], "ab");
    expect_read(&c[1], "c");
    cr_assert_null(c[2].user, "there is nothing for the third");
    cr_assert_eq(w_close(w.p, ch.first), 0);
    expect_read(&c[2], "");
    cr_assert_eq(w_close(w.p, ch.second), 0);
}

Test(channel, no_bytes_need_no_turn)
{
    struct sc_channel ch = make(FM_BLOCKING);
    char buf[2];
    struct call waits;

    cr_assert_eq(begin_read(&waits, w.p, ch.second, buf, 1), SC_PENDING);
    cr_assert_eq(w_read(w.p, ch.second, 0, buf, 0), 0);
    cr_assert_eq(w_write(w.p, ch.first, 0, "x"), 1);
    expect_read(&waits, "x");
    close_both(ch);
}

Test(channel, parked_writer_goes_on_with_the_room_a_read_makes)
{
    struct sc_channel ch = make(FM_BLOCKING);
    char *big = calloc(1, CHANNEL_MAX);
    struct call c[2];

    cr_assert_not_null(big);
    cr_assert_eq(begin_write(&c[0], w.p, ch.first, big, CHANNEL_MAX), 0);
    cr_assert_eq(begin_write(&c[0], w.p, ch.first, "abcdef", 6), SC_PENDING);
    cr_assert_eq(begin_write(&c[1], w.p, ch.first, "ghi", 3), SC_PENDING);
    cr_assert_eq(w_read(w.p, ch.second, 0, big, 4), 4);
    cr_assert_eq(c[0].user, &c[0]);
    cr_assert_eq(c[0].out.write.size, 4);
    cr_assert_null(c[1].user);
    cr_assert_eq(w_close(w.p, ch.second), 0);
    expect_error(&c[1], -EPIPE);
    call_done(&c[0]);
    cr_assert_eq(w_close(w.p, ch.first), 0);
    free(big);
}

Test(channel, a_wait_keeps_the_file_whose_fd_is_closed)
{
    struct sc_channel ch = make(FM_BLOCKING);
    char buf[8];
    struct call c;

    cr_assert_eq(begin_read(&c, w.p, ch.second, buf, 8), SC_PENDING);
    cr_assert_eq(w_close(w.p, ch.second), 0);
    cr_assert_eq(w_write(w.p, ch.first, 0, "late"), 4);
    expect_read(&c, "late");
    cr_assert_eq(w_write(w.p, ch.first, 0, "x"), -EPIPE, "now it is closed");
    cr_assert_eq(w_close(w.p, ch.first), 0);
}

Test(channel, cancelled_wait_that_held_the_last_reference_tells_the_other_end)
{
    struct sc_channel ch = make(FM_BLOCKING);
    char buf[2][8];
    struct call c[2];

    cr_assert_eq(begin_read(&c[0], w.p, ch.second, buf[0], 8), SC_PENDING);
    cr_assert_eq(begin_read(&c[1], w.p, ch.first, buf[1], 8), SC_PENDING);
    cr_assert_eq(w_close(w.p, ch.second), 0);
    cr_assert_null(c[1].user);
    call_cancel(&c[0], -ECANCELED);
    expect_error(&c[0], -ECANCELED);
    expect_read(&c[1], "");
    cr_assert_eq(w_close(w.p, ch.first), 0);
}

Test(channel, pipeline_of_processes_ends_with_its_first)
{
    struct sc_channel a = make(FM_BLOCKING);
    struct sc_channel b = make(FM_BLOCKING);
    struct proc *first = new_child(w.p);
    struct proc *last = new_child(w.p);
    struct sc_proc_status st;
    char buf[2][8];
    struct call c[2];

    cr_assert_eq(w_bind_fd(w.p, first->pid, 1, a.second), 0);
    cr_assert_eq(w_bind_fd(w.p, first->pid, 2, b.first), 0);
    cr_assert_eq(w_bind_fd(w.p, last->pid, 1, b.second), 0);
    cr_assert_eq(w_close(w.p, a.second), 0);
    close_both(b);
    cr_assert_eq(begin_read(&c[0], first, 1, buf[0], 8), SC_PENDING);
    cr_assert_eq(begin_read(&c[1], last, 1, buf[1], 8), SC_PENDING);
    cr_assert_eq(w_write(w.p, a.first, 0, "in"), 2);
    expect_read(&c[0], "in");
    cr_assert_eq(w_write(first, 2, 0, "out"), 3);
    expect_read(&c[1], "out");
    cr_assert_eq(begin_read(&c[0], first, 1, buf[0], 8), SC_PENDING);
    cr_assert_eq(begin_read(&c[1], last, 1, buf[1], 8), SC_PENDING);
    cr_assert_eq(w_kill(w.p, first->pid, &st), 0);
    expect_error(&c[0], -ECANCELED);
    expect_read(&c[1], "");
    cr_assert_eq(w_write(w.p, a.first, 0, "in"), -EPIPE);
    cr_assert_eq(w_kill(w.p, last->pid, &st), 0);
    cr_assert_eq(w_close(w.p, a.first), 0);
}

/** What the wake-up of one call does to the other: its process ends. */
static void end_other(struct call *call)
{
    struct proc *other = call->user;

    call->user = call;
    proc_end(other, PS_KILLED, 0, NULL);
}

Test(channel, an_answer_that_ends_the_next_in_line_and_its_writer)
{
    struct sc_channel ch = make(FM_BLOCKING);
    struct proc *reader = new_child(w.p);
    struct proc *writer = new_child(w.p);
    struct sc_proc_status st;
    char buf[2][8];
    struct call c[3];

    cr_assert_eq(w_bind_fd(w.p, reader->pid, 1, ch.second), 0);
    cr_assert_eq(w_bind_fd(w.p, writer->pid, 1, ch.first), 0);
    call_init(&c[0], w.p, &abi_driven, SC_READ, end_other, writer);
    c[0].args.read = (struct sc_read_args){ch.second, 0, 1};
    c[0].out.read.data = (struct sc_buf){buf[0], 1, 0};
    cr_assert_eq(call_begin(&c[0]), SC_PENDING);
    cr_assert_eq(begin_read(&c[1], reader, 1, buf[1], 8), SC_PENDING);
    cr_assert_eq(begin_write(&c[2], writer, 1, "xyz", 3), 0, "it has written, and ended");
    cr_assert_null(c[2].proc);
    expect_read(&c[0], "x");
    expect_read(&c[1], "yz");
    cr_assert_eq(w_kill(w.p, writer->pid, &st), 0);
    cr_assert_eq(w_kill(w.p, reader->pid, &st), 0);
    close_both(ch);
}

Test(select, looks_in_the_order_given, .init = setup, .fini = teardown)
{
    struct sc_channel a = make(0);
    struct sc_channel b = make(0);
    int file = w_open(w.p, "root:/f", FM_WRITE | FM_CREATE);
    int32_t fds[3] = {a.first, b.first, file};
    struct call c;

    cr_assert_eq(begin_select(&c, w.p, fds, 2, 0), 0);
    cr_assert_eq(c.out.select.fd, 0);
    cr_assert_eq(begin_select(&c, w.p, fds, 3, -1), 0);
    cr_assert_eq(c.out.select.fd, file, "a file is always ready");
    cr_assert_eq(w_write(w.p, b.second, 0, "x"), 1);
    cr_assert_eq(begin_select(&c, w.p, fds, 3, 0), 0);
    cr_assert_eq(c.out.select.fd, b.first);
    cr_assert_eq(begin_select(&c, w.p, fds, 0, 0), -EINVAL);
    call_done(&c);
    fds[1] = 99;
    cr_assert_eq(begin_select(&c, w.p, fds, 3, 0), -EBADF);
    w_check_listed(&c);
    call_done(&c);
    cr_assert_eq(w_close(w.p, file), 0);
    cr_assert_eq(w_delete(w.p, "root:/f"), 0);
    close_both(a);
    close_both(b);
}

Test(select, waits_for_one_of_several_or_the_clock, .init = setup, .fini = teardown)
{
    struct sc_channel a = make(0);
    struct sc_channel b = make(0);
    const int32_t fds[3] = {a.first, b.first, a.first};
    uint64_t start = machine_now_ns(w.m);
    struct call c;

    cr_assert_eq(begin_select(&c, w.p, fds, 3, 1500), SC_PENDING);
    world_run(&w);
    cr_assert_eq(c.user, &c);
    cr_assert_eq(c.status, 0);
    cr_assert_eq(c.out.select.fd, 0, "the time is over");
    cr_assert_eq(machine_now_ns(w.m) - start, 1500 * 1000);
    call_done(&c);
    cr_assert_eq(begin_select(&c, w.p, fds, 3, -1), SC_PENDING);
    world_run(&w);
    cr_assert_null(c.user, "without end");
    cr_assert_eq(w_write(w.p, b.second, 0, "x"), 1);
    cr_assert_eq(c.user, &c);
    cr_assert_eq(c.out.select.fd, b.first);
    call_done(&c);
    close_both(a);
    close_both(b);
}

Test(select, does_not_take_what_it_reports_and_stands_in_line, .init = setup, .fini = teardown)
{
    struct sc_channel ch = make(FM_BLOCKING);
    const int32_t fd = ch.second;
    char buf[2][8];
    struct call read[2];
    struct call select;

    cr_assert_eq(begin_select(&select, w.p, &fd, 1, 1000000), SC_PENDING);
    cr_assert_eq(begin_read(&read[0], w.p, ch.second, buf[0], 8), SC_PENDING);
    cr_assert_eq(begin_read(&read[1], w.p, ch.second, buf[1], 8), SC_PENDING);
    cr_assert_eq(w_write(w.p, ch.first, 0, "x"), 1);
    cr_assert_eq(select.user, &select);
    cr_assert_eq(select.out.select.fd, fd);
    expect_read(&read[0], "x");
    cr_assert_null(read[1].user);
    call_cancel(&read[1], -ECANCELED);
    expect_error(&read[1], -ECANCELED);
    call_done(&select);
    close_both(ch);
}

static int set_args(int pid, const char *bytes, size_t len)
{
    struct call c;
    int status = BEGIN(&c, w.p, SET_ARGS, set_args, pid, ((struct sc_str){bytes, len}));

    w_check_listed(&c);
    call_done(&c);
    return status;
}

static uint64_t get_args(struct proc *p, char *buf, size_t size)
{
    struct call c;

    call_init(&c, p, &abi_driven, SC_ARGS, w_on_done, NULL);
    c.args.args.size = size;
    c.out.args.data = (struct sc_buf){buf, size, 0};
    cr_assert_eq(call_begin(&c), 0);
    cr_assert_eq(c.out.args.data.len, c.out.args.length < size ? c.out.args.length : size);
    return c.out.args.length;
}

#define SET(pid, text) set_args((pid), (text), sizeof(text))

Test(args, are_set_while_loading_and_given_cut_to_size, .init = setup, .fini = teardown)
{
    static const char block[] = "2\0prog\0\0HOME=root:/\0EMPTY=";
    int pid = w_new_proc(w.p);
    struct proc *child = proc_child(w.p, pid);
    struct sc_proc_status st;
    char buf[64];

    cr_assert_eq(get_args(w.p, buf, 64), 0, "none were set");
    cr_assert_eq(SET(pid, "1\0other"), 0);
    cr_assert_eq(SET(pid, block), 0, "the last word counts");
    cr_assert_eq(proc_drive(child, "child"), 0);
    cr_assert_eq(SET(pid, "0"), -EBUSY);
    memset(buf, '#', sizeof(buf));
    cr_assert_eq(get_args(child, buf, 64), sizeof(block));
    cr_assert_eq(memcmp(buf, block, sizeof(block)), 0);
    memset(buf, '#', sizeof(buf));
    cr_assert_eq(get_args(child, buf, 4), sizeof(block));
    cr_assert_eq(buf[4], '#');
    cr_assert_eq(get_args(child, NULL, 0), sizeof(block));
    cr_assert_eq(w_kill(w.p, pid, &st), 0);
    cr_assert_eq(SET(pid, "0"), -ESRCH);
}

Test(args, of_another_form_EINVAL, .init = setup, .fini = teardown)
{
    int pid = w_new_proc(w.p);
    struct sc_proc_status st;
    char *big = calloc(1, SC_ARGS_MAX + 1);

    cr_assert_not_null(big);
    cr_assert_eq(set_args(pid, "", 0), -EINVAL);
    cr_assert_eq(set_args(pid, "1\0a", 3), -EINVAL, "no NUL at the end");
    cr_assert_eq(SET(pid, ""), -EINVAL);
    cr_assert_eq(SET(pid, "x"), -EINVAL);
    cr_assert_eq(SET(pid, "01\0a"), -EINVAL);
    cr_assert_eq(SET(pid, "-1"), -EINVAL);
    cr_assert_eq(SET(pid, "99999999999999999999\0a"), -EINVAL);
    cr_assert_eq(SET(pid, "2\0a"), -EINVAL, "one is missing");
    cr_assert_eq(SET(pid, "0\0a"), -EINVAL, "no NAME=VALUE");
    cr_assert_eq(SET(pid, "0\0=a"), -EINVAL);
    cr_assert_eq(SET(pid, "0"), 0);
    memset(big, 'a', SC_ARGS_MAX);
    memcpy(big, "1", 2);
    cr_assert_eq(set_args(pid, big, SC_ARGS_MAX + 1), -E2BIG);
    big[SC_ARGS_MAX - 1] = '\0';
    cr_assert_eq(set_args(pid, big, SC_ARGS_MAX), 0);
    cr_assert_eq(w_kill(w.p, pid, &st), 0);
    free(big);
}
